package smtptest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/docketlog/docket/internal/testkit"
)

// Server is a real SMTP server that stores accepted mails. Its behaviour at
// each stage can be scripted. Its methods may be called concurrently.
type Server struct {
	Address string
	Roots   *x509.CertPool // verify its certificate
	SMTP    *smtp.Server

	mu       sync.Mutex
	script   func(stage, recipient string) error
	accepted []Mail
	callers  map[*smtp.Conn]bool
}

// Mail is a mail as one recipient received it.
type Mail struct {
	To            string
	Subject, Body string // the text of all parts, decoded
	Raw           []byte
	Message       *mail.Message
	At            time.Time
	Encrypted     bool
	User          string // the authenticated user, if any
}

// User and Password are the credentials the server accepts. Logging in is
// optional.
const (
	User     = "docket"
	Password = "s3cret"
)

// ErrHangUp makes the server close the connection without an answer.
var ErrHangUp = errors.New("hang up")

// Option changes a server before it starts.
type Option func(*smtp.Server, *Server)

// WithTLS makes the server offer STARTTLS.
func WithTLS(t testing.TB) Option {
	return func(s *smtp.Server, m *Server) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		}
		der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		m.Roots = x509.NewCertPool()
		m.Roots.AddCert(certificate)
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	}
}

// Start starts a server on the address, or on a free port if the address is
// empty.
func Start(t testing.TB, address string, options ...Option) *Server {
	t.Helper()
	m := &Server{script: func(string, string) error { return nil }, callers: map[*smtp.Conn]bool{}}
	m.SMTP = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		m.mu.Lock()
		m.callers[c] = true // clients send HELO after a refused EHLO
		m.mu.Unlock()
		if err := m.play("greeting", "", c); err != nil {
			return nil, err
		}
		return &session{server: m, conn: c}, nil
	}))
	m.SMTP.Domain = "mail.test"
	m.SMTP.AllowInsecureAuth = true
	m.SMTP.ErrorLog = log.New(io.Discard, "", 0)
	for _, option := range options {
		option(m.SMTP, m)
	}
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	m.Address = listener.Addr().String()
	served := make(chan struct{})
	go func() { defer close(served); _ = m.SMTP.Serve(listener) }()
	t.Cleanup(func() { _ = m.SMTP.Close(); <-served })
	return m
}

// URL returns the value of --smtp for the server.
func (m *Server) URL() string { return "smtp://" + m.Address }

// Behave replaces the script, which is called at each stage: greeting, mail,
// rcpt, data, accept and accepted. The server answers with the script's error.
// At accepted the mail is already stored, whatever the script returns.
func (m *Server) Behave(script func(stage, recipient string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.script = script
}

func (m *Server) play(stage, recipient string, c *smtp.Conn) error {
	m.mu.Lock()
	script := m.script
	m.mu.Unlock()
	err := script(stage, recipient)
	if errors.Is(err, ErrHangUp) {
		_ = c.Conn().Close()
	}
	return err
}

// All returns the mails accepted so far, in order of arrival.
func (m *Server) All() []Mail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]Mail(nil), m.accepted...)
}

// Connections returns the number of connections so far.
func (m *Server) Connections() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.callers)
}

type session struct {
	server *Server
	conn   *smtp.Conn
	to     []string
	user   string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Reset()        { s.to = nil }
func (s *session) Logout() error { return nil }

func (s *session) Mail(string, *smtp.MailOptions) error {
	return s.server.play("mail", "", s.conn)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return s.server.play("rcpt", to, s.conn)
}

func (s *session) Data(r io.Reader) error {
	to := s.to[len(s.to)-1]
	if err := s.server.play("data", to, s.conn); err != nil {
		return err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.server.play("accept", to, s.conn); err != nil {
		return err
	}
	if err := s.keep(raw); err != nil {
		return err
	}
	// At this point the server has accepted the mail.
	return s.server.play("accepted", to, s.conn)
}

// keep stores the mail for each recipient.
func (s *session) keep(raw []byte) error {
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	body, err := readable(parsed.Header.Get("Content-Type"), parsed.Header.Get("Content-Transfer-Encoding"), parsed.Body)
	if err != nil {
		return err
	}
	if parsed, err = mail.ReadMessage(bytes.NewReader(raw)); err != nil { // the body is not read yet
		return err
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	for _, to := range s.to {
		s.server.accepted = append(s.server.accepted, Mail{
			To: to, Subject: parsed.Header.Get("Subject"), Body: body, Raw: raw, Message: parsed, At: time.Now(), Encrypted: encrypted, User: s.user,
		})
	}
	return nil
}

// readable returns the text of all parts of a mail, decoded.
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

// Wait waits for a mail to the address that contains all of the texts in its
// subject or body. It fails the test if none comes.
func (m *Server) Wait(t testing.TB, to string, texts ...string) {
	t.Helper()
	testkit.Eventually(t, fmt.Sprintf("a mail to %s that says %q", to, texts), func() (have string, done bool) {
		for _, one := range m.All() {
			said := one.Subject + "\n" + one.Body
			if one.To == to && !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(said, text) }) {
				return "", true
			}
			have += fmt.Sprintf("to %s: %s\n", one.To, said)
		}
		return have, false
	})
}
