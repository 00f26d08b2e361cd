package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/fold"
	"github.com/docketlog/docket/projections/schema"
)

// During a rebuild the old rows are served and kept up to date, events keep
// arriving, and the projector continues with the new rows by itself.
func TestRebuildWhileLive(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		sim := newSimulation(l, testChoices(11))
		sim.steps(300)
		live, other := openURL(t, url), openURL(t, url)
		p, _ := run(t, live, l, ProjectorOptions{BatchSize: 20})
		arrive(t, live, l)

		ctx, cancel := context.WithCancel(t.Context())
		var busy sync.WaitGroup
		busy.Go(func() {
			for ctx.Err() == nil {
				sim.steps(1)
				time.Sleep(time.Millisecond)
			}
		})
		busy.Go(func() {
			var last events.Position
			for ctx.Err() == nil {
				err := live.Read(t.Context(), events.Position{}, func(q *Snapshot) error {
					if q.Position.Sequence < last.Sequence {
						t.Errorf("answers went back from %s to %s", last, q.Position)
					}
					last = q.Position
					_, err := q.People(t.Context())
					if err == nil {
						_, _, err = q.MyTasks(t.Context(), id(1), TaskFilter{}, Page{})
					}
					return err
				})
				if err != nil {
					t.Errorf("while rebuilding: %v", err)
				}
			}
		})
		for range 5 {
			if _, err := Rebuild(t.Context(), other, l, RebuildOptions{}); err != nil {
				t.Error(err)
			}
		}
		cancel()
		busy.Wait()
		arrive(t, live, l)
		testkit.Eventually(t, "the projector follows the last generation", func() (string, bool) {
			m, err := live.model(t.Context())
			s := p.Status()
			return fmt.Sprintf("generation %d, %v; the projector: %+v", m.generation, err, s), err == nil && s.Generation == m.generation && s.State == StateFollowing
		})
		onlyLiveAndKept(t, live)
		sameRows(t, live, l)
	})
}

// An interrupted rebuild leaves the live rows unchanged and continues where it
// stopped; cancelling it leaves nothing behind.
func TestRebuildInterrupted(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		newSimulation(l, testChoices(12)).steps(100)
		run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		want := dump(t, s)
		interrupt := func() {
			t.Helper()
			ctx, cancel := context.WithCancel(t.Context())
			_, err := Rebuild(ctx, s, l, RebuildOptions{Progress: func(p Progress) {
				if p.Done == p.Total {
					cancel()
				}
			}})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("interrupted: %v", err)
			}
			if dump(t, s) != want {
				t.Error("an interrupted rebuild changed the live rows")
			}
			if b, err := s.Building(t.Context()); err != nil || !b.Interrupted || b.Done != l.end().Sequence || b.Total != b.Done {
				t.Errorf("what was interrupted: %+v, %v", b, err)
			}
		}
		interrupt()
		if n, err := Cancel(t.Context(), s); err != nil || n != 2 {
			t.Errorf("cancelled: %d, %v", n, err)
		}
		onlyLiveAndKept(t, s)
		if b, err := s.Building(t.Context()); err != nil || b != (Building{}) {
			t.Errorf("after it was cancelled: %+v, %v", b, err)
		}
		if n, err := Cancel(t.Context(), s); err != nil || n != 0 {
			t.Errorf("cancelled twice: %d, %v", n, err)
		}

		interrupt()
		done, err := Rebuild(t.Context(), s, l, RebuildOptions{})
		if err != nil || done.From != l.end().Sequence || !done.Compared {
			t.Errorf("went on: %+v, %v", done, err)
		}
		if status, _ := s.Status(t.Context()); status.Generation != 3 {
			t.Errorf("generation %d is served, want that which was interrupted", status.Generation)
		}
		interrupt()
		if done, err = Rebuild(t.Context(), s, l, RebuildOptions{Fresh: true}); err != nil || done.From != 0 {
			t.Errorf("anew: %+v, %v", done, err)
		}
		if dump(t, s) != want {
			t.Error("rows that were made in two parts are others")
		}
		onlyLiveAndKept(t, s)
	})
}

