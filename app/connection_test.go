package app

import (
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/docketlog/docket/config"
)

func TestRefusalOfACertificate(t *testing.T) {
	t.Parallel()
	s := &system{settings: config.Settings{NATS: "tls://gateway:secret@nats-1:4222,tls://gateway:secret@nats-2:4222"}}
	for _, c := range []struct {
		err  error
		want string
	}{
		{x509.CertificateInvalidError{Cert: &x509.Certificate{}, Reason: x509.Expired}, "has expired"},
		{x509.HostnameError{Certificate: &x509.Certificate{}, Host: "10.0.0.1"}, "not in the servers' certificates"},
		{os.ErrDeadlineExceeded, "--nats (nats-1:4222, nats-2:4222)"},
	} {
		if said := s.refusal(fmt.Errorf("connect: %w", c.err)).Error(); !strings.Contains(said, c.want) || strings.Contains(said, "secret") {
			t.Errorf("%T: %s", c.err, said)
		}
	}
	if s.refusal(nil) != nil {
		t.Error("no error becomes one")
	}
}
