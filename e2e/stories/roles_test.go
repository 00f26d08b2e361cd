package stories

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/smtptest"
	"github.com/docketlog/docket/internal/testkit/sqltest"
)

// TestRolesApart runs gateway, projector and notifier as separate processes on
// a three-node NATS cluster and Postgres or MariaDB. A NATS node is stopped,
// and the projector is killed and a second one takes over; no work is lost.
func TestRolesApart(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		rolesApart(t, sqltest.NewPostgres(t, sqltest.PostgresURL(t)))
	})
	t.Run("mysql", func(t *testing.T) {
		t.Parallel()
		rolesApart(t, sqltest.NewMySQL(t, sqltest.MySQLURL(t)))
	})
}

func rolesApart(t *testing.T, database string) {
	t.Helper()
	cluster := brokertest.Cluster(t, 3)
	mails := smtptest.Start(t, "")
	settings := []string{"--nats", cluster.URL(), "--replicas", "3", "--database", database, "--smtp", mails.URL(), "--data", t.TempDir(), "--http", "127.0.0.1:0", "--url", "http://docket.test"}
	role := func(name string) *dockettest.Process {
		return dockettest.Start(t, append([]string{name}, settings...)...)
	}
	gateways := []*dockettest.Process{role("gateway"), role("gateway")}
	projectors := []*dockettest.Process{role("projector"), role("projector")}
	notifier := role("notifier")

	mina, jun := dockettest.Join(t, gateways[0], "Mina"), dockettest.Join(t, gateways[1], "Jun")
	junID := jun.Ask(200, "GET", "/api/v1/me", nil)["id"].(string)
	project := mina.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	mina.Ask(201, "POST", "/api/v1/projects/"+project+"/members", map[string]any{"email": "jun@example.org", "role": "member"})
	task := mina.Ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": "Fix the tap", "assignees": []string{junID}})
	path := "/api/v1/tasks/" + task["id"].(string)

	// Each person sees their own write and the other's, through the other
	// gateway.
	jun.Position = mina.Position
	if got := jun.Ask(200, "GET", path, nil); got["title"] != "Fix the tap" {
		t.Errorf("the other gateway answers %v", got)
	}
	mails.Wait(t, "jun@example.org", "Fix the tap")

	// A node stops. Commands still succeed.
	cluster.Stop(cluster.Leader(t, "EVENTS"))
	dockettest.Patiently(t, jun, "PATCH", path, map[string]any{"status": "done"})
	mina.Position = jun.Position
	if got := dockettest.Patiently(t, mina, "GET", path, nil); !strings.Contains(got, `"done"`) {
		t.Errorf("after a node went: %s", got)
	}

	// The active projector is killed; the other takes over.
	writing := 0
	testkit.Eventually(t, "a projector that writes", func() (string, bool) {
		states := []string{dockettest.Metric(t, projectors[0], "docket_rows_writing"), dockettest.Metric(t, projectors[1], "docket_rows_writing")}
		writing = max(0, slices.Index(states, "1"))
		return fmt.Sprintf("docket_rows_writing %q", states), states[writing] == "1"
	})
	projectors[writing].Kill()
	projectors = projectors[1-writing : 2-writing]
	for i := range 5 {
		dockettest.Patiently(t, mina, "PATCH", path, map[string]any{"title": fmt.Sprintf("Fix the tap, try %d", i)})
		if got := dockettest.Patiently(t, mina, "GET", path, nil); !strings.Contains(got, fmt.Sprintf("try %d", i)) {
			t.Errorf("after a projector went: %s", got)
		}
	}
	mails.Wait(t, "jun@example.org", "try 4")

	// Each role reports its state.
	for d, name := range map[*dockettest.Process]string{projectors[0]: "docket_rows_position", notifier: "docket_notices_delivered_total", gateways[0]: "docket_commands_accepted_total"} {
		if dockettest.Metric(t, d, name) == "" {
			t.Errorf("%s does not say %s", d.URL, name)
		}
	}
	for _, d := range []*dockettest.Process{gateways[0], gateways[1], projectors[0], notifier} {
		d.Stop()
	}
}
