package audit_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/audit"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/projections"
)

// fixture is a log with a project, two tasks and ten events.
type fixture struct {
	nc             *nats.Conn
	log            *jetstream.Log
	handler        *commands.Handler
	owner, project uuid.UUID
	tap, bed       uuid.UUID
	clock          time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{nc: brokertest.Conn(t), owner: uuid.New(), project: uuid.New(), tap: uuid.New(), bed: uuid.New(),
		clock: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	var err error
	if f.log, err = jetstream.Open(t.Context(), f.nc, jetstream.Options{}); err != nil {
		t.Fatal(err)
	}
	// Every command is decided one day after the previous one.
	f.handler = commands.NewHandler(f.log, commands.Options{Now: func() time.Time { return f.clock }})
	f.do(t, commands.CreateProject{Project: f.project, Name: "Garden"})
	f.do(t, commands.CreateTask{Task: f.tap, Project: f.project, Title: "Fix the tap"})
	f.do(t, commands.CreateTask{Task: f.bed, Project: f.project, Title: "Dig the bed"})
	for _, status := range []string{"in_progress", "done", "waiting"} {
		f.do(t, commands.MoveTask{Task: f.tap, Status: status})
		f.do(t, commands.MoveTask{Task: f.bed, Status: status})
	}
	f.do(t, commands.DeleteTask{Task: f.bed})
	return f
}

func (f *fixture) do(t *testing.T, c commands.Command) {
	t.Helper()
	f.clock = f.clock.AddDate(0, 0, 1)
	if _, err := f.handler.Handle(t.Context(), c, commands.Request{Actor: f.owner, Command: uuid.New()}); err != nil {
		t.Fatal(err)
	}
}

// forge writes events without any check, as a client with the broker's password
// could.
func (f *fixture) forge(t *testing.T, of events.Aggregate, n int, change func(*events.Head)) {
	t.Helper()
	_, head, err := f.log.Load(t.Context(), events.Head{Aggregate: of})
	if err != nil {
		t.Fatal(err)
	}
	change(&head)
	commit := events.Commit{Head: head, Project: f.project, Command: uuid.New(), Actor: f.owner, Time: f.clock, Events: slices.Repeat([]events.Event{events.TaskRestored{}}, n)}
	sealed, err := commit.Seal()
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		message := &nats.Msg{Subject: of.Subject(), Header: sealed[i].Headers(), Data: sealed[i].Payload}
		if _, err := f.nc.RequestMsg(message, testkit.Limit); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReplaySelectsEvents(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, c := range map[string]struct {
		query audit.Query
		want  int
	}{
		"all":                 {audit.Query{}, 10},
		"one task":            {audit.Query{Task: f.tap}, 4},
		"the project":         {audit.Query{Project: f.project}, 10},
		"another project":     {audit.Query{Project: uuid.New()}, 0},
		"from":                {audit.Query{From: 4}, 7},
		"to":                  {audit.Query{To: 4}, 4},
		"from to":             {audit.Query{From: 4, To: 4}, 1},
		"beyond the end":      {audit.Query{From: 400}, 0},
		"until a time":        {audit.Query{Until: time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)}, 2},
		"types":               {audit.Query{Types: []events.Type{events.TypeTaskDeleted, events.TypeProjectCreated}}, 2},
		"all conditions hold": {audit.Query{Task: f.bed, Types: []events.Type{events.TypeTaskMoved}, From: 6}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var last uint64
			got := 0
			err := audit.Replay(t.Context(), f.log, c.query, func(e *events.Envelope) error {
				if e.Position.Sequence <= last {
					t.Errorf("sequence %d comes after %d", e.Position.Sequence, last)
				}
				last = e.Position.Sequence
				got++
				line, err := audit.Line(e)
				if err != nil {
					return err
				}
				var decoded struct {
					Hash string
					Data json.RawMessage
				}
				if err := json.Unmarshal(line, &decoded); err != nil || bytes.ContainsRune(line, '\n') {
					t.Errorf("line %s: %v", line, err)
				}
				if decoded.Hash != e.Hash().String() || !bytes.Equal(decoded.Data, e.Payload) {
					t.Errorf("line %s differs from the event", line)
				}
				return nil
			})
			if err != nil || got != c.want {
				t.Errorf("%d events, error %v; want %d events", got, err, c.want)
			}
		})
	}
}

func TestChainsOfAnIntactLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var last uint64
	report, err := audit.Chains(t.Context(), f.log, func(done, total uint64) { last = done })
	if err != nil {
		t.Fatal(err)
	}
	if report.Broken != 0 || report.Events != 10 || report.Aggregates != 3 || report.Forks != 0 || last != 10 {
		t.Errorf("report %+v, progress up to %d", report, last)
	}
}

func TestChainsReportForgedEvents(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		forge func(*testing.T, *fixture)
		found int
		forks uint64
	}{
		"wrong previous hash": {func(t *testing.T, f *fixture) {
			f.forge(t, events.Task(f.tap), 1, func(h *events.Head) { h.Hash[0] ^= 1 })
		}, 1, 0},
		"skipped revision": {func(t *testing.T, f *fixture) {
			f.forge(t, events.Task(f.tap), 1, func(h *events.Head) { h.Revision++ })
		}, 1, 0},
		"repeated revision": {func(t *testing.T, f *fixture) {
			f.forge(t, events.Task(f.tap), 1, func(h *events.Head) { h.Revision-- })
		}, 0, 1},
		"repeated revision and its successor": {func(t *testing.T, f *fixture) {
			f.forge(t, events.Task(f.tap), 2, func(h *events.Head) { h.Revision-- })
		}, 0, 2},
		"malformed message": {func(t *testing.T, f *fixture) {
			if _, err := f.nc.Request(events.Task(f.tap).Subject(), []byte("hello"), testkit.Limit); err != nil {
				t.Fatal(err)
			}
		}, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			c.forge(t, f)
			report, err := audit.Chains(t.Context(), f.log, nil)
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Findings) != c.found || int(report.Broken) != c.found || report.Forks != c.forks {
				t.Errorf("report %+v, want %d findings and %d forks", report, c.found, c.forks)
			}
			if c.found > 0 && report.Findings[0].Position.Sequence != 11 {
				t.Errorf("findings %v, want one at position 11", report.Findings)
			}
		})
	}
}

func TestDriftComparesRowsWithTheLog(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, driftComparesRowsWithTheLog)
}

func driftComparesRowsWithTheLog(t *testing.T, address string, rows *sql.DB) {
	f := newFixture(t)
	live, err := projections.Open(t.Context(), address, projections.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = live.Close() })
	if _, err := projections.Rebuild(t.Context(), live, f.log, projections.RebuildOptions{}); err != nil {
		t.Fatal(err)
	}
	// The log grows after the rebuild; the comparison ends at the rows' position.
	f.do(t, commands.RestoreTask{Task: f.bed})
	drift := func() audit.DriftReport {
		t.Helper()
		scratch := t.TempDir()
		report, err := audit.Drift(t.Context(), f.log, live, scratch, nil)
		if err != nil {
			t.Fatal(err)
		}
		if left, _ := filepath.Glob(filepath.Join(scratch, "*")); len(left) != 0 {
			t.Errorf("scratch files remain: %v", left)
		}
		return report
	}
	if report := drift(); report.Difference != "" || report.Rows == 0 || report.Position.Sequence != 10 {
		t.Fatalf("report %+v, want no difference at position 10", report)
	}
	// Change a row, then delete one.
	for _, statement := range []string{
		`UPDATE %stasks SET title = 'Fix the top' WHERE title = 'Fix the tap'`,
		`DELETE FROM %stasks WHERE title = 'Fix the top'`,
	} {
		alter(t, rows, statement)
		report := drift()
		if !strings.Contains(report.Difference, "tasks") {
			t.Errorf("%s: difference %q, want one in tasks", statement, report.Difference)
		}
	}
}

func TestDriftDetectsRowsOfAnotherLog(t *testing.T) {
	t.Parallel()
	f, other := newFixture(t), newFixture(t)
	live, err := projections.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "rows.db"), projections.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = live.Close() })
	if _, err := projections.Rebuild(context.Background(), live, other.log, projections.RebuildOptions{}); err != nil {
		t.Fatal(err)
	}
	report, err := audit.Drift(t.Context(), f.log, live, t.TempDir(), nil)
	if err != nil || report.Difference == "" {
		t.Errorf("report %+v, error %v, want a difference", report, err)
	}
}
