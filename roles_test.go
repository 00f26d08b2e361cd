package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/internal/testkit"
)

// TestRolesApart runs gateway, projector and notifier as processes of their
// own on a three-node NATS cluster and Postgres, or MariaDB. A NATS node is
// stopped, the projector is killed and a second one takes over; nobody's work is
// lost.
func TestRolesApart(t *testing.T) {
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		rolesApart(t, newPostgres(t, postgresURL(t)))
	})
	t.Run("mysql", func(t *testing.T) {
		t.Parallel()
		rolesApart(t, newMySQL(t, mysqlURL(t)))
	})
}

func rolesApart(t *testing.T, database string) {
	t.Helper()
	cluster := brokertest.Cluster(t, 3)
	mails := startMailServer(t)
	settings := []string{"--nats", cluster.URL(), "--replicas", "3", "--database", database, "--smtp", mails.url, "--data", t.TempDir(), "--http", "127.0.0.1:0", "--url", "http://docket.test"}
	role := func(name string) *docket { return start(t, append([]string{name}, settings...)...) }
	gateways := []*docket{role("gateway"), role("gateway")}
	projectors := []*docket{role("projector"), role("projector")}
	notifier := role("notifier")

	mina, jun := join(t, gateways[0], "Mina"), join(t, gateways[1], "Jun")
	junID := jun.ask(200, "GET", "/api/v1/me", nil)["id"].(string)
	project := mina.ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	mina.ask(201, "POST", "/api/v1/projects/"+project+"/members", map[string]any{"email": "jun@example.org", "role": "member"})
	task := mina.ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": "Fix the tap", "assignees": []string{junID}})
	path := "/api/v1/tasks/" + task["id"].(string)

	// One's own write, and that of the other, through the other gateway.
	jun.position = mina.position
	if got := jun.ask(200, "GET", path, nil); got["title"] != "Fix the tap" {
		t.Errorf("the other gateway answers %v", got)
	}
	mails.wait(t, "jun@example.org", "Fix the tap")

	// A node goes. Commands go on.
	cluster.Stop(cluster.Leader(t, "EVENTS"))
	patiently(t, jun, "PATCH", path, map[string]any{"status": "done"})
	mina.position = jun.position
	if got := patiently(t, mina, "GET", path, nil); !strings.Contains(got, `"done"`) {
		t.Errorf("after a node went: %s", got)
	}

	// The projector that writes is killed; the other takes over.
	writing := 0
	testkit.Eventually(t, "a projector that writes", func() (string, bool) {
		states := []string{metric(t, projectors[0], "docket_rows_writing"), metric(t, projectors[1], "docket_rows_writing")}
		writing = max(0, slices.Index(states, "1"))
		return fmt.Sprintf("docket_rows_writing %q", states), states[writing] == "1"
	})
	projectors[writing].kill()
	projectors = projectors[1-writing : 2-writing]
	for i := range 5 {
		patiently(t, mina, "PATCH", path, map[string]any{"title": fmt.Sprintf("Fix the tap, try %d", i)})
		if got := patiently(t, mina, "GET", path, nil); !strings.Contains(got, fmt.Sprintf("try %d", i)) {
			t.Errorf("after a projector went: %s", got)
		}
	}
	mails.wait(t, "jun@example.org", "try 4")

	// Each role says how it is.
	for d, name := range map[*docket]string{projectors[0]: "docket_rows_position", notifier: "docket_notices_delivered_total", gateways[0]: "docket_commands_accepted_total"} {
		if metric(t, d, name) == "" {
			t.Errorf("%s does not say %s", d.url, name)
		}
	}
	for _, d := range []*docket{gateways[0], gateways[1], projectors[0], notifier} {
		d.stop()
	}
}

// metric is the value a process gives for a metric, or empty.
func metric(t testing.TB, d *docket, name string) string {
	t.Helper()
	answer, err := http.Get(d.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("metrics of %s: status %d, %v", d.url, answer.StatusCode, err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// patiently repeats a request under one idempotency key while the answer is
// that the service is not available, as a client should.
func patiently(t *testing.T, p *person, method, path string, body any) string {
	t.Helper()
	key := fmt.Sprintf("%s-%d", method, time.Now().UnixNano())
	var a answer
	testkit.Eventually(t, method+" "+path+": an answer", func() (string, bool) {
		var err error
		a, err = p.try(t.Context(), method, path, body, "Idempotency-Key", key)
		if err == nil && a.status != http.StatusOK && a.status != http.StatusServiceUnavailable {
			t.Fatalf("%s %s: status %d: %s", method, path, a.status, a.body)
		}
		done := err == nil && a.status == http.StatusOK
		if !done {
			time.Sleep(pause)
		}
		return fmt.Sprintf("%v, status %d: %s", err, a.status, a.body), done
	})
	return string(a.body)
}
