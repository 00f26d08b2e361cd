package faults

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/smtptest"
)

// TestAvailability runs a load against the clustered set-up (three NATS
// servers, Postgres, two processes of each role) while one process of each kind
// is killed in turn and restarted. For each kill it reports how many commands
// and queries were answered, how fast, and the longest time without an answer;
// and the same for the mails about the commands. Every acknowledged command
// must be there exactly once, and no answer may be wrong.
//
// With DOCKET_SOAK it runs at 200 commands and 400 queries a second, otherwise
// at a tenth of that and with shorter outages.
func TestAvailability(t *testing.T) {
	t.Parallel()
	rate, outage := 20, 3*time.Second
	if soaking() {
		rate, outage = 200, 20*time.Second
	}
	database := startOwnPostgres(t)
	servers := brokertest.StartPrograms(t, brokertest.Always, brokertest.Place{Folder: t.TempDir()}, brokertest.Place{Folder: t.TempDir()}, brokertest.Place{Folder: t.TempDir()})
	mails := smtptest.Start(t, "")
	settings := []string{"--nats", servers.URL(), "--replicas", "3", "--database", database.url(), "--smtp", mails.URL(), "--data", t.TempDir(), "--url", "http://docket.test"}
	role := func(name, address string) *dockettest.Process {
		return dockettest.Start(t, append([]string{name, "--http", address}, settings...)...)
	}
	type member struct {
		name, address string
		*dockettest.Process
	}
	roles := map[string]*[2]member{"gateway": {}, "projector": {}, "notifier": {}}
	for name, pair := range roles {
		for i := range pair {
			address := testkit.FreeAddress(t)
			pair[i] = member{name, address, role(name, address)}
		}
	}
	f := newFleet(t, roles["gateway"][0].URL, roles["gateway"][1].URL)
	// The client's timeout is that of a gateway.
	f.timeout = 16 * time.Second
	f.settle(rate)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var working sync.WaitGroup
	working.Go(func() { f.every(ctx, rate, f.command) })
	working.Go(func() { f.every(ctx, 2*rate, f.query) })
	time.Sleep(outage / 2)

	replace := func(m *member) { m.Process = role(m.name, m.address) }
	writing := func() int {
		if dockettest.Metric(t, roles["projector"][1].Process, "docket_rows_writing") == "1" {
			return 1
		}
		return 0
	}
	type window struct {
		what     string
		from, to time.Time
	}
	var windows []window
	during := func(what string, break_, mend func()) {
		t.Helper()
		began := time.Now()
		break_()
		time.Sleep(outage)
		mend()
		time.Sleep(outage)
		windows = append(windows, window{what, began, time.Now()})
	}
	during("nothing", func() {}, func() {})
	gateway := &roles["gateway"][0]
	during("a gateway", gateway.Kill, func() { replace(gateway) })
	n := writing()
	projector, other := &roles["projector"][n], &roles["projector"][1-n]
	var takeover time.Duration
	during("the writing projector", func() {
		projector.Kill()
		began := time.Now()
		testkit.Eventually(t, "the other projector to take over the rows", func() (string, bool) {
			writing := dockettest.Metric(t, other.Process, "docket_rows_writing")
			return "docket_rows_writing " + writing, writing == "1"
		})
		takeover = time.Since(began)
	}, func() { replace(projector) })
	notifier := &roles["notifier"][0]
	during("a notifier", notifier.Kill, func() { replace(notifier) })
	leader := servers.Leader(t, 0, "EVENTS")
	during("the log's leader", func() { servers.Kill(leader) }, func() { servers.Start(t, leader) })
	servers.Ready(t)
	follower := (servers.Leader(t, leader, "EVENTS") + 1) % 3
	during("another NATS server", func() { servers.Kill(follower) }, func() { servers.Start(t, follower) })
	servers.Ready(t)
	during("the database", func() {
		database.kill()
		began := time.Now()
		testkit.Eventually(t, "a command to be accepted while only the database is away", func() (string, bool) {
			all, ok := f.commands.count(began, time.Now())
			return fmt.Sprintf("%d of %d were; refused: %v", ok, all, f.refused()), ok > 0
		})
	}, database.start)
	cancel()
	working.Wait()
	f.verify()
	told := told(t, mails, f.said)
	var report strings.Builder
	for _, w := range windows {
		fmt.Fprintf(&report, "%-22s commands %s\n%-22s  queries %s\n%-22s    mails %s\n",
			w.what, f.commands.between(w.from, w.to), "", f.queries.between(w.from, w.to), "", told.between(w.from, w.to))
	}
	fmt.Fprintf(&report, "the other projector wrote %s after the kill\n", takeover.Round(time.Millisecond))
	fmt.Fprintf(&report, "refused by one gateway, and then asked of the other: %v\n", f.refusals)
	t.Logf("at %d commands and %d queries a second, each kind away for %s and watched for as long again:\n%s", rate, 2*rate, outage, &report)
	for _, pair := range roles {
		for i := range pair {
			pair[i].Stop()
		}
	}
}
