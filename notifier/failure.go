package notifier

import (
	"cmp"
	"errors"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
)

// failure is why a mail was not handed over. Its text names no person and may
// be logged.
type failure struct {
	cause string
	// permanent says that trying again is of no use.
	permanent bool
	// server says that the fault lies with the server or the way to it, not
	// with this mail.
	server bool
}

func (f *failure) Error() string { return f.cause }

// errLeftAlone is what the circuit answers in place of a dead server.
var errLeftAlone = &failure{cause: "the mail server is left alone for a while after it failed"}

// address is anything that looks like a mail address.
var address = regexp.MustCompile(`[^\s<>@:]+@[^\s<>@:,]+`)

// classify reads what the SMTP library says. RFC 5321, section 4.2.1: a reply
// of 4xx is worth another try, one of 5xx is not. What a server answers before
// it has heard of the recipient is about the server and always worth another
// try, as somebody will mend the configuration.
func classify(err error) *failure {
	var sent *mail.SendError
	if errors.As(err, &sent) {
		code := sent.ErrorCode()
		f := &failure{cause: describe(sent.Reason.String(), code, sent.Error())}
		switch sent.Reason {
		case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrWriteContent, mail.ErrSMTPDataClose:
			f.permanent = code >= 500 && code != 530
			f.server = code == 0 || code == 421 || code == 530
		case mail.ErrGetSender, mail.ErrGetRcpts, mail.ErrNoUnencoded:
			f.permanent = true
		default:
			f.server = true
		}
		return f
	}
	code := 0
	var reply *textproto.Error
	if errors.As(err, &reply) {
		code = reply.Code
	}
	return &failure{cause: describe("connecting to the mail server", code, err.Error()), server: true}
}

// describe is a line about a failure: the stage, the code, what the server
// said, without addresses and not long.
func describe(stage string, code int, text string) string {
	text = address.ReplaceAllString(oneLine(text), "‹address›")
	if i := strings.Index(text, ", affected "); i >= 0 {
		text = text[:i]
	}
	text = strings.TrimPrefix(text, stage+": ")
	if code != 0 {
		text = strings.TrimPrefix(text, strconv.Itoa(code)+" ")
		stage += " answered " + strconv.Itoa(code)
	}
	return shorten(stage+": "+cmp.Or(text, "no answer"), 240)
}
