//go:build linux

package faults

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/sqltest"
)

// TestPartition has three NATS servers on separate machines, as far as the
// network is concerned. There is a gateway beside one of them and another
// beside the log's leader, which is then cut off from the other two. The
// majority side continues. The other side clearly refuses every write,
// including those it might have counted as written. When the network is
// restored, everything sent on either side is there exactly once.
//
// Both sides can reach the database throughout: a side that reads without a log
// must not answer wrongly either.
func TestPartition(t *testing.T) {
	kinds := map[string]bool{"cut off": false}
	if soaking() { // this takes as long as the other case
		kinds["heard and deaf"] = true
	}
	for name, deaf := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rounds := 1
			if soaking() {
				rounds = 5
			}
			rows, err := url.Parse(sqltest.NewPostgres(t, sqltest.PostgresURL(t)))
			if err != nil {
				t.Fatal(err)
			}
			machines := newMachines(t, 3)
			places := make([]brokertest.Place, len(machines))
			for i, m := range machines {
				places[i] = brokertest.Place{Folder: t.TempDir(), Host: m.address, Within: m.within}
				relay(t, m.listen(rows.Host), func() (net.Conn, error) { return net.Dial("tcp", rows.Host) })
			}
			servers := brokertest.StartPrograms(t, brokertest.Always, places...)
			settings := []string{"--nats", servers.URL(), "--replicas", "3", "--database", rows.String(), "--data", t.TempDir(), "--url", "http://docket.test"}

			// The stream has a leader before the clients know it.
			machines[0].role(t, "gateway", settings).Stop()
			leader := servers.Leader(t, 0, "EVENTS")
			few, many := machines[leader], machines[(leader+1)%3]
			// The gateway on the far side connects only to the server that will
			// be cut off, and learns of the others only from it.
			far := append([]string{"--nats", "nats://" + servers.Address(leader)}, settings[2:]...)
			minority, majority := few.role(t, "gateway", settings), many.role(t, "gateway", far)
			projector, notifier := many.role(t, "projector", far), many.role(t, "notifier", far)

			there := newFleet(t, majority.URL, minority.URL)
			there.settle(20)
			there = there.through(majority.URL)
			here := there.through(minority.URL)
			there.timeout, here.timeout = testkit.Limit, testkit.Limit

			for range rounds {
				ctx, cancel := context.WithCancel(t.Context())
				var working sync.WaitGroup
				for _, f := range []*fleet{here, there} {
					working.Go(func() { f.every(ctx, 10, f.command) })
					working.Go(func() { f.every(ctx, 10, f.query) })
				}
				there.await(10)
				here.await(10)
				few.leave(deaf)
				began := time.Now()
				there.await(30)
				time.Sleep(3 * time.Second)
				ended := time.Now()
				few.join()
				here.await(10)
				there.await(10)
				cancel()
				working.Wait()
				t.Logf("with the majority: commands %s · queries %s", there.commands.between(began, ended), there.queries.between(began, ended))
				t.Logf("with the minority: commands %s · queries %s · ten more commands %s after", here.commands.between(began, ended), here.queries.between(began, ended), time.Since(ended).Round(time.Millisecond))
				if n := here.commands.answered(began, ended); n > 0 {
					t.Errorf("the minority acknowledged %d commands", n)
				}
				for _, f := range []*fleet{here, there} {
					f.resend()
					f.verify()
					f.refusedClearly()
				}
			}
			out, code := "", 0
			many.within(func() { out, code = dockettest.Once(t, append([]string{"audit", "verify"}, settings...)...) })
			if code != 0 {
				t.Errorf("audit verify: exit code %d: %s", code, out)
			}
			for _, d := range []*dockettest.Process{minority, majority, projector, notifier} {
				d.Stop()
			}
		})
	}
}

// machine is a network connected to a switch that all machines share.
type machine struct {
	*namespace
	address string
}

// newMachines creates n machines that can reach each other.
func newMachines(t testing.TB, n int) []*machine {
	t.Helper()
	between := newNamespace(t)
	if err := between.try("ip", "link", "add", "switch", "type", "bridge"); err != nil {
		t.Skipf("SKIPPED: this machine has no bridges: %v", err)
	}
	between.run("ip", "link", "set", "switch", "up")
	machines := make([]*machine, n)
	for i := range machines {
		m := &machine{newNamespace(t), fmt.Sprintf("10.77.0.%d", i+1)}
		port := fmt.Sprint("port", i)
		if err := between.try("ip", "link", "add", port, "type", "veth", "peer", "name", "wire", "netns", m.path()); err != nil {
			t.Skipf("SKIPPED: this machine has no wires between networks: %v", err)
		}
		between.run("ip", "link", "set", port, "master", "switch", "up")
		m.run("ip", "address", "add", m.address+"/24", "dev", "wire")
		m.run("ip", "link", "set", "wire", "up")
		if err := m.try("nft", "add table inet partition"); err != nil {
			t.Skipf("SKIPPED: this machine filters nothing: %v", err)
		}
		machines[i] = m
	}
	return machines
}

// role starts a role of docket on the machine. Its HTTP port is reachable from
// the test.
func (m *machine) role(t testing.TB, name string, settings []string) *dockettest.Process {
	t.Helper()
	var d *dockettest.Process
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.within(func() { d = dockettest.Start(t, append([]string{name, "--http", "127.0.0.1:0"}, settings...)...) })
	inside := d.URL[len("http://"):]
	relay(t, outside, func() (net.Conn, error) { return m.dial(inside) })
	d.URL = "http://" + outside.Addr().String()
	return d
}

// leave drops all packets to the machine and, unless deaf, all packets from it.
func (m *machine) leave(deaf bool) {
	m.t.Helper()
	m.run("nft", `add chain inet partition in { type filter hook input priority 0; }; add rule inet partition in iifname "wire" drop`)
	if !deaf {
		m.run("nft", `add chain inet partition out { type filter hook output priority 0; }; add rule inet partition out oifname "wire" drop`)
	}
}

// join restores the connection.
func (m *machine) join() {
	m.t.Helper()
	m.run("nft", "flush table inet partition; delete table inet partition; add table inet partition")
}
