package brokertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/internal/testkit"
)

// Place is the environment of one server of [Programs].
type Place struct {
	// Folder is the data directory. It may be removed while the server does
	// not run.
	Folder string
	// Host is the address the server listens on, 127.0.0.1 if empty.
	Host string
	// Advertise is the host:port that the server advertises to clients, if it
	// differs from the one it listens on, such as behind a proxy.
	Advertise string
	// Within runs a function in the server's network namespace, on the calling
	// thread; nil means the network of the test.
	Within func(func())
}

// Programs are NATS servers with JetStream, one or a cluster. Each is a separate
// process that can be killed. Only one goroutine may call its methods at a time.
type Programs struct {
	places  []Place
	configs []string // paths of the configuration files
	servers []*program
}

type program struct {
	clients, monitor string // host:port
	cmd              *exec.Cmd
}

// Always makes [Programs] sync every write before they acknowledge it.
const Always = "always"

// StartPrograms starts a server in each place and returns once JetStream is ready.
// sync is the servers' setting sync_interval.
func StartPrograms(t testing.TB, sync string, places ...Place) *Programs {
	t.Helper()
	binary := natsServer(t)
	p := &Programs{places: places}
	n := len(places)
	ports := freePorts(t, 3*n)
	var routes []string
	for i, place := range places {
		routes = append(routes, "nats-route://"+net.JoinHostPort(host(place), strconv.Itoa(ports[n+i])))
	}
	for i, place := range places {
		at := host(place)
		var c strings.Builder
		fmt.Fprintf(&c, "server_name: %s\nlisten: %q\nhttp: %q\njetstream { store_dir: %q, sync_interval: %s, max_file: 1TB, max_mem: 256MB }\n",
			name(i), net.JoinHostPort(at, strconv.Itoa(ports[i])), net.JoinHostPort(at, strconv.Itoa(ports[2*n+i])), place.Folder, sync)
		if place.Advertise != "" {
			fmt.Fprintf(&c, "client_advertise: %q\n", place.Advertise)
		}
		if n > 1 {
			fmt.Fprintf(&c, "cluster { name: programs, listen: %q, routes: [%s] }\n",
				net.JoinHostPort(at, strconv.Itoa(ports[n+i])), strings.Join(routes, ", "))
		}
		file := filepath.Join(t.TempDir(), name(i)+".conf")
		if err := os.WriteFile(file, []byte(c.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		p.configs = append(p.configs, file)
		p.servers = append(p.servers, &program{
			clients: net.JoinHostPort(at, strconv.Itoa(ports[i])), monitor: net.JoinHostPort(at, strconv.Itoa(ports[2*n+i])),
		})
	}
	t.Cleanup(func() {
		for i := range n {
			p.Kill(i)
		}
	})
	for i := range n {
		p.run(t, binary, i)
	}
	p.Ready(t)
	return p
}

func name(i int) string { return "node" + strconv.Itoa(i) }

func host(p Place) string {
	if p.Host == "" {
		return "127.0.0.1"
	}
	return p.Host
}

// URL returns the addresses that all servers listen on, separated by commas.
func (p *Programs) URL() string {
	var urls []string
	for i := range p.servers {
		urls = append(urls, "nats://"+p.Address(i))
	}
	return strings.Join(urls, ",")
}

// Address returns the host:port on which server i listens for clients.
func (p *Programs) Address(i int) string { return p.servers[i].clients }

// Pid returns the process id of server i, which must be running.
func (p *Programs) Pid(i int) int { return p.servers[i].cmd.Process.Pid }

// Kill kills server i immediately, as a power cut would.
func (p *Programs) Kill(i int) {
	if cmd := p.servers[i].cmd; cmd != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		p.servers[i].cmd = nil
	}
}

// Start starts server i again with the same address and data directory. It does
// not wait until the server is ready; see [Programs.Ready].
func (p *Programs) Start(t testing.TB, i int) {
	t.Helper()
	p.run(t, natsServer(t), i)
}

func (p *Programs) run(t testing.TB, binary string, i int) {
	t.Helper()
	cmd := exec.Command(binary, "-c", p.configs[i])
	said, err := os.OpenFile(p.configs[i]+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	p.within(i, func() { err = cmd.Start() })
	if err != nil {
		t.Fatal(err)
	}
	p.servers[i].cmd = cmd
}

// within runs a function in the network of server i.
func (p *Programs) within(i int, do func()) {
	if within := p.places[i].Within; within != nil {
		within(do)
		return
	}
	do()
}

// Dialer returns a dialer that connects from the network of server i.
func (p *Programs) Dialer(i int) nats.CustomDialer { return dialer{p, i} }

type dialer struct {
	p *Programs
	i int
}

func (d dialer) Dial(network, address string) (c net.Conn, err error) {
	d.p.within(d.i, func() { c, err = net.DialTimeout(network, address, 5*time.Second) })
	return c, err
}

// Ready waits until the running servers are healthy: they agree on a leader and
// are in sync with it.
func (p *Programs) Ready(t testing.TB) {
	t.Helper()
	testkit.Eventually(t, "the NATS servers to be ready", func() (unready, bool) {
		why := p.lacks(t.Context())
		if why != "" {
			time.Sleep(pause)
		}
		return unready{p, why}, why == ""
	})
}

// pause is between two questions to a server that is not ready: each makes a
// connection of its own.
const pause = 50 * time.Millisecond

// unready is what servers lack, shown with what they said.
type unready struct {
	p   *Programs
	why string
}

func (u unready) String() string {
	text := u.why
	for i, config := range u.p.configs {
		said, _ := os.ReadFile(config + ".log")
		text += fmt.Sprintf("\n%s said:\n%s", name(i), said)
	}
	return text
}

// Answer waits until server i answers JetStream requests, even if it is not in
// sync.
func (p *Programs) Answer(t testing.TB, i int) {
	t.Helper()
	testkit.Eventually(t, name(i)+" to answer", func() (error, bool) {
		err := p.ask(t.Context(), i, func(ctx context.Context, j js.JetStream) error {
			_, err := j.AccountInfo(ctx)
			return err
		})
		if err != nil {
			time.Sleep(pause)
		}
		return err, err == nil
	})
}

// lacks returns why the running servers are not ready, or an empty string.
func (p *Programs) lacks(ctx context.Context) string {
	running, led := 0, false
	for i, s := range p.servers {
		if s.cmd == nil {
			continue
		}
		running++
		if _, err := p.monitor(ctx, i, "/healthz"); err != nil {
			return err.Error()
		}
		text, err := p.monitor(ctx, i, "/jsz")
		if err != nil {
			return err.Error()
		}
		var state struct {
			Meta struct {
				Leader   string
				Replicas []struct{ Current bool }
			} `json:"meta_cluster"`
		}
		if err := json.Unmarshal(text, &state); err != nil {
			return err.Error()
		}
		current := 1
		for _, peer := range state.Meta.Replicas {
			if peer.Current {
				current++
			}
		}
		led = led || len(p.servers) == 1 || state.Meta.Leader == name(i) && 2*current > len(p.servers) && current >= running
	}
	if !led {
		return "no leader with a majority in sync"
	}
	return ""
}

func (p *Programs) monitor(ctx context.Context, i int, path string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.servers[i].monitor+path, nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
		return p.Dialer(i).Dial(network, address)
	}}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var text json.RawMessage
	if err := json.NewDecoder(answer.Body).Decode(&text); err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s%s: %s", name(i), path, text)
	}
	return text, nil
}

