package proxy

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/docketlog/docket/internal/testkit"
)

// proxiedGateway is a stand-in for a gateway behind the proxy. The test sets
// what it reports about itself.
type proxiedGateway struct {
	address string
	ready   atomic.Bool
	release chan struct{} // ends the command in progress
	inHand  chan struct{}
}

func startProxiedGateway(t *testing.T) *proxiedGateway {
	t.Helper()
	g := &proxiedGateway{release: make(chan struct{}), inHand: make(chan struct{}, 8)}
	g.ready.Store(true)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz/commands", func(w http.ResponseWriter, r *http.Request) {
		if !g.ready.Load() {
			<-r.Context().Done() // like a gateway that waits for the log
		}
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "figures") })
	mux.HandleFunc("GET /query", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-For"))
	})
	mux.HandleFunc("POST /command", func(w http.ResponseWriter, r *http.Request) {
		g.inHand <- struct{}{}
		select {
		case <-g.release:
			_, _ = io.WriteString(w, "done")
		case <-r.Context().Done():
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.address = listener.Addr().String()
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return g
}

// startProxy runs haproxy with the configuration of deploy/proxy and returns
// its address. The configuration is changed as its header describes for use
// without Docker's names.
func startProxy(t *testing.T, gateways ...*proxiedGateway) string {
	t.Helper()
	program, err := exec.LookPath("haproxy")
	if err != nil {
		program = "/usr/sbin/haproxy"
	}
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("DOCKET_TEST_REQUIRE") != "" {
			t.Fatal("haproxy is not installed")
		}
		t.Skip("SKIPPED: haproxy is not installed")
	}
	content, err := os.ReadFile("haproxy.cfg")
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	change := func(from, to string) {
		if !strings.Contains(text, from) {
			t.Fatalf("haproxy.cfg does not hold %q", from)
		}
		text = strings.ReplaceAll(text, from, to)
	}
	from, to := strings.Index(text, "\nresolvers names"), strings.Index(text, "\nfrontend people")
	if from < 0 || to < from {
		t.Fatal("haproxy.cfg has no section resolvers before its frontends")
	}
	text = text[:from] + text[to:]
	var servers strings.Builder
	for i, g := range gateways {
		fmt.Fprintf(&servers, "    server gateway-%d %s\n", i+1, g.address)
	}
	address := testkit.FreeAddress(t)
	change("    server-template gateway 8 gateway:8080\n", servers.String())
	change(" resolvers names init-addr none", "")
	change("bind :8080", "bind "+address)
	change("bind 127.0.0.1:8081", "bind "+testkit.FreeAddress(t))
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command(program, "-c", "-f", file).CombinedOutput(); err != nil || strings.Contains(string(said), "WARNING") {
		t.Fatalf("haproxy does not take the configuration: %v\n%s", err, said)
	}
	cmd := exec.Command(program, "-db", "-f", file)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return "http://" + address
}

// proxied sends one request through the proxy.
func proxied(t *testing.T, method, url string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Forwarded-For", "192.0.2.1")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return 0, err.Error()
	}
	return answer.StatusCode, string(body)
}

// reached waits until the proxy reaches a gateway, and returns its answer.
func reached(t *testing.T, proxy string) (body string) {
	t.Helper()
	testkit.Eventually(t, "a gateway to be reached", func() (string, bool) {
		var status int
		if status, body = proxied(t, http.MethodGet, proxy+"/query"); status != 200 {
			time.Sleep(testkit.Pause)
		}
		return fmt.Sprintf("%d %s", status, body), status == 200
	})
	return body
}

// While the log has no leader, no gateway is ready. They wait for it, and so
// does the proxy: requests in progress and queries are answered.
func TestProxyWaitsForTheLogToo(t *testing.T) {
	t.Parallel()
	one, other := startProxiedGateway(t), startProxiedGateway(t)
	proxy := startProxy(t, one, other)
	reached(t, proxy)
	type result struct {
		status int
		body   string
	}
	command := make(chan result, 1)
	go func() {
		status, body := proxied(t, http.MethodPost, proxy+"/command")
		command <- result{status, body}
	}()
	select {
	case <-one.inHand:
	case <-other.inHand:
	}
	one.ready.Store(false)
	other.ready.Store(false)
	// Longer than the proxy needs to notice.
	for began := time.Now(); time.Since(began) < 4*time.Second; time.Sleep(100 * time.Millisecond) {
		if status, body := proxied(t, http.MethodGet, proxy+"/query"); status != 200 {
			t.Fatalf("a query while no gateway is ready: %d %s", status, body)
		}
		select {
		case r := <-command:
			t.Fatalf("the command in hand was cut off: %+v", r)
		default:
		}
	}
	close(one.release)
	close(other.release)
	if r := <-command; r.status != 200 || r.body != "done" {
		t.Errorf("the command in hand: %+v", r)
	}
}

// If only one gateway is not ready, it receives no new requests.
func TestProxyLeavesAGatewayThatIsNotReady(t *testing.T) {
	t.Parallel()
	one, other := startProxiedGateway(t), startProxiedGateway(t)
	proxy := startProxy(t, one, other)
	one.ready.Store(false)
	close(one.release)
	close(other.release)
	misled, in := 0, 0
	testkit.Eventually(t, "20 commands in a row to reach the gateway that is ready", func() (string, bool) {
		status, body := proxied(t, http.MethodPost, proxy+"/command")
		if status == 200 {
			select {
			case <-one.inHand:
				misled++
				in = 0
			case <-other.inHand:
				in++
			}
		}
		return fmt.Sprintf("%d in a row, %d reached the other, the last was answered %d %s", in, misled, status, body), in == 20
	})
}

// Operators' endpoints are not exposed, and clients cannot forge their address.
func TestProxyKeepsFiguresIn(t *testing.T) {
	t.Parallel()
	g := startProxiedGateway(t)
	proxy := startProxy(t, g)
	if body := reached(t, proxy); body != "127.0.0.1" {
		t.Errorf("the gateway is told that the client is %q", body)
	}
	for _, path := range []string{"/metrics", "/metrics?x=1", "/%6Detrics", "//metrics", "/./metrics"} {
		if status, body := proxied(t, http.MethodGet, proxy+path); status != 404 || strings.Contains(body, "figures") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}
