package notifier

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/mail"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// mailServer is a real SMTP server that keeps what it accepts. Its behaviour
// at each stage can be scripted.
type mailServer struct {
	address string
	roots   *x509.CertPool // who signed its certificate

	mu       sync.Mutex
	script   func(stage, recipient string) error
	accepted []acceptedMail
	callers  map[*smtp.Conn]bool
	server   *smtp.Server
}

type acceptedMail struct {
	to   string
	raw  []byte
	mail *mail.Message
	tls  bool
	user string
}

// errHangUp makes the server close the connection without an answer.
var errHangUp = errors.New("hang up")

type serverOption func(*smtp.Server, *mailServer)

// withTLS makes the server offer STARTTLS.
func withTLS(t testing.TB) serverOption {
	return func(s *smtp.Server, m *mailServer) {
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
		m.roots = x509.NewCertPool()
		m.roots.AddCert(certificate)
		s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	}
}

// startMailServer starts one on the address, or on any free port if it is
// empty.
func startMailServer(t testing.TB, address string, options ...serverOption) *mailServer {
	t.Helper()
	m := &mailServer{script: func(string, string) error { return nil }, callers: map[*smtp.Conn]bool{}}
	m.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		m.mu.Lock()
		m.callers[c] = true // a refused EHLO is followed by HELO
		m.mu.Unlock()
		if err := m.play("greeting", "", c); err != nil {
			return nil, err
		}
		return &mailSession{server: m, conn: c}, nil
	}))
	m.server.Domain = "mail.test"
	m.server.AllowInsecureAuth = true
	m.server.ErrorLog = log.New(io.Discard, "", 0)
	for _, option := range options {
		option(m.server, m)
	}
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	m.address = listener.Addr().String()
	served := make(chan struct{})
	go func() { defer close(served); _ = m.server.Serve(listener) }()
	t.Cleanup(func() { _ = m.server.Close(); <-served })
	return m
}

func (m *mailServer) url() string { return "smtp://" + m.address }

// behave replaces the script.
func (m *mailServer) behave(script func(stage, recipient string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.script = script
}

func (m *mailServer) play(stage, recipient string, c *smtp.Conn) error {
	m.mu.Lock()
	script := m.script
	m.mu.Unlock()
	err := script(stage, recipient)
	if errors.Is(err, errHangUp) {
		_ = c.Conn().Close()
	}
	return err
}

// mails is what was accepted so far.
func (m *mailServer) mails() []acceptedMail {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]acceptedMail(nil), m.accepted...)
}

func (m *mailServer) connections() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.callers)
}

type mailSession struct {
	server *mailServer
	conn   *smtp.Conn
	to     string
	user   string
}

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "docket" || password != "s3cret" {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *mailSession) Reset()        { s.to = "" }
func (s *mailSession) Logout() error { return nil }

func (s *mailSession) Mail(string, *smtp.MailOptions) error {
	return s.server.play("mail", "", s.conn)
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.server.play("rcpt", to, s.conn)
}

func (s *mailSession) Data(r io.Reader) error {
	if err := s.server.play("data", s.to, s.conn); err != nil {
		return err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.server.play("accept", s.to, s.conn); err != nil {
		return err
	}
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.server.mu.Lock()
	s.server.accepted = append(s.server.accepted, acceptedMail{s.to, raw, parsed, encrypted, s.user})
	s.server.mu.Unlock()
	// What happens here happens after the mail is the server's.
	return s.server.play("accepted", s.to, s.conn)
}
