package stories

import (
	"crypto/tls"
	"net/http"
	"testing"

	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
)

// TestServesTLS starts the program with a certificate. It checks the page over
// HTTPS and HTTP/2, and its Strict-Transport-Security header.
func TestServesTLS(t *testing.T) {
	t.Parallel()
	certFile, keyFile, trust := testkit.WriteCertificate(t, t.TempDir(), 1)
	d := dockettest.Start(t, "--data", t.TempDir(), "--http", "127.0.0.1:0", "--tls-cert", certFile, "--tls-key", keyFile)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trust}, ForceAttemptHTTP2: true}}
	res, err := client.Get(d.URL + "/sign-up")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ProtoMajor != 2 || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("answered %s %s, Strict-Transport-Security %q", res.Proto, res.Status, res.Header.Get("Strict-Transport-Security"))
	}
	d.Stop()
}
