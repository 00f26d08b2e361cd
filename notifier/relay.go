package notifier

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/docketlog/docket/notifier/smtp"
)

// relay sends mails to an SMTP server, each over its own connection.
type relay struct {
	server  *smtp.Server
	timeout time.Duration // for one mail, from dialling to the server's last reply
	circuit *circuit
	log     *slog.Logger
}

// deliver returns once the server has accepted the mail. The error is a
// [failure].
func (r *relay) deliver(ctx context.Context, _ *story, _ Person, m *mail.Msg) (Outcome, error) {
	if !r.circuit.enter() {
		return "", errLeftAlone
	}
	err := r.server.Send(ctx, m, r.timeout)
	var failed *smtp.Failure
	opened, closed := r.circuit.leave(errors.As(err, &failed) && failed.Server)
	switch {
	case opened:
		r.log.Warn("mail server failed, delivery paused", "err", err)
	case closed:
		r.log.Info("mail server responds again")
	}
	if failed != nil {
		return "", &failure{failed.Cause, failed.Permanent}
	}
	return Delivered, err
}
