package notifier

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"
)

// CheckSMTP returns an error if an SMTP URL is invalid. The error does not
// contain the URL, which may hold a password. The forms are
//
//	smtp://user:password@host:587   STARTTLS, required unless the host is loopback
//	smtps://user:password@host:465  TLS from the first byte
//
// With ?tls=off mails are sent without TLS; with a password this is refused
// unless the host is loopback. ?tls=required requires TLS on loopback too. On
// loopback TLS is used if offered, and the certificate is not verified.
func CheckSMTP(smtpURL string) error {
	_, err := newServer(smtpURL, nil)
	return err
}

// server is an SMTP server.
type server struct {
	host           string
	port           int
	user, password string
	implicitTLS    bool
	policy         mail.TLSPolicy
	tls            *tls.Config
}

func newServer(smtpURL string, roots *x509.CertPool) (*server, error) {
	u, err := url.Parse(smtpURL)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("SMTP URL must be smtp://user:password@host:port or smtps://user:password@host:port")
	}
	s := &server{host: u.Hostname(), port: 587, policy: mail.TLSMandatory}
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

// relay sends mails to an SMTP server, each over its own connection.
type relay struct {
	server   *server
	patience time.Duration // timeout for one mail, from dialling to the server's last answer
	circuit  *circuit
	log      *slog.Logger
}

// deliver returns once the server has accepted the mail. The error is a
// [failure].
func (r *relay) deliver(ctx context.Context, _ *story, _ Person, m *mail.Msg) (Outcome, error) {
	if !r.circuit.enter() {
		return "", errLeftAlone
	}
	failed := r.send(ctx, m)
	opened, closed := r.circuit.leave(failed != nil && failed.server)
	switch {
	case opened:
		r.log.Warn("mail server failed, delivery paused", "err", failed)
	case closed:
		r.log.Info("mail server responds again")
	}
	if failed != nil {
		return "", failed
	}
	return Delivered, nil
}

func (r *relay) send(ctx context.Context, m *mail.Msg) *failure {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	client, err := mail.NewClient(r.server.host, r.options(ctx)...)
	if err != nil {
		return &failure{cause: "invalid mail client settings", server: true}
	}
	err = client.DialAndSendWithContext(ctx, m)
	if err == nil || m.IsDelivered() {
		// Errors after the server accepted the mail do not matter.
		return nil
	}
	return classify(err)
}

func (r *relay) options(ctx context.Context) []mail.Option {
	s := r.server
	options := []mail.Option{
		mail.WithPort(s.port),
		mail.WithTimeout(r.patience),
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

// dial opens a connection that is closed when ctx ends. The library checks its
// context only while it dials, and leaves the connection open when a greeting,
// STARTTLS or AUTH fails.
func (s *server) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var conn net.Conn
	var err error
	if s.implicitTLS {
		conn, err = (&tls.Dialer{Config: s.tls}).DialContext(ctx, network, address)
	} else {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
	}
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	return conn, nil
}
