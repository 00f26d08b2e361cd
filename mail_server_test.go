package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/docketlog/docket/internal/testkit"
)

// mailServer is a real SMTP server that keeps what it is handed.
type mailServer struct {
	url  string
	mu   sync.Mutex
	kept []keptMail
}

type keptMail struct {
	to, subject, body string
	header            mail.Header
	at                time.Time
}

func startMailServer(t *testing.T) *mailServer {
	t.Helper()
	m := &mailServer{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &mailSession{server: m}, nil
	}))
	server.Domain = "mail.test"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.url = "smtp://" + listener.Addr().String()
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return m
}

type mailSession struct {
	server *mailServer
	to     []string
}

func (s *mailSession) Reset()                               { s.to = nil }
func (s *mailSession) Logout() error                        { return nil }
func (s *mailSession) Mail(string, *smtp.MailOptions) error { return nil }

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	parsed, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return err
	}
	body, err := readable(parsed.Header.Get("Content-Type"), parsed.Header.Get("Content-Transfer-Encoding"), parsed.Body)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	for _, to := range s.to {
		s.server.kept = append(s.server.kept, keptMail{to, parsed.Header.Get("Subject"), body, parsed.Header, time.Now()})
	}
	return nil
}

// readable is the text of all parts of a mail, decoded.
func readable(contentType, encoding string, body io.Reader) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(kind, "multipart/") {
		if strings.EqualFold(encoding, "quoted-printable") {
			body = quotedprintable.NewReader(body)
		}
		text, err := io.ReadAll(body)
		return string(text), err
	}
	var all strings.Builder
	parts := multipart.NewReader(body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return all.String(), nil
		}
		if err != nil {
			return "", err
		}
		text, err := readable(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
		if err != nil {
			return "", err
		}
		all.WriteString(text + "\n")
	}
}

func (m *mailServer) all() []keptMail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]keptMail(nil), m.kept...)
}

// tell waits until there is a mail about each of what was said, and tells how
// long after it that was.
func (m *mailServer) tell(t *testing.T, said map[string]time.Time) *tally {
	t.Helper()
	waiting := maps.Clone(said)
	var told tally
	seen := 0
	// At the full load there are many left at the end.
	patience := testkit.Limit + time.Duration(len(said))*30*time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		all := m.all()
		for _, k := range all[seen:] {
			for _, text := range texts.FindAllString(k.body, -1) {
				if at, ok := waiting[text]; ok {
					told.seen = append(told.seen, attempt{at, k.at, true})
					delete(waiting, text)
				}
			}
		}
		if seen = len(all); len(waiting) == 0 {
			return &told
		}
		if time.Now().After(deadline) {
			t.Errorf("waited %v: of %d things said %d were told in no mail", patience, len(said), len(waiting))
			return &told
		}
	}
}

// texts are what is said in tests in which much is.
var texts = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

// wait wants a mail to somebody that says all of this.
func (m *mailServer) wait(t *testing.T, to string, texts ...string) {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("a mail to %s that says %q", to, texts), func() (mails, bool) {
		all := m.all()
		return all, slices.ContainsFunc(all, func(k keptMail) bool {
			return k.to == to && !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(k.subject+"\n"+k.body, text) })
		})
	})
}

// mails are shown as their addressees see them.
type mails []keptMail

func (all mails) String() string {
	text := fmt.Sprintf("%d mails", len(all))
	for _, k := range all {
		text += fmt.Sprintf("\nto %s: %s\n%s", k.to, k.subject, k.body)
	}
	return text
}
