package app

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
)

// TestHealthAsksARoleThatRuns asks the real program, before and after it ends.
func TestHealthAsksARoleThatRuns(t *testing.T) {
	t.Parallel()
	d := dockettest.Start(t, "--data", t.TempDir(), "--http", "127.0.0.1:0")
	testkit.Eventually(t, "the role is ready", func() (string, bool) {
		_, said, code := tell(t, "health", d.URL)
		return said, code == 0
	})
	for name, args := range map[string][]string{
		"its own address":  {"health", "--http", strings.TrimPrefix(d.URL, "http://")},
		"a named address":  {"health", d.URL},
		"an address and /": {"health", d.URL + "/"},
	} {
		if out, said, code := tell(t, args...); code != 0 || out != "ready\n" {
			t.Errorf("%s: exit code %d, said %q %q", name, code, out, said)
		}
	}
	d.Stop()
	if out, said, code := tell(t, "health", d.URL); code != ExitFailed || !strings.Contains(said, "not ready") {
		t.Errorf("nobody serves: exit code %d, said %q %q", code, out, said)
	}
}

func TestHealthSaysWhyNot(t *testing.T) {
	t.Parallel()
	role := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		http.Error(w, "the log cannot be reached", http.StatusServiceUnavailable)
	}))
	defer role.Close()
	if _, said, code := tell(t, "health", role.URL); code != ExitFailed || !strings.Contains(said, "503: the log cannot be reached") {
		t.Errorf("exit code %d, said %q", code, said)
	}
}

func TestHealthFindsTheRunningRole(t *testing.T) {
	t.Parallel()
	for served, want := range map[string]string{
		"":               "http://127.0.0.1:8080",
		":8081":          "http://127.0.0.1:8081",
		"0.0.0.0:8081":   "http://127.0.0.1:8081",
		"[::]:8081":      "http://[::1]:8081",
		"10.0.0.7:8081":  "http://10.0.0.7:8081",
		"localhost:8081": "http://localhost:8081",
		"127.0.0.1:0":    "",
	} {
		got, err := (&healthCommand{}).base("http", served)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: asks %q, %v, want %q", served, got, err, want)
		}
	}
	for _, address := range []string{"gateway:8080", "ftp://gateway", "http://"} {
		if got, err := (&healthCommand{Address: address}).base("http", ""); err == nil {
			t.Errorf("%q: asks %q", address, got)
		}
	}
}

// TestHealthAsksByHTTPS asks a gateway that serves HTTPS with a certificate for
// a name other than that of the local machine.
func TestHealthAsksByHTTPS(t *testing.T) {
	t.Parallel()
	certFile, keyFile, _ := testkit.WriteCertificate(t, t.TempDir(), 1)
	d := dockettest.Start(t, "--data", t.TempDir(), "--http", "127.0.0.1:0", "--tls-cert", certFile, "--tls-key", keyFile)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(d.URL, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	ready := func(args ...string) (string, bool) {
		_, said, code := tell(t, append([]string{"health"}, args...)...)
		return said, code == 0
	}
	own := []string{"--http", "0.0.0.0:" + port, "--tls-cert", certFile, "--tls-key", keyFile}
	testkit.Eventually(t, "the role is ready", func() (string, bool) { return ready(own...) })
	if said, well := ready(d.URL); well || !strings.Contains(said, "certificate") {
		t.Errorf("whoever is named must prove who they are: %s", said)
	}
	d.Stop()
}
