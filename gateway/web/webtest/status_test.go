package webtest

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/projections"
)

// interruptRebuild leaves unfinished rows, and rows kept from an earlier
// rebuild.
func (o *office) interruptRebuild() {
	o.t.Helper()
	if _, err := projections.Rebuild(o.t.Context(), o.Rows, o.Log, projections.RebuildOptions{}); err != nil {
		o.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(o.t.Context())
	_, err := projections.Rebuild(ctx, o.Rows, o.Log, projections.RebuildOptions{Progress: func(p projections.Progress) {
		if p.Done == p.Total {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		o.t.Fatalf("the rebuild was not interrupted: %v", err)
	}
}

// The administrator sees the progress of a rebuild that another process runs,
// and which rows are kept.
func TestStatusShowsARebuild(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	if r := o.ask(o.mina, "GET", "/status", nil); strings.Contains(r.Body, `id="building"`) || strings.Contains(r.Body, "Kept generation") {
		t.Errorf("a rebuild shows where there is none:\n%s", r.Body)
	}
	o.interruptRebuild()
	for _, want := range []string{`id="building"`, "Generation 3: ", "The rebuild was interrupted.", "<progress", "<dt>Kept generation</dt><dd>1</dd>"} {
		if r := o.ask(o.mina, "GET", "/status", nil); r.Status != 200 || !strings.Contains(r.Body, want) {
			t.Errorf("%d, the page lacks %q:\n%s", r.Status, want, r.Body)
		}
	}
	done := ""
	_, err := projections.Rebuild(t.Context(), o.Rows, o.Log, projections.RebuildOptions{Progress: func(p projections.Progress) {
		if done == "" {
			done = o.ask(o.mina, "GET", "/status", nil).Body
		}
	}})
	if err != nil || !strings.Contains(done, "Generation 3: ") || strings.Contains(done, "interrupted") {
		t.Errorf("while it goes on (%v):\n%s", err, done)
	}
}

// The administrator sees each database that answers, if there are several.
func TestStatusShowsReplicas(t *testing.T) {
	t.Parallel()
	replicas := []projections.Replica{{Name: "postgres://near/rows", Reachable: true, Chosen: true, Reads: 4711}}
	o := newOffice(t, func(options *gateway.Options) {
		options.Replicas = func() []projections.Replica { return replicas }
	})
	if r := o.ask(o.mina, "GET", "/status", nil); strings.Contains(r.Body, "postgres://near/rows") {
		t.Errorf("one database is shown as one of several:\n%s", r.Body)
	}
	replicas = append(replicas, projections.Replica{Name: "mysql://far/rows", Why: errors.New("gone")},
		projections.Replica{Name: "postgres://new/rows", Reachable: true, Why: projections.ErrStale}, projections.Replica{Name: "postgres://other/rows", Reachable: true})
	body := o.ask(o.mina, "GET", "/status", nil).Body
	for database, state := range map[string]string{
		"postgres://near/rows": "<td>4711</td><td>in use</td>", "mysql://far/rows": "<td>unreachable</td>",
		"postgres://new/rows": "<td>no rows to serve yet</td>", "postgres://other/rows": "<td>ready</td>",
	} {
		_, row, _ := strings.Cut(body, database)
		row, _, _ = strings.Cut(row, "</tr>")
		if !strings.Contains(row, state) {
			t.Errorf("of %s the page says %q, want %q", database, row, state)
		}
	}
}

// Rows that were not activated because they differ from those being served are
// not an interrupted rebuild: the page says why they wait, in the reader's
// language.
func TestStatusShowsADifference(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	rows, err := sql.Open("sqlite", "file:"+o.RowsFile+"?_pragma=busy_timeout(20000)")
	if err == nil {
		_, err = rows.ExecContext(t.Context(), "update g1_tasks set title = 'Forged'")
	}
	if err == nil {
		err = rows.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	var differs *projections.DifferenceError
	if _, err := projections.Rebuild(t.Context(), o.Rows, o.Log, projections.RebuildOptions{}); !errors.As(err, &differs) {
		t.Fatalf("the rebuild found nothing: %v", err)
	}
	for language, words := range map[string]string{"en": "differ from the rows served", "ko": "제공 중인 행과 달라"} {
		r := o.ask(o.mina, "GET", "/status", nil, func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "docket_language", Value: language}) })
		if r.Status != 200 || !strings.Contains(r.Body, `id="differs"`) || !strings.Contains(r.Body, words) || strings.Contains(r.Body, "interrupted") || strings.Contains(r.Body, "중단") {
			t.Errorf("%s: %d, the difference is not told:\n%s", language, r.Status, r.Body)
		}
	}
	// Once accepted, there is nothing left to report.
	if _, err := projections.Rebuild(t.Context(), o.Rows, o.Log, projections.RebuildOptions{AcceptDifferences: true}); err != nil {
		t.Fatal(err)
	}
	if r := o.ask(o.mina, "GET", "/status", nil); strings.Contains(r.Body, `id="differs"`) {
		t.Errorf("the difference is still told:\n%s", r.Body)
	}
}
