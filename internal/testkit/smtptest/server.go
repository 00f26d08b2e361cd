package smtptest

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Server is a real SMTP server that keeps the mails it is handed. Its methods
// may be called from several goroutines at once.
type Server struct {
	// URL is the value of --smtp that names the server.
	URL  string
	mu   sync.Mutex
	kept []Mail
}

// Mail is a mail as one recipient got it, with the text of all its parts decoded.
type Mail struct {
	To, Subject, Body string
	Header            mail.Header
	At                time.Time
}

// Start starts a server on loopback, and ends it with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	m := &Server{}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &mailSession{server: m}, nil
	}))
	server.Domain = "mail.test"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.URL = "smtp://" + listener.Addr().String()
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return m
}

type mailSession struct {
	server *Server
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
		s.server.kept = append(s.server.kept, Mail{to, parsed.Header.Get("Subject"), body, parsed.Header, time.Now()})
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

// All gives the mails accepted so far, in the order in which they came.
func (m *Server) All() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Mail(nil), m.kept...)
}

// Wait waits for a mail to the address that holds all of the texts in its subject
// or body, and fails the test if none comes.
func (m *Server) Wait(t testing.TB, to string, texts ...string) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
	mails:
		for _, k := range m.All() {
			if k.To != to {
				continue
			}
			for _, text := range texts {
				if !strings.Contains(k.Subject+"\n"+k.Body, text) {
					continue mails
				}
			}
			return
		}
		if time.Now().After(deadline) {
			for _, k := range m.All() {
				t.Logf("to %s: %s\n%s", k.To, k.Subject, k.Body)
			}
			t.Fatalf("no mail to %s that says %q", to, texts)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