// A rebuild that was killed after or within any transaction, and is continued,
// gives the same rows as an uninterrupted one. If the killed process is still
// alive, it writes nothing more.
func TestRebuildKilledAnywhere(t *testing.T) {
	t.Parallel()
	property(t, func(r *rapid.T, s *Store) {
		l, c := history(r)
		live := resume(t, s, 1000)
		err := live.apply(t.Context(), chunkAt(l, live.position, 1+c.IntN(1000), 0))
		live.close()
		if err != nil {
			r.Fatal(err)
		}
		killed, err := s.newGeneration(t.Context(), l.end())
		if err != nil {
			r.Fatal(err)
		}
		a, err := s.newApplier(t.Context(), killed, keep{rows: 1 + c.IntN(50), payload: 1 << 30}, true)
		if err != nil {
			r.Fatal(err)
		}
		defer a.close()
		// Rows to be compared do not get ahead of the served ones.
		next := func() *chunk {
			room := int(live.position.Sequence - a.position.Sequence)
			return chunkAt(l, a.position, min(room, 1+c.IntN(30)), 0)
		}
		for range c.IntN(4) {
			if err := a.apply(t.Context(), next()); err != nil {
				r.Fatal(err)
			}
		}
		reached := a.position.Sequence
		a.session = &faulty{a.session, fault(c.IntN(int(faults)))}
		before := next()
		if err := a.apply(t.Context(), before); err == nil {
			reached = a.position.Sequence
		} else if a.session.(*faulty).at == unacknowledged {
			reached = before.end.Sequence
		}
		if c.IntN(2) == 1 {
			if err := s.finish(t.Context(), a.generation); err != nil {
				r.Fatal(err)
			}
		}
		done, err := Rebuild(t.Context(), s, l, RebuildOptions{})
		if err != nil || !done.Compared || done.From != reached {
			r.Fatalf("killed at %d of %d: %+v, %v", reached, l.end().Sequence, done, err)
		}
		if m, _ := s.model(t.Context()); m.generation != killed.generation {
			r.Fatalf("generation %d is served, %d was begun", m.generation, killed.generation)
		}
		a.session = a.session.(*faulty).Session
		late := &chunk{end: a.position.At(a.position.Sequence + 1)}
		if err := a.apply(t.Context(), late); !errors.Is(err, dialect.ErrFenced) {
			r.Fatalf("the killed one is not fenced: %v", err)
		}
		sameRows(t, s, l)
	})
}

// Of two concurrent rebuilds, the later one continues the work of the first,
// which ends.
func TestRebuildIsTakenOver(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		newSimulation(l, testChoices(13)).steps(100)
		s, other := openURL(t, url), openURL(t, url)
		run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		taken := false
		_, err := Rebuild(t.Context(), s, l, RebuildOptions{Progress: func(p Progress) {
			if p.Done < p.Total || taken {
				return
			}
			taken = true
			if done, err := Rebuild(t.Context(), other, l, RebuildOptions{}); err != nil || done.From != p.Done {
				t.Errorf("the later one: %+v, %v", done, err)
			}
		}})
		if !errors.Is(err, errTaken) {
			t.Errorf("the first one: %v", err)
		}
		if b, err := s.Building(t.Context()); err != nil || b != (Building{}) {
			t.Errorf("after that: %+v, %v", b, err)
		}
		onlyLiveAndKept(t, s)
		sameRows(t, s, l)
	})
}

// An interrupted rebuild is not continued if its rows are of another program or
// another incarnation of the log, or if tables are missing.
func TestRebuildStartsOver(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		for name, spoil := range map[string]func(s *Store, l *memoryLog, m model) string{
			"another program": func(*Store, *memoryLog, model) string {
				return "update docket_checkpoints set fingerprint = 'fence 0' where generation = 2"
			},
			"another incarnation of the log": func(*Store, *memoryLog, model) string {
				return "update docket_checkpoints set incarnation = 'other' where generation = 2"
			},
			"a table is missing": func(_ *Store, _ *memoryLog, m model) string { return "drop table " + fold.Tables()[3].In(m.generation) },
		} {
			s, l := d.open(t), newMemoryLog()
			newSimulation(l, testChoices(17)).steps(60)
			if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
				t.Fatal(err)
			}
			m := halfBuilt(t, s, l)
			if _, err := s.write.ExecContext(t.Context(), spoil(s, l, m)); err != nil {
				t.Fatal(err)
			}
			if done, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil || done.From != 0 {
				t.Errorf("%s: %+v, %v", name, done, err)
			}
			onlyLiveAndKept(t, s)
			sameRows(t, s, l)
		}
	})
}

