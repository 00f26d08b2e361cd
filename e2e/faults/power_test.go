package faults

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/sqltest"
)

// TestPowerCut repeatedly cuts the power of the disk that holds everything of a
// single process (log, accounts and rows) under load. Everything acknowledged
// is there exactly once, registered accounts can log in, unacknowledged
// commands can be retried, and the rows match the log.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	rounds := 3
	if soaking() {
		rounds = 50
	}
	disk := newDisk(t)
	data := filepath.Join(disk.at, "data")
	args := []string{"--data", data, "--http", testkit.FreeAddress(t)}
	d := dockettest.Start(t, args...)
	f := newFleet(t, d.URL)
	f.settle(20)
	for round := range rounds {
		stop := f.work(32)
		f.await(200)
		somebody := fmt.Sprint("Round", round)
		dockettest.Join(t, d, somebody)
		disk.cut()
		// The program briefly continues with a disk that accepts no writes.
		time.Sleep(rand.N(300 * time.Millisecond))
		d.Kill()
		stop()
		disk.restore()
		d = dockettest.Start(t, args...)
		dockettest.Join(t, d, somebody) // a registered account stays, with its password
		f.resend()
		f.verify()
		if out, code := dockettest.Once(t, "audit", "verify", "--data", data); code != 0 {
			t.Errorf("audit verify after cut %d: exit code %d: %s", round+1, code, out)
		}
		if t.Failed() {
			break
		}
	}
	if out, code := dockettest.Once(t, "rebuild", "--data", data); code != 0 {
		t.Errorf("rebuild: exit code %d: %s", code, out)
	}
	d.Stop()
}

// TestPowerCutOfACluster has three NATS servers on separate disks, and the
// roles elsewhere. The power fails first at the log's leader, and work
// continues; then at all three at once.
func TestPowerCutOfACluster(t *testing.T) {
	t.Parallel()
	rounds := 1
	if soaking() {
		rounds = 10
	}
	rows := sqltest.NewPostgres(t, sqltest.PostgresURL(t))
	servers, disks := newPoweredCluster(t, brokertest.Always)
	settings := []string{"--nats", servers.URL(), "--database", rows}
	roles := append([]string{"--replicas", "3", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--url", "http://docket.test"}, settings...)
	gateway, projector, notifier := dockettest.Start(t, append([]string{"gateway"}, roles...)...), dockettest.Start(t, append([]string{"projector"}, roles...)...), dockettest.Start(t, append([]string{"notifier"}, roles...)...)
	f := newFleet(t, gateway.URL)
	f.settle(20)
	for round := range rounds {
		stop := f.work(32)
		f.await(200)
		leader := servers.Leader(t, 0, "EVENTS")
		disks[leader].cut()
		servers.Kill(leader)
		f.await(200)
		disks[leader].restore()
		servers.Start(t, leader)
		servers.Ready(t)
		f.await(200)
		cutAll(servers, disks)
		stop()
		for i := range disks {
			disks[i].restore()
			servers.Start(t, i)
		}
		servers.Ready(t)
		f.resend()
		f.verify()
		if out, code := dockettest.Once(t, append([]string{"audit", "verify"}, settings...)...); code != 0 {
			t.Errorf("audit verify after round %d: exit code %d: %s", round+1, code, out)
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("refused meanwhile: %v", f.refused())
	for _, role := range []*dockettest.Process{gateway, projector, notifier} {
		role.Stop()
	}
}

// TestPowerCutTakesWhatIsNotSynced cuts the power of servers that sync
// periodically, the default of NATS. They must lose acknowledged data:
// otherwise the power cut has no effect, and the tests above prove nothing.
func TestPowerCutTakesWhatIsNotSynced(t *testing.T) {
	one := func(t *testing.T, sync string) (lost int) {
		t.Parallel()
		disks := []*disk{newDisk(t)}
		return lostByACut(t, brokertest.StartPrograms(t, sync, brokertest.Place{Folder: disks[0].at}), disks, "1")
	}
	t.Run("one server", func(t *testing.T) {
		if lost := one(t, `"2m"`); lost == 0 {
			t.Error("the cut takes nothing from a server that does not sync: this rig proves nothing")
		}
	})
	t.Run("one server that syncs", func(t *testing.T) {
		if lost := one(t, brokertest.Always); lost > 0 {
			t.Errorf("%d acknowledged comments are lost", lost)
		}
	})
	t.Run("three servers", func(t *testing.T) {
		t.Parallel()
		servers, disks := newPoweredCluster(t, `"2m"`)
		if lost := lostByACut(t, servers, disks, "3"); lost == 0 {
			t.Error("the cut takes nothing from servers that do not sync: this rig proves nothing")
		}
	})
}

// lostByACut runs a load until the power fails everywhere, and counts the
// acknowledged commands that are not in the log.
func lostByACut(t *testing.T, servers *brokertest.Programs, disks []*disk, replicas string) (lost int) {
	t.Helper()
	settings := []string{"--nats", servers.URL(), "--replicas", replicas, "--data", t.TempDir()}
	d := dockettest.Start(t, append([]string{"--http", "127.0.0.1:0"}, settings...)...)
	f := newFleet(t, d.URL)
	f.settle(5)
	stop := f.work(8)
	f.await(100)
	cutAll(servers, disks)
	d.Kill()
	stop()
	for i := range disks {
		disks[i].restore()
		servers.Start(t, i)
	}
	for i := range disks {
		servers.Answer(t, i)
	}
	out, code := dockettest.Once(t, append([]string{"replay"}, settings...)...)
	if code != 0 {
		t.Logf("the log cannot be read at all: exit code %d", code)
	}
	acknowledged := 0
	for _, said := range f.acknowledged {
		for text := range said {
			acknowledged++
			if !strings.Contains(out, text) {
				lost++
			}
		}
	}
	t.Logf("%d of %d acknowledged comments are lost", lost, acknowledged)
	return lost
}

// newPoweredCluster starts three NATS servers, each on its own disk.
func newPoweredCluster(t *testing.T, sync string) (*brokertest.Programs, []*disk) {
	t.Helper()
	disks := make([]*disk, 3)
	places := make([]brokertest.Place, len(disks))
	for i := range disks {
		disks[i] = newDisk(t)
		places[i].Folder = disks[i].at
	}
	return brokertest.StartPrograms(t, sync, places...), disks
}

// cutAll cuts the power of all disks at once and then ends the servers.
func cutAll(servers *brokertest.Programs, disks []*disk) {
	var all sync.WaitGroup
	for _, d := range disks {
		all.Go(d.cut)
	}
	all.Wait()
	for i := range disks {
		servers.Kill(i)
	}
}
