package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
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

	"github.com/docketlog/docket/internal/testkit"
)

// writeCertificate makes a certificate for loopback with the serial number, and
// gives who trusts it.
func writeCertificate(t *testing.T, folder string, serial int64) (certFile, keyFile string, trust *x509.CertPool) {
	t.Helper()
	return writeCertificateUntil(t, folder, serial, time.Now().AddDate(50, 0, 0))
}

func writeCertificateUntil(t *testing.T, folder string, serial int64, until time.Time) (certFile, keyFile string, trust *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "docket"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Unix(0, 0), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(folder, "tls.crt"), filepath.Join(folder, "tls.key")
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(certFile, certPEM, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600); err != nil {
		t.Fatal(err)
	}
	trust = x509.NewCertPool()
	trust.AppendCertsFromPEM(certPEM)
	return certFile, keyFile, trust
}

// TestServesTLS starts the program with a certificate, and finds the page
// behind it, its cookie for secure connections only, and the promise to stay so.
func TestServesTLS(t *testing.T) {
	t.Parallel()
	certFile, keyFile, trust := writeCertificate(t, t.TempDir(), 1)
	d := start(t, "--data", t.TempDir(), "--http", "127.0.0.1:0", "--tls-cert", certFile, "--tls-key", keyFile)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}, ForceAttemptHTTP2: true}}
	res, err := client.Get(d.url + "/sign-up")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ProtoMajor != 2 || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("answered %s %s, Strict-Transport-Security %q", res.Proto, res.Status, res.Header.Get("Strict-Transport-Security"))
	}
	d.stop()
}

func TestCertificateIsRenewed(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile, _ := writeCertificate(t, folder, 1)
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
		writeCertificate(t, folder, 2)
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
		writeCertificate(t, folder, 3)
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
	clientCert, clientKey, _ := writeCertificate(t, folder, 1)
	serverCert, serverKey, _ := writeCertificate(t, servers, 100)
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

	d := start(t, "gateway", "--nats", address, "--nats-ca", serverCert, "--nats-cert", clientCert, "--nats-key", clientKey,
		"--data", t.TempDir(), "--http", "127.0.0.1:0")
	if shown.Load() != 1 {
		t.Errorf("the server was shown certificate %d", shown.Load())
	}
	for _, use := range []string{"nats_client", "nats_server"} {
		text := metric(t, d, `docket_certificate_expiry_timestamp_seconds{use="`+use+`"}`)
		expiry, err := strconv.ParseFloat(text, 64)
		if in := time.Until(time.Unix(int64(expiry), 0)); err != nil || in < 49*365*24*time.Hour || in > 51*366*24*time.Hour {
			t.Errorf("%s runs out at %q, want in fifty years", use, text)
		}
	}
	d.stop()
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
	writeCertificate(t, folder, 2)
	s.client.mu.Lock()
	s.client.checked, s.client.stamp = time.Time{}, [2]time.Time{} // as if time had passed
	s.client.mu.Unlock()
	if err := nc.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the server is shown the renewed certificate, the second", func() (string, bool) {
		serial := shown.Load()
		return fmt.Sprintf("number %d, %s", serial, nc.Status()), serial == 2 && nc.IsConnected()
	})
}

// Who starts with a certificate that has run out is told so at once, not by
// those who are turned away.
func TestCertificateThatHasRunOutIsTold(t *testing.T) {
	t.Parallel()
	for until, told := range map[time.Time]bool{time.Now().Add(-time.Hour): true, time.Now().Add(time.Hour): false} {
		certFile, keyFile, _ := writeCertificateUntil(t, t.TempDir(), 1, until)
		var said bytes.Buffer
		if _, err := openCertificate(certFile, keyFile, slog.New(slog.NewTextHandler(&said, nil))); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(said.String(), certFile) != told {
			t.Errorf("valid until %s: said %q", until, said.String())
		}
	}
}