// halfBuilt returns a generation that a killed rebuild left.
func halfBuilt(t testing.TB, s *Store, l *memoryLog) model {
	t.Helper()
	m, err := s.newGeneration(context.Background(), l.end())
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.newApplier(context.Background(), m, keep{}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	if err := a.apply(context.Background(), chunkAt(l, a.position, 50, 0)); err != nil {
		t.Fatal(err)
	}
	return m
}

// A projector that must build continues what another one began, once that one
// makes no progress.
func TestProjectorGoesOnWithABuild(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		newSimulation(l, testChoices(18)).steps(60)
		m := halfBuilt(t, s, l)
		if b, err := s.Building(t.Context()); err != nil || b.Generation != m.generation || b.Interrupted || b.Done == 0 || b.Total != l.end().Sequence {
			t.Errorf("what stands still: %+v, %v", b, err)
		}
		p, _ := run(t, s, l, ProjectorOptions{StandbyAfter: 20 * time.Millisecond})
		arrive(t, s, l)
		becomes(t, fmt.Sprintf("it follows with the rows of generation %d", m.generation), p, func(status Status) bool {
			return status.State == StateFollowing && status.Generation == m.generation
		})
		sameRows(t, s, l)
	})
}

// Rows that differ from the served ones do not replace them, unless the
// difference is accepted; the work is not lost.
func TestRebuildFindsADifference(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		sim := newSimulation(l, testChoices(19))
		sim.steps(100)
		run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		want := dump(t, s)
		if _, err := s.write.ExecContext(t.Context(), "update g1_tasks set title = 'Forged' where number = 2"); err != nil {
			t.Fatal(err)
		}
		_, err := Rebuild(t.Context(), s, l, RebuildOptions{})
		var differs *DifferenceError
		if !errors.As(err, &differs) || differs.Position != l.end() || !strings.Contains(differs.Difference, `"title":"Forged"`) {
			t.Fatalf("%v", err)
		}
		if status, _ := s.Status(t.Context()); status.Generation != 1 {
			t.Errorf("generation %d is served", status.Generation)
		}
		if b, err := s.Building(t.Context()); err != nil || !b.Differs {
			t.Errorf("the difference is not to be seen: %+v, %v", b, err)
		}
		// Every attempt reports the difference again.
		if _, err = Rebuild(t.Context(), s, l, RebuildOptions{}); !errors.As(err, &differs) {
			t.Fatalf("the second time: %v", err)
		}
		// An accepted difference no longer blocks the switch, even after an
		// interruption.
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		done, err := Rebuild(ctx, s, l, RebuildOptions{AcceptDifferences: true, Progress: func(Progress) {
			if calls++; calls == 2 {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) || done.Difference != differs.Difference {
			t.Errorf("accepted and interrupted: %+v, %v", done, err)
		}
		if done, err = Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil || done.From != l.end().Sequence || !strings.Contains(done.Difference, "accepted before") {
			t.Errorf("accepted: %+v, %v", done, err)
		}
		if b, err := s.Building(t.Context()); err != nil || b.Differs {
			t.Errorf("the difference is still to be seen: %+v, %v", b, err)
		}
		if dump(t, s) != want {
			t.Error("the damage is still there")
		}
	})
}

// If no projector keeps the served rows up to date, new rows are compared with
// them at their position and get ahead after that, also after an interruption.
// Rows that got ahead of them without a comparison are rebuilt.
func TestRebuildComparesWithRowsThatStandStill(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		sim := newSimulation(l, testChoices(21))
		sim.steps(10)
		if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
		stood := l.end()
		sim.steps(100)
		if halfBuilt(t, s, l).generation != 2 || stood.Sequence >= 50 {
			t.Fatalf("the rows served stand at %s; the test proves nothing", stood)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done, err := Rebuild(ctx, s, l, RebuildOptions{Progress: func(p Progress) {
			if p.Done == p.Total {
				cancel()
			}
		}})
		if !errors.Is(err, context.Canceled) || done.From != 0 || !done.Compared {
			t.Errorf("interrupted at the end: %+v, %v", done, err)
		}
		if m, _ := s.model(t.Context()); m.position != stood {
			t.Errorf("the rows served are at %s", m.position)
		}
		done, err = Rebuild(t.Context(), s, l, RebuildOptions{})
		if err != nil || done.From != l.end().Sequence || !done.Compared || done.Difference != "" || done.Position != l.end() {
			t.Errorf("gone on with: %+v, %v", done, err)
		}
		sameRows(t, s, l)
	})
}

