package notifier

import (
	"context"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strings"

	"github.com/docketlog/docket/notifier/text"
	"github.com/google/uuid"
	"github.com/wneessen/go-mail"
)

// writer turns stories into mails. A mail depends only on the story and the
// people in it, so that a repeated mail is identical.
type writer struct {
	people People
	base   string // without a trailing slash
	domain string // the domain of message ids
	from   *netmail.Address
}

func newWriter(people People, baseURL, from string) (*writer, error) {
	base, err := url.Parse(baseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("base URL %q must be http:// or https:// and a host", baseURL)
	}
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("sender %q must be an address such as Docket <docket@example.org>", from)
	}
	domain := base.Hostname()
	if ip, err := netip.ParseAddr(domain); err == nil {
		// RFC 5322, section 3.6.4: a colon is allowed only within brackets.
		domain = "[" + ip.WithZone("").String() + "]"
	}
	return &writer{people, strings.TrimRight(base.String(), "/"), domain, sender}, nil
}

// write returns the mail for a story, recipient and reason. An error concerns
// the recipient's or the sender's address, or an account that cannot be looked
// up now.
func (w *writer) write(ctx context.Context, s *story, to Person, reason Reason) (*mail.Msg, error) {
	var unknown error
	r := &reader{recipient: to.ID, actor: s.envelope.Actor, project: s.project, person: func(id uuid.UUID) (Person, bool) {
		person, ok, err := w.people.Person(ctx, id)
		unknown = errors.Join(unknown, err)
		return person, ok
	}}
	l := letter{
		Sentence: r.sentence(s),
		Changes:  r.changes(s),
		Link:     w.base + "/tasks/" + s.envelope.Aggregate.ID.String(),
		Because:  because[reason],
		Project:  text.Shorten(text.OneLine(s.project.name), 120),
		Time:     s.envelope.Time.Format("2 January 2006 15:04 UTC"),
	}
	if unknown != nil {
		return nil, fmt.Errorf("write mail: %w", unknown)
	}
	var html strings.Builder
	if err := letterPage(l).Render(ctx, &html); err != nil {
		return nil, fmt.Errorf("write mail: %w", err)
	}

	id := noticeID(s.envelope.ID, to.ID)
	m := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithBoundary(boundary(id)))
	recipient, err := netmail.ParseAddress(to.Email)
	if err != nil || recipient.Address != to.Email {
		return nil, &failure{cause: "the account's mail address is invalid", permanent: true}
	}
	m.FromMailAddress(w.from)
	m.ToMailAddress(&netmail.Address{Name: text.Shorten(text.OneLine(to.Name), 80), Address: to.Email})
	m.Subject(fmt.Sprintf("[%s] %s", l.Project, text.Shorten(text.OneLine(s.task.title), 200)))
	m.SetDateWithValue(s.envelope.Time)
	m.SetMessageIDWithValue(id + "@" + w.domain)
	// All mails of a task refer to one root that is never sent, so that mail
	// programs show them as a thread whichever of them a person receives.
	root := "<task." + s.envelope.Aggregate.ID.String() + "@" + w.domain + ">"
	m.SetGenHeader(mail.HeaderInReplyTo, root)
	m.SetGenHeader(mail.HeaderReferences, root)
	m.SetGenHeader("List-Id", "<"+s.task.project.String()+".projects."+strings.Trim(w.domain, "[]")+">")
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Docket-Event", s.envelope.ID.String())
	m.SetGenHeader("X-Docket-Type", string(s.envelope.Type))
	m.SetGenHeader("X-Docket-Task", s.envelope.Aggregate.ID.String())
	m.SetGenHeader("X-Docket-Project", s.task.project.String())
	m.SetGenHeader("X-Docket-Reason", string(reason))
	m.SetBodyString(mail.TypeTextPlain, l.text())
	m.AddAlternativeString(mail.TypeTextHTML, html.String())
	return m, nil
}

// boundary returns the separator between the parts of the mail with the given
// id.
func boundary(id string) string {
	return "docket-" + uuid.NewSHA1(uuid.NameSpaceOID, []byte(id)).String()
}
