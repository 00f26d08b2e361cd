package app

import (
	"context"
	"path/filepath"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/notifier"
)

// openNotifier opens the notifier, which decides whom to notify and sends the
// mail. Its links lead to the gateway: that of this process, or the address in
// the settings.
func (s *system) openNotifier(ctx context.Context) (err error) {
	base := s.settings.URL
	if s.listener != nil {
		base = s.settings.BaseURL(s.listener.Addr().String())
	}
	s.notifier, err = s.newNotifier(ctx, base)
	return err
}

func notifierPart(s *system, _ context.Context) (front, back []part, err error) {
	return nil, []part{{"notifier", s.notifier.Run}}, nil
}

func (s *system) newNotifier(ctx context.Context, baseURL string) (*notifier.Notifier, error) {
	if s.settings.SMTP == "" {
		if err := privateFolder(s.mailFolder(), s.logger); err != nil {
			return nil, err
		}
	}
	n, err := notifier.New(ctx, notifier.Options{
		Conn: func() (*nats.Conn, error) { return s.connect(ctx) },
		Log:  s.log, People: directory{s.people}, BaseURL: baseURL, From: s.settings.MailFrom,
		SMTP: s.settings.SMTP, MailDir: s.mailFolder(), Replicas: s.settings.Copies, Logger: s.logger, Tracer: s.tracer,
	})
	if err == nil {
		s.leave = append(s.leave, n.Close)
	}
	return n, err
}

// directory shows the notifier the people it may write to.
type directory struct{ people finder }

func (d directory) Person(ctx context.Context, id uuid.UUID) (notifier.Person, bool, error) {
	p, ok, err := d.people(ctx, id)
	if err != nil || !ok || p.Erased {
		return notifier.Person{}, false, err
	}
	return notifier.Person{ID: p.ID, Name: p.Name, Email: p.Email}, true, nil
}

// mailPlace returns where mail is sent.
func (s *system) mailPlace() string {
	if s.settings.SMTP == "" {
		return "files in " + s.mailFolder() + " (--smtp is not set)"
	}
	return s.settings.SMTP
}

func (s *system) mailFolder() string { return filepath.Join(s.settings.Data, "mail") }
