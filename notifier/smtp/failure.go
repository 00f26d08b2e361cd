package smtp

import (
	"cmp"
	"errors"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"

	"github.com/docketlog/docket/notifier/text"
	"github.com/wneessen/go-mail"
)

// Failure is the reason why a mail was not sent. Its text contains no address
// and may be logged.
type Failure struct {
	Cause string
	// Permanent means that a retry cannot succeed.
	Permanent bool
	// Server means that the server or the connection to it failed, rather than
	// this mail.
	Server bool
}

func (f *Failure) Error() string { return f.Cause }

// address matches anything that looks like a mail address.
var address = regexp.MustCompile(`[^\s<>@:]+@[^\s<>@:,]+`)

// classify converts an error of the SMTP library. By RFC 5321, section 4.2.1, a
// 4xx reply can be retried and a 5xx reply cannot. A reply that the server
// sends before it knows the recipient concerns the server and can always be
// retried, because an operator can fix the configuration.
func classify(err error) *Failure {
	var sent *mail.SendError
	if errors.As(err, &sent) {
		code := sent.ErrorCode()
		f := &Failure{Cause: Describe(sent.Reason.String(), code, sent.Error())}
		switch sent.Reason {
		case mail.ErrSMTPRcptTo, mail.ErrSMTPData, mail.ErrWriteContent, mail.ErrSMTPDataClose:
			f.Permanent = code >= 500 && code != 530
			f.Server = code == 0 || code == 421 || code == 530
		case mail.ErrGetSender, mail.ErrGetRcpts, mail.ErrNoUnencoded:
			f.Permanent = true
		default:
			f.Server = true
		}
		return f
	}
	code := 0
	var reply *textproto.Error
	if errors.As(err, &reply) {
		code = reply.Code
	}
	return &Failure{Cause: Describe("connecting to the mail server", code, err.Error()), Server: true}
}

// Describe formats a failure as one short line without addresses: the stage,
// the reply code and the server's text.
func Describe(stage string, code int, reason string) string {
	reason = address.ReplaceAllString(text.OneLine(reason), "‹address›")
	if i := strings.Index(reason, ", affected "); i >= 0 {
		reason = reason[:i]
	}
	reason = strings.TrimPrefix(reason, stage+": ")
	if code != 0 {
		reason = strings.TrimPrefix(reason, strconv.Itoa(code)+" ")
		stage += " failed with " + strconv.Itoa(code)
	}
	return text.Shorten(stage+": "+cmp.Or(reason, "no response"), 240)
}
