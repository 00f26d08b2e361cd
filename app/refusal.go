package app

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/nats-io/nats.go"
)

// refusal is why there is no connection to NATS, with the setting that it lies in
// and what to do, or nil if there is one.
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
	return fmt.Errorf("%s (%s): %w", what, hosts(s.settings.NATS), err)
}

// hosts is where the servers of an address are, without who asks them.
func hosts(address string) string {
	var all []string
	for one := range strings.SplitSeq(address, ",") {
		if u, err := url.Parse(strings.TrimSpace(one)); err == nil {
			all = append(all, u.Host)
		}
	}
	return strings.Join(all, ", ")
}
