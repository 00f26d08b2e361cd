package app

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/config"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
)

// TestNATSIsShownACertificate: a server that requires a client certificate
// accepts the program with it and rejects clients without one, the metrics
// report when it and the server's certificate expire, and after a renewal the
// next connection presents the new certificate.
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
		Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true, TLSVerify: true, TLSTimeout: testkit.Limit.Seconds(),
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

	s := &system{settings: config.Settings{NATS: address, NATSCA: serverCert, NATSCert: clientCert, NATSKey: clientKey}, logger: slog.New(slog.DiscardHandler)}
	nc, err := s.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	testkit.WriteCertificate(t, folder, 2)
	s.client.Interval = 0 // as if the interval had passed
	if err := nc.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the server is shown the renewed certificate, the second", func() (string, bool) {
		serial := shown.Load()
		return fmt.Sprintf("number %d, %s", serial, nc.Status()), serial == 2 && nc.IsConnected()
	})
}