// While events arrive without a pause, rows are compared at one position: an
// existing difference is found, and no other is reported.
func TestRebuildComparesWhileLive(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		sim := newSimulation(l, testChoices(20))
		sim.steps(300)
		live, other := openURL(t, url), openURL(t, url)
		run(t, live, l, ProjectorOptions{BatchSize: 7})
		arrive(t, live, l)
		ctx, cancel := context.WithCancel(t.Context())
		var busy sync.WaitGroup
		busy.Go(func() {
			for ctx.Err() == nil {
				sim.steps(1)
				time.Sleep(time.Millisecond)
			}
		})
		defer busy.Wait()
		defer cancel()
		for range 3 {
			if done, err := Rebuild(t.Context(), other, l, RebuildOptions{}); err != nil || !done.Compared {
				t.Errorf("%+v, %v", done, err)
			}
		}
		m, err := live.model(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.write.ExecContext(t.Context(), "delete from "+schema.Prefix(m.generation)+"history where kind = 'project' and revision = 1"); err != nil {
			t.Fatal(err)
		}
		var differs *DifferenceError
		if _, err := Rebuild(t.Context(), other, l, RebuildOptions{}); !errors.As(err, &differs) || !strings.HasPrefix(differs.Difference, "history: only the second has") {
			t.Errorf("%v", err)
		}
	})
}

func TestRebuildReportsProgress(t *testing.T) {
	t.Parallel()
	s, l := databases()[0].open(t), newMemoryLog()
	newSimulation(l, testChoices(14)).steps(100)
	var last Progress
	if _, err := Rebuild(t.Context(), s, l, RebuildOptions{Progress: func(p Progress) {
		if p.Done < last.Done || p.Done > p.Total {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	}}); err != nil {
		t.Fatal(err)
	}
	if end := l.end().Sequence; last.Done != end || last.Total != end || last.Rate <= 0 || last.Remaining != 0 {
		t.Errorf("at the end: %+v", last)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		a, b, l := d.open(t), databases()[0].open(t), newMemoryLog()
		sim := newSimulation(l, testChoices(15))
		sim.steps(200)
		compare := func() string {
			t.Helper()
			difference, err := Compare(t.Context(), a, b)
			if err != nil {
				t.Fatal(err)
			}
			return difference
		}
		for _, s := range []*Store{a, b} {
			if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if have := compare(); have != "" {
			t.Errorf("equal rows differ: %s", have)
		}
		for _, c := range []struct{ spoil, want string }{
			{"update {g}tasks set title = 'Forged' where number = 2", `"title":"Forged"`},
			{"delete from {g}history where revision = 1 and kind = 'project'", "history: only the second has"},
			{"insert into {g}labels (task, label) select id, 'forged' from {g}tasks where number = 1", "labels: only the first has"},
		} {
			m, err := a.model(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.write.ExecContext(t.Context(), strings.ReplaceAll(c.spoil, "{g}", schema.Prefix(m.generation))); err != nil {
				t.Fatal(err)
			}
			if have := compare(); !strings.Contains(have, c.want) {
				t.Errorf("after %s:\n%s", c.spoil, have)
			}
			if _, err := Rebuild(t.Context(), a, l, RebuildOptions{AcceptDifferences: true}); err != nil {
				t.Fatal(err)
			}
		}
		sim.steps(3)
		if _, err := Rebuild(t.Context(), a, l, RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
		if have := compare(); !strings.HasPrefix(have, "position: ") {
			t.Errorf("other positions: %q", have)
		}
	})
}
