package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/config"
	"github.com/docketlog/docket/config/certificate"
)

// connect opens a separate connection for a part that closes the connection it
// is given.
func (s *system) connect(ctx context.Context) (*nats.Conn, error) {
	switch {
	case s.broker != nil:
		return s.broker.Connect()
	case s.settings.NATS == runningBroker:
		return broker.DialRunning(ctx, s.settings.Data)
	default:
		options, err := s.natsOptions()
		if err != nil {
			return nil, err
		}
		nc, err := broker.Dial(ctx, s.settings.NATS, options...)
		return nc, s.refusal(err)
	}
}

// natsOptions returns the options for an external broker.
func (s *system) natsOptions() ([]nats.Option, error) {
	opts := []nats.Option{nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		// The caller only sees that nothing answers, or not even that.
		if errors.Is(err, nats.ErrPermissionViolation) {
			s.logger.Error("the broker does not let the user of --nats do that: it is another one's task, or docket setup has not been run", "err", err)
		}
	})}
	if s.settings.NATSCert != "" {
		if s.client == nil {
			shown, err := certificate.Open(s.settings.NATSCert, s.settings.NATSKey, s.logger)
			if err != nil {
				return nil, err
			}
			s.client = shown
		}
		opts = append(opts, nats.Secure(s.client.Client()))
	}
	if s.settings.NATSCA != "" {
		// The file is read again at each connection.
		opts = append(opts, nats.RootCAs(s.settings.NATSCA))
	}
	return opts, nil
}

// refusal explains why there is no connection to NATS, with the setting at
// fault and what to do. It returns nil if there is a connection.
func (s *system) refusal(err error) error {
	if err == nil {
		return nil
	}
	var (
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		what    string
	)
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		what = "--nats: the servers refuse this user or its password"
	case errors.As(err, &unknown) && s.settings.NATSCA == "":
		what = "--nats-ca: not set, and this machine does not know who vouches for the servers' certificates; name the file of whoever does"
	case errors.As(err, &unknown):
		what = "--nats-ca: the servers' certificates are of somebody else than " + s.settings.NATSCA + " names"
	case errors.As(err, &name):
		what = "--nats: call the servers by a name that is in their certificates"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		what = "the certificate of a NATS server has run out or is not valid yet: renew it, or set this machine's clock"
	default:
		what = "--nats"
	}
	return fmt.Errorf("%s (%s): %w", what, config.Hosts(s.settings.NATS), err)
}
