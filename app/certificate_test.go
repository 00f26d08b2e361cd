package app

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
)

func TestCertificateIsRenewed(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile, _ := testkit.WriteCertificate(t, folder, 1)
	synctest.Test(t, func(t *testing.T) {
		c, err := openCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		serial := func() int64 {
			t.Helper()
			pair, err := c.serve().GetCertificate(nil)
			if err != nil {
				t.Fatal(err)
			}
			return pair.Leaf.SerialNumber.Int64()
		}
		later := func(n int) {
			when := time.Now().Add(time.Duration(n) * time.Hour)
			for _, name := range []string{certFile, keyFile} {
				_ = os.Chtimes(name, when, when)
			}
			time.Sleep(renewalCheck)
		}
		testkit.WriteCertificate(t, folder, 2)
		later(1)
		if got := serial(); got != 2 {
			t.Errorf("serial %d after the renewal, want 2", got)
		}
		if err := os.WriteFile(certFile, []byte("half a cert"), 0o600); err != nil {
			t.Fatal(err)
		}
		later(2)
		if got := serial(); got != 2 {
			t.Errorf("serial %d while the file is broken, want 2", got)
		}
		testkit.WriteCertificate(t, folder, 3)
		later(3)
		if got := serial(); got != 3 {
			t.Errorf("serial %d once it is whole again, want 3", got)
		}
	})
	if _, err := openCertificate(certFile, filepath.Join(folder, "nothing.key"), nil); err == nil {
		t.Error("a key that is not there is no error")
	}
}

// TestNATSIsShownACertificate: a server that asks for one lets the program in by
// it and nobody without, the metrics say when it runs out and when the
// server's does, and once it is renewed the next connection shows the new one.
func TestNATSIsShownACertificate(t *testing.T) {
	t.Parallel()
	folder, servers := t.TempDir(), t.TempDir()
	clientCert, clientKey, _ := testkit.WriteCertificate(t, folder, 1)
	serverCert, serverKey, _ := testkit.WriteCertificate(t, servers, 100)
	pair, err := tls.LoadX509KeyPair(serverCert, serverKey)
	if err != nil {
		t.Fatal(err)
	}
	var shown atomic.Int64
	ns, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, TLSVerify: true, TLSTimeout: 5,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert,
			VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
				leaf, err := x509.ParseCertificate(raw[0])
				if err == nil {
					shown.Store(leaf.SerialNumber.Int64())
				}
				return err
			}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	t.Cleanup(func() { ns.Shutdown(); ns.WaitForShutdown() })
	if !ns.ReadyForConnections(30 * time.Second) {
		t.Fatal("the server is not ready")
	}
	address := "tls://" + ns.Addr().String()

	d := dockettest.Start(t, "gateway", "--nats", address, "--nats-ca", serverCert, "--nats-cert", clientCert, "--nats-key", clientKey,
		"--data", t.TempDir(), "--http", "127.0.0.1:0")
	if shown.Load() != 1 {
		t.Errorf("the server was shown certificate %d", shown.Load())
	}
	for _, use := range []string{"nats_client", "nats_server"} {
		text := dockettest.Metric(t, d, `docket_certificate_expiry_timestamp_seconds{use="`+use+`"}`)
		expiry, err := strconv.ParseFloat(text, 64)
		if in := time.Until(time.Unix(int64(expiry), 0)); err != nil || in < 49*365*24*time.Hour || in > 51*366*24*time.Hour {
			t.Errorf("%s runs out at %q, want in fifty years", use, text)
		}
	}
	d.Stop()
	if nc, err := nats.Connect(address, nats.RootCAs(serverCert)); err == nil {
		nc.Close()
		t.Error("somebody is let in without a certificate")
	}

	s := &system{settings: Settings{NATS: address, NATSCA: serverCert, NATSCert: clientCert, NATSKey: clientKey}, logger: slog.New(slog.DiscardHandler)}
	nc, err := s.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	testkit.WriteCertificate(t, folder, 2)
	s.client.mu.Lock()
	s.client.checked, s.client.stamp = time.Time{}, [2]time.Time{} // as if time had passed
	s.client.mu.Unlock()
	if err := nc.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	testkit.Soon(t, "the server is shown the renewed certificate", func() bool { return shown.Load() == 2 && nc.IsConnected() })
}

// Who starts with a certificate that has run out is told so at once, not by
// those who are turned away.
func TestCertificateThatHasRunOutIsTold(t *testing.T) {
	t.Parallel()
	for until, told := range map[time.Time]bool{time.Now().Add(-time.Hour): true, time.Now().Add(time.Hour): false} {
		certFile, keyFile, _ := testkit.WriteCertificateUntil(t, t.TempDir(), 1, until)
		var said bytes.Buffer
		if _, err := openCertificate(certFile, keyFile, slog.New(slog.NewTextHandler(&said, nil))); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(said.String(), certFile) != told {
			t.Errorf("valid until %s: said %q", until, said.String())
		}
	}
}
