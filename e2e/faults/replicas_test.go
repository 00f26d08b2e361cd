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
)

// TestReadReplicas runs a load while each of two databases, which have their
// own projectors, is killed and restarted. Each gateway continues with the
// other database and then returns to its own.
func TestReadReplicas(t *testing.T) {
	t.Parallel()
	const rate, outage = 20, 2 * time.Second
	databases := []*ownPostgres{startOwnPostgres(t), startOwnPostgres(t)}
	cluster := brokertest.Cluster(t, 3)
	settings := []string{"--nats", cluster.URL(), "--replicas", "3", "--data", t.TempDir(), "--url", "http://docket.test", "--request-rate", "0"}
	role := func(name string, more ...string) *dockettest.Process {
		return dockettest.Start(t, append(append([]string{name, "--http", "127.0.0.1:0"}, settings...), more...)...)
	}
	var projectors, gateways []*dockettest.Process
	for i := range databases {
		projectors = append(projectors, role("projector", "--database", databases[i].url()))
		gateways = append(gateways, role("gateway", "--database", databases[i].url(), "--read-replicas", databases[1-i].url()))
	}
	f := newFleet(t, gateways[0].URL, gateways[1].URL)
	f.settle(rate)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var working sync.WaitGroup
	working.Go(func() { f.every(ctx, rate, f.command) })
	working.Go(func() { f.every(ctx, 2*rate, f.query) })

	// chosen reports whether a gateway's metrics say that it uses a database.
	chosen := func(gateway, database int) bool {
		return dockettest.Metric(t, gateways[gateway], `docket_replica_chosen{database="`+withoutParameters(databases[database].url())+`"}`) == "1"
	}
	until := func(what string, gateway, database int) {
		t.Helper()
		testkit.Eventually(t, fmt.Sprintf("gateway %d %s", gateway, what), func() (string, bool) {
			state := fmt.Sprintf("chosen: the first %t, the second %t", chosen(gateway, 0), chosen(gateway, 1))
			return state, chosen(gateway, database)
		})
	}
	until("asks its own database", 0, 0)
	until("asks its own database", 1, 1)
	for i := range databases {
		began := time.Now()
		databases[i].kill()
		until("asks the other database", i, 1-i)
		time.Sleep(outage)
		testkit.Eventually(t, fmt.Sprintf("a query to be answered while database %d is away", i), func() (string, bool) {
			all, answered := f.queries.count(began, time.Now())
			return fmt.Sprintf("%d of %d were; refused: %v", answered, all, f.refused()), answered > 0
		})
		// A gateway started in the meantime does not need its own database.
		late := role("gateway", "--database", databases[i].url(), "--read-replicas", databases[1-i].url())
		fresh := &dockettest.Person{T: t, At: late, Token: f.people[0]}
		fresh.Ask(200, "GET", "/api/v1/projects", nil)
		late.Stop()
		databases[i].start()
		until("comes back", i, i)
		t.Logf("database %d away: commands %s · queries %s", i, f.commands.between(began, time.Now()), f.queries.between(began, time.Now()))
	}
	cancel()
	working.Wait()
	t.Logf("refused by one gateway, and then asked of the other: %v", f.refusals)
	f.verify()
	for _, d := range append(gateways, projectors...) {
		d.Stop()
	}
}

func withoutParameters(url string) string {
	bare, _, _ := strings.Cut(url, "?")
	return strings.Replace(bare, "docket@", "", 1)
}
