package projections

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketlog/docket/events"
)

// While rows are rebuilt the old ones are served and kept up to date, events go
// on arriving, and the projector goes on with the new rows by itself.
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
			if err := Rebuild(t.Context(), other, l, nil); err != nil {
				t.Error(err)
			}
		}
		cancel()
		busy.Wait()
		arrive(t, live, l)
		eventually(t, "the projector follows the last generation", func() bool {
			m, err := live.model(t.Context())
			return err == nil && p.Status().Generation == m.generation && p.Status().State == StateFollowing
		})
		onlyGeneration(t, live)
		sameRows(t, live, l)
	})
}

// A rebuild that is interrupted leaves the live rows, and no others.
func TestRebuildInterrupted(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		newSimulation(l, testChoices(12)).steps(100)
		run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		want := dump(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		err := Rebuild(ctx, s, l, func(p Progress) {
			if p.Done == p.Total {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: %v", err)
		}
		if dump(t, s) != want {
			t.Error("an interrupted rebuild changed the live rows")
		}
		onlyGeneration(t, s)
	})
}

// A rebuild that was killed leaves tables; the next one removes them.
func TestRebuildKilled(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		newSimulation(l, testChoices(13)).steps(100)
		run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		killed, err := s.newGeneration(t.Context(), l.end().At(0))
		if err != nil {
			t.Fatal(err)
		}
		a, err := s.newApplier(t.Context(), killed, keep{}, true)
		if err != nil {
			t.Fatal(err)
		}
		defer a.close()
		if err := a.apply(t.Context(), chunkAt(l, a.position, 50, 0)); err != nil {
			t.Fatal(err)
		}
		if err := Rebuild(t.Context(), s, l, nil); err != nil {
			t.Fatal(err)
		}
		onlyGeneration(t, s)
		if err := a.apply(t.Context(), chunkAt(l, a.position, 50, 0)); !errors.Is(err, errFenced) {
			t.Errorf("the killed one is fenced: %v", err)
		}
		sameRows(t, s, l)
	})
}

func TestRebuildTellsItsProgress(t *testing.T) {
	t.Parallel()
	s, l := databases()[0].open(t), newMemoryLog()
	newSimulation(l, testChoices(14)).steps(100)
	var last Progress
	if err := Rebuild(t.Context(), s, l, func(p Progress) {
		if p.Done < last.Done || p.Done > p.Total {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	}); err != nil {
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
			if err := Rebuild(t.Context(), s, l, nil); err != nil {
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
			if _, err := a.write.ExecContext(t.Context(), strings.ReplaceAll(c.spoil, "{g}", prefix(m.generation))); err != nil {
				t.Fatal(err)
			}
			if have := compare(); !strings.Contains(have, c.want) {
				t.Errorf("after %s:\n%s", c.spoil, have)
			}
			if err := Rebuild(t.Context(), a, l, nil); err != nil {
				t.Fatal(err)
			}
		}
		sim.steps(3)
		if err := Rebuild(t.Context(), a, l, nil); err != nil {
			t.Fatal(err)
		}
		if have := compare(); !strings.HasPrefix(have, "position: ") {
			t.Errorf("other positions: %q", have)
		}
	})
}
