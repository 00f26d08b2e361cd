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

// failure is the reason why a mail was not sent. Its text names no person and
// may be logged.
type failure struct {
	cause string
	// permanent means that a retry cannot succeed.
	permanent bool
	// server means that the server or the connection to it failed, rather than
	// this mail.
	server bool
}

func (f *failure) Error() string { return f.cause }

// errLeftAlone is the circuit's error while it limits requests.
var errLeftAlone = &failure{cause: "delivery is paused because the mail server failed"}

// address matches anything that looks like a mail address.
var address = regexp.MustCompile(`[^\s<>@:]+@[^\s<>@:,]+`)

// classify converts an error of the SMTP library. By RFC 5321, section 4.2.1, a
// 4xx reply can be retried and a 5xx reply cannot. A reply that the server
// sends before it knows the recipient concerns the server and can always be
// retried, because an operator can fix the configuration.
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

// describe formats a failure as one short line without addresses: the stage,
// the reply code and the server's text.
func describe(stage string, code int, text string) string {
	text = address.ReplaceAllString(oneLine(text), "‹address›")
	if i := strings.Index(text, ", affected "); i >= 0 {
		text = text[:i]
	}
	text = strings.TrimPrefix(text, stage+": ")
	if code != 0 {
		text = strings.TrimPrefix(text, strconv.Itoa(code)+" ")
		stage += " failed with " + strconv.Itoa(code)
	}
	return shorten(stage+": "+cmp.Or(text, "no response"), 240)
}
