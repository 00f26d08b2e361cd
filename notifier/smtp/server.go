package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
)

// Check returns an error if an SMTP URL is invalid. The error does not
// contain the URL, which may hold a password. The forms are
//
//	smtp://user:password@host:587   STARTTLS, required unless the host is loopback
//	smtps://user:password@host:465  TLS from the first byte
//
// With ?tls=off mails are sent without TLS; with a password this is refused
// unless the host is loopback. ?tls=required requires TLS on loopback too. On
// loopback TLS is used if offered, and the certificate is not verified.
func Check(smtpURL string) error {
	_, err := Parse(smtpURL, nil)
	return err
}

// Server is an SMTP server. It can be used by several goroutines.
type Server struct {
	host           string
	port           int
	user, password string
	implicitTLS    bool
	policy         mail.TLSPolicy
	tls            *tls.Config
}

// Parse returns the server of a URL in one of the forms of [Check]. Its
// certificate is verified with roots, or with those of the system if they are
// nil.
func Parse(smtpURL string, roots *x509.CertPool) (*Server, error) {
	u, err := url.Parse(smtpURL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("SMTP URL must be smtp://user:password@host:port or smtps://user:password@host:port")
	}
	s := &Server{host: u.Hostname(), port: 587, policy: mail.TLSMandatory}
	s.tls = &tls.Config{ServerName: s.host, RootCAs: roots, MinVersion: tls.VersionTLS12}
	if u.Scheme == "smtps" {
		s.port, s.implicitTLS = 465, true
	}
	if u.Port() != "" {
		if s.port, err = strconv.Atoi(u.Port()); err != nil || s.port < 1 || s.port > 65535 {
			return nil, errors.New("SMTP URL: port must be a number from 1 to 65535")
		}
	}
	if u.User != nil {
		s.user = u.User.Username()
		s.password, _ = u.User.Password()
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.Path != "" && u.Path != "/" {
		return nil, errors.New("SMTP URL: only ?tls= may follow the port")
	}
	choice := query.Get("tls")
	query.Del("tls")
	switch loopback := isLoopback(s.host); {
	case len(query) > 0:
		return nil, errors.New("SMTP URL: tls is the only supported parameter")
	case s.implicitTLS && choice != "" && choice != "required":
		return nil, errors.New("SMTP URL: smtps:// supports only tls=required")
	case choice == "off" && s.user != "" && !loopback:
		return nil, errors.New("SMTP URL: a password requires encryption; remove ?tls=off")
	case choice == "off":
		s.policy = mail.NoTLS
	case choice == "" && loopback && !s.implicitTLS:
		s.policy = mail.TLSOpportunistic
		// A local server has a certificate for another name, and no one can
		// intercept the connection.
		s.tls.InsecureSkipVerify = true
	case choice != "" && choice != "required":
		return nil, errors.New("SMTP URL: tls must be required or off")
	}
	return s, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Send delivers a mail over a connection of its own, and returns once the server
// has accepted it. The timeout covers everything from dialling to the server's
// last reply. The error is a [Failure].
func (s *Server) Send(ctx context.Context, m *mail.Msg, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	client, err := mail.NewClient(s.host, s.options(ctx, timeout)...)
	if err != nil {
		return &Failure{Cause: "invalid mail client settings", Server: true}
	}
	err = client.DialAndSendWithContext(ctx, m)
	if err == nil || m.IsDelivered() {
		// Errors after the server accepted the mail do not matter.
		return nil
	}
	return classify(err)
}

func (s *Server) options(ctx context.Context, timeout time.Duration) []mail.Option {
	options := []mail.Option{
		mail.WithPort(s.port),
		mail.WithTimeout(timeout),
		mail.WithTLSPolicy(s.policy),
		mail.WithTLSConfig(s.tls),
		mail.WithoutNoop(),
		mail.WithDialContextFunc(func(_ context.Context, network, address string) (net.Conn, error) {
			return s.dial(ctx, network, address)
		}),
	}
	if s.implicitTLS {
		options = append(options, mail.WithSSL())
	}
	if s.user != "" {
		// In this order. The library allows the last two only over TLS or on
		// loopback.
		options = append(options, mail.WithUsername(s.user), mail.WithPassword(s.password), mail.WithOpportunisticSMTPAuth(
			mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	return options
}

// maxReplies is how many bytes a server may send about one mail, more than ten
// times what a certificate chain and all replies take. A server, or anyone on
// the way to it, could otherwise fill the memory with a line that never ends.
const maxReplies = 256 << 10

// dial opens a connection that is closed when ctx ends. The library checks its
// context only while it dials, and leaves the connection open when a greeting,
// STARTTLS or AUTH fails.
func (s *Server) dial(ctx context.Context, network, address string) (net.Conn, error) {
	tcp, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = tcp.Close() })
	conn := &boundedConn{tcp, maxReplies}
	if !s.implicitTLS {
		return conn, nil
	}
	encrypted := tls.Client(conn, s.tls)
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, tcp.Close())
	}
	return encrypted, nil
}

// boundedConn fails once more has been read than left. Its owner reads from one
// goroutine.
type boundedConn struct {
	net.Conn
	left int
}

func (c *boundedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, fmt.Errorf("the server sent more than %d bytes", maxReplies)
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}
