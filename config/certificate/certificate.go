package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificate is a certificate and its key in two files, which may be renewed
// while the program runs. Its methods are safe for concurrent use.
type Certificate struct {
	// Interval is how often the files are checked for changes. Set it only
	// while the certificate is not in use.
	Interval time.Duration

	certFile, keyFile string
	logger            *slog.Logger

	mu      sync.Mutex
	pair    *tls.Certificate
	stamp   [2]time.Time // when the files were last changed
	checked time.Time
}

// Open reads the files, so that mistakes are found at startup. The logger
// reports a renewed certificate that cannot be read, and a certificate that is
// not currently valid.
func Open(certFile, keyFile string, logger *slog.Logger) (*Certificate, error) {
	c := &Certificate{Interval: 30 * time.Second, certFile: certFile, keyFile: keyFile, logger: logger}
	if err := c.load(); err != nil {
		return nil, fmt.Errorf("TLS certificate %s with key %s: %w", certFile, keyFile, err)
	}
	return c, nil
}

// Server returns a configuration that serves HTTPS with TLS 1.2 or later, using
// the current certificate at each handshake.
func (c *Certificate) Server() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil }}
}

// Client returns a configuration that presents the current certificate to a
// server at each handshake.
func (c *Certificate) Client() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.current(), nil }}
}

// Expiry returns when the certificate, or the first certificate in its chain,
// expires.
func (c *Certificate) Expiry() time.Time {
	pair := c.current()
	first := pair.Leaf.NotAfter
	for _, der := range pair.Certificate {
		if parsed, err := x509.ParseCertificate(der); err == nil && parsed.NotAfter.Before(first) {
			first = parsed.NotAfter
		}
	}
	return first
}

// current returns the certificate, reading it again if its files have changed.
// While they cannot be read, for example during a renewal, it returns the
// previous one.
func (c *Certificate) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.checked) < c.Interval {
		return c.pair
	}
	if stamp, err := c.changed(); err == nil && stamp == c.stamp {
		c.checked = time.Now()
		return c.pair
	}
	if err := c.load(); err != nil {
		c.checked = time.Now()
		c.logger.Warn("cannot read the renewed TLS certificate, using the previous one", "err", err)
	}
	return c.pair
}

func (c *Certificate) load() error {
	stamp, err := c.changed()
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.pair, c.stamp, c.checked = &pair, stamp, time.Now()
	// It is used all the same: the clock of this machine may be wrong.
	if now := c.checked; now.After(pair.Leaf.NotAfter) || now.Before(pair.Leaf.NotBefore) {
		c.logger.Error("the TLS certificate has expired or is not valid yet; renew it, or correct this machine's clock",
			"file", c.certFile, "from", pair.Leaf.NotBefore, "until", pair.Leaf.NotAfter)
	}
	return nil
}

func (c *Certificate) changed() (stamp [2]time.Time, err error) {
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return stamp, err
		}
		stamp[i] = info.ModTime()
	}
	return stamp, nil
}