// Leader waits until the servers that from reaches have a leader of the
// stream, and returns its number.
func (p *Programs) Leader(t testing.TB, from int, stream string) (leader int) {
	t.Helper()
	testkit.Eventually(t, "a leader of stream "+stream, func() (error, bool) {
		var err error
		if leader, err = p.leader(t.Context(), from, stream); err != nil {
			time.Sleep(pause)
		}
		return err, err == nil
	})
	return leader
}

func (p *Programs) leader(ctx context.Context, from int, stream string) (leader int, err error) {
	err = p.ask(ctx, from, func(ctx context.Context, j js.JetStream) error {
		s, err := j.Stream(ctx, stream)
		if err != nil {
			return err
		}
		if c := s.CachedInfo().Cluster; c != nil {
			for i := range p.servers {
				if c.Leader == name(i) {
					leader = i
					return nil
				}
			}
		}
		return errors.New("the stream has no leader")
	})
	return leader, err
}

// ask sends a JetStream request through server i.
func (p *Programs) ask(ctx context.Context, i int, what func(context.Context, js.JetStream) error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	nc, err := broker.Dial(ctx, "nats://"+p.Address(i), nats.SetCustomDialer(p.Dialer(i)))
	if err != nil {
		return err
	}
	defer nc.Close()
	j, err := js.New(nc)
	if err != nil {
		return err
	}
	return what(ctx, j)
}

// natsServer returns the path of the nats-server binary in the version that go.mod
// requires. It is built once and cached with the other tools of the tests.
func natsServer(t testing.TB) string {
	t.Helper()
	binary, err := builtServer()
	if err != nil {
		t.Fatalf("cannot build nats-server: %v", err)
	}
	return binary
}

var builtServer = sync.OnceValues(func() (string, error) {
	const of = "github.com/nats-io/nats-server/v2"
	version, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", of).Output()
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	folder := filepath.Join(cache, "docket-test")
	binary := filepath.Join(folder, "nats-server-"+strings.TrimSpace(string(version)))
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	made, err := os.MkdirTemp(folder, "made")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made)
	if out, err := exec.Command("go", "build", "-o", filepath.Join(made, "nats-server"), of).CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	// Rename is atomic, so no other run can find an incomplete file.
	return binary, os.Rename(filepath.Join(made, "nats-server"), binary)
})
