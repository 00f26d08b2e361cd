package stories

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/internal/testkit"
)

// guarded is a cluster of three real NATS servers with the configuration of
// deploy/nats and secrets created by deploy/secrets. Only the addresses and the
// storage folders are the test's.
type guarded struct {
	secrets string
	ports   []int
	servers []*server.Server
	said    *testkit.Buffer
}

func startGuarded(t *testing.T) *guarded {
	t.Helper()
	g := &guarded{secrets: filepath.Join(t.TempDir(), "secrets"), said: &testkit.Buffer{}}
	if out, err := exec.Command("../../deploy/secrets", g.secrets).CombinedOutput(); err != nil {
		t.Fatalf("deploy/secrets: %v\n%s", err, out)
	}
	folder := t.TempDir()
	for from, to := range map[string]string{
		"../../deploy/nats/nats.conf": "nats.conf", "../../deploy/nats/node.conf": "node.conf", "../../deploy/nats/accounts.conf": "accounts.conf",
		filepath.Join(g.secrets, "nats-passwords.conf"): "passwords.conf",
	} {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, to), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var options []*server.Options
	var routes []*url.URL
	for range 3 {
		client, route := testkit.FreePort(t), testkit.FreePort(t)
		g.ports = append(g.ports, client)
		routes = append(routes, &url.URL{Scheme: "tls", Host: fmt.Sprintf("127.0.0.1:%d", route)})
	}
	for i := range 3 {
		name := fmt.Sprintf("nats-%d", i+1)
		t.Setenv("NATS_NAME", name)
		t.Setenv("NATS_ROUTE", name+":6222")
		t.Setenv("NATS_CERT", filepath.Join(g.secrets, name+".pem"))
		t.Setenv("NATS_KEY", filepath.Join(g.secrets, name+".key"))
		t.Setenv("NATS_CA", filepath.Join(g.secrets, "nats-ca.pem"))
		o, err := server.ProcessConfigFile(filepath.Join(folder, "nats.conf"))
		if err != nil {
			t.Fatal(err)
		}
		if o.ServerName != name || !o.SyncAlways || o.TLSConfig == nil || o.Cluster.TLSConfig == nil || len(o.Routes) != 3 || o.Cluster.Advertise != name+":6222" {
			t.Fatalf("the configuration is not what it should be: %+v", o)
		}
		o.Host, o.Port, o.HTTPPort, o.StoreDir = "127.0.0.1", g.ports[i], 0, t.TempDir()
		_, route, _ := net.SplitHostPort(routes[i].Host)
		o.Cluster.Host, o.Cluster.Advertise, o.Routes = "127.0.0.1", "", routes
		fmt.Sscan(route, &o.Cluster.Port)
		o.JetStreamMaxStore, o.NoSigs, o.NoLog = 1<<40, true, true
		options = append(options, o)
	}
	for _, o := range options {
		s, err := server.NewServer(o)
		if err != nil {
			t.Fatal(err)
		}
		s.SetLoggerV2(serverLog{g.said}, false, false, false)
		s.Start()
		g.servers = append(g.servers, s)
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	}
	for _, s := range g.servers {
		if !s.ReadyForConnections(testkit.Limit) {
			t.Fatalf("waited %v for %s to be ready; the servers said:\n%s", testkit.Limit, s.Name(), g.said)
		}
	}
	return g
}

// serverLog collects the errors of the servers.
type serverLog struct{ to *testkit.Buffer }

func (l serverLog) Errorf(format string, v ...any) { fmt.Fprintf(l.to, format+"\n", v...) }
func (l serverLog) Fatalf(format string, v ...any) { fmt.Fprintf(l.to, "fatal: "+format+"\n", v...) }
func (serverLog) Noticef(string, ...any)           {}
func (serverLog) Warnf(string, ...any)             {}
func (serverLog) Debugf(string, ...any)            {}
func (serverLog) Tracef(string, ...any)            {}

// address returns a user's address of the cluster, as deploy/secrets writes it
// except for the servers' addresses.
func (g *guarded) address(t testing.TB, user string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(g.secrets, "nats-"+user))
	if err != nil {
		t.Fatal(err)
	}
	address := string(text)
	for i, port := range g.ports {
		address = strings.Replace(address, fmt.Sprintf("nats-%d:4222", i+1), fmt.Sprintf("127.0.0.1:%d", port), 1)
	}
	return address
}

func (g *guarded) ca() string { return filepath.Join(g.secrets, "nats-ca.pem") }

// conn connects as the user. The channel receives the errors of denied
// operations.
func (g *guarded) conn(t testing.TB, user string) (*nats.Conn, <-chan error) {
	t.Helper()
	refused := make(chan error, 64)
	nc, err := broker.Dial(t.Context(), g.address(t, user), nats.RootCAs(g.ca()), nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		refused <- err
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc, refused
}
