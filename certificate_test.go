package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// writeCertificate makes a certificate for loopback with the serial number, and
// gives who trusts it.
func writeCertificate(t *testing.T, folder string, serial int64) (certFile, keyFile string, trust *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "docket"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Unix(0, 0), NotAfter: time.Now().AddDate(50, 0, 0), IsCA: true, BasicConstraintsValid: true,
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
			pair, err := c.config().GetCertificate(nil)
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
