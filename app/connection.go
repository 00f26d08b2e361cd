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
			s.logger.Error("NATS permission denied for the user in --nats: use the user for this role, or run docket setup", "err", err)
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
		what = "--nats: authentication failed; check the user and password"
	case errors.As(err, &unknown) && s.settings.NATSCA == "":
		what = "--nats-ca: not set, and the system does not trust the issuer of the servers' certificates; set it to the issuer's CA certificate"
	case errors.As(err, &unknown):
		what = "--nats-ca: the servers' certificates were not issued by a CA in " + s.settings.NATSCA
	case errors.As(err, &name):
		what = "--nats: the host name is not in the servers' certificates; use one that is"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		what = "the certificate of a NATS server has expired or is not valid yet; renew it, or correct this machine's clock"
	default:
		what = "--nats"
	}
	return fmt.Errorf("%s (%s): %w", what, config.Hosts(s.settings.NATS), err)
}
