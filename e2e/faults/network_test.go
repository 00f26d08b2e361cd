package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/sqltest"
)

// TestWires routes all traffic of the roles to three NATS servers and to the
// database over connections that are slow, narrow, cut, cut in the middle of
// the data, or silent. Work continues or is refused clearly, no answer is
// wrong, and in the end every command is there exactly once.
func TestWires(t *testing.T) {
	t.Parallel()
	rate, while, silence := 20, 2*time.Second, 10*time.Second
	if soaking() {
		rate, while, silence = 50, 30*time.Second, 30*time.Second
	}
	rows, err := url.Parse(sqltest.NewPostgres(t, sqltest.PostgresURL(t)))
	if err != nil {
		t.Fatal(err)
	}
	direct := rows.String()
	w := newWires(t)
	places := make([]brokertest.Place, 3)
	var nats []string
	for i := range places {
		places[i] = brokertest.Place{Folder: t.TempDir(), Advertise: testkit.FreeAddress(t)}
		nats = append(nats, "nats://"+places[i].Advertise)
	}
	servers := brokertest.StartPrograms(t, brokertest.Always, places...)
	toLog := []string{}
	for i := range places {
		toLog = append(toLog, w.lay(fmt.Sprint("nats", i), places[i].Advertise, servers.Address(i)))
	}
	upstream := rows.Host
	rows.Host = testkit.FreeAddress(t)
	toRows := []string{w.lay("rows", rows.Host, upstream)}

	settings := []string{"--nats", strings.Join(nats, ","), "--replicas", "3", "--database", rows.String(), "--data", t.TempDir(), "--http", "127.0.0.1:0", "--url", "http://docket.test"}
	role := func(name string) *dockettest.Process {
		return dockettest.Start(t, append([]string{name}, settings...)...)
	}
	gateways := []*dockettest.Process{role("gateway"), role("gateway")}
	others := []*dockettest.Process{role("projector"), role("notifier")}
	f := newFleet(t, gateways[0].URL, gateways[1].URL)
	f.settle(rate)
	// Long enough to receive every refusal of a gateway.
	f.timeout = testkit.Limit

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var working sync.WaitGroup
	working.Go(func() { f.every(ctx, rate, f.command) })
	working.Go(func() { f.every(ctx, rate, f.query) })
	f.await(10)
	both := append(append([]string{}, toLog...), toRows...)
	type window struct {
		name                string
		began, ended, after time.Time
		stops               *tally
	}
	var windows []window
	for _, trouble := range []struct {
		name  string
		wires []string
		while time.Duration
		toxic toxic
		// stops counts the requests that must all fail during the fault; if any
		// is answered, the fault has no effect. It is nil if some may succeed.
		stops *tally
	}{
		{"100 ms each way, more or less", both, while, toxic{"latency", map[string]int{"latency": 100, "jitter": 50}}, nil},
		{"20 kB a second", both, while, toxic{"bandwidth", map[string]int{"rate": 20}}, nil},
		{"reset after half a second", both, while, toxic{"reset_peer", map[string]int{"timeout": 500}}, nil},
		{"closed after 20 kB", both, while, toxic{"limit_data", map[string]int{"bytes": 20_000}}, nil},
		{"the log is silent", toLog, silence, toxic{"timeout", map[string]int{"timeout": 0}}, &f.commands},
		{"the database is silent", toRows, silence, toxic{"timeout", map[string]int{"timeout": 0}}, &f.queries},
	} {
		w.poison(trouble.wires, trouble.toxic)
		began := time.Now()
		time.Sleep(trouble.while)
		ended := time.Now()
		w.heal(trouble.wires)
		f.await(10)
		windows = append(windows, window{trouble.name, began, ended, time.Now(), trouble.stops})
	}
	cancel()
	working.Wait()
	var report strings.Builder
	for _, w := range windows {
		fmt.Fprintf(&report, "%-30s commands %s · queries %s · ten more commands %s after\n", w.name,
			f.commands.between(w.began, w.ended), f.queries.between(w.began, w.ended), w.after.Sub(w.ended).Round(time.Millisecond))
		if w.stops != nil && w.stops.answered(w.began, w.ended) > 0 {
			t.Errorf("%s, and %d were answered that cannot have been", w.name, w.stops.answered(w.began, w.ended))
		}
	}
	f.resend()
	f.verify()
	t.Logf("at %d commands and %d queries a second:\n%s", rate, rate, &report)
	f.refusedClearly()
	if out, code := dockettest.Once(t, "audit", "verify", "--nats", servers.URL(), "--replicas", "3", "--database", direct); code != 0 {
		t.Errorf("audit verify: exit code %d: %s", code, out)
	}
	for _, d := range append(gateways, others...) {
		d.Stop()
	}
}

// wires is a toxiproxy and its connections.
type wires struct {
	t   testing.TB
	api string
}

// toxic is a fault of a connection, in the format of toxiproxy.
type toxic struct {
	kind       string
	attributes map[string]int
}

// newWires starts a toxiproxy. If it is not available the test is skipped with
// a message; under `make test` it fails instead.
func newWires(t testing.TB) *wires {
	t.Helper()
	address := testkit.FreeAddress(t)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	said := &testkit.Buffer{}
	proxy := exec.Command("../../deploy/testing/tool", "toxiproxy", "-host", host, "-port", port)
	proxy.Stdout, proxy.Stderr = said, said
	// Go runs it as a child process, so both are killed as one group.
	proxy.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = proxy.Wait()
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-proxy.Process.Pid, syscall.SIGKILL)
		<-ended
	})
	w := &wires{t, "http://" + address}
	for {
		if answer, err := http.Get(w.api + "/version"); err == nil {
			_ = answer.Body.Close()
			return w
		}
		select {
		case <-ended:
			if os.Getenv("DOCKET_TEST_REQUIRE") != "" {
				t.Fatalf("toxiproxy does not run: %s", said.String())
			}
			t.Skipf("SKIPPED: toxiproxy cannot be had: %s", said.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// lay creates a proxy from one address to another and returns its name.
func (w *wires) lay(name, from, to string) string {
	w.t.Helper()
	w.do(http.MethodPost, "/proxies", map[string]any{"name": name, "listen": from, "upstream": to, "enabled": true})
	return name
}

// poison applies a fault to proxies, in both directions, and to all their
// connections.
func (w *wires) poison(names []string, with toxic) {
	w.t.Helper()
	for _, name := range names {
		for _, way := range []string{"upstream", "downstream"} {
			w.do(http.MethodPost, "/proxies/"+name+"/toxics", map[string]any{"name": way, "type": with.kind, "stream": way, "attributes": with.attributes})
		}
	}
}

// heal removes the faults of proxies. Data lost in them stays lost.
func (w *wires) heal(names []string) {
	w.t.Helper()
	for _, name := range names {
		for _, way := range []string{"upstream", "downstream"} {
			w.do(http.MethodDelete, "/proxies/"+name+"/toxics/"+way, nil)
		}
	}
}

func (w *wires) do(method, path string, body any) {
	w.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		w.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.api+path, bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	if said, _ := io.ReadAll(answer.Body); answer.StatusCode >= 300 {
		w.t.Fatalf("toxiproxy: %s %s: %s: %s", method, path, answer.Status, said)
	}
}
