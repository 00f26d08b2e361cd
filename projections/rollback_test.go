package projections

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/fold"
)

// Kept rows can be rolled back to, including later events, and forward again
// from there, while the projector follows the served rows.
func TestBackAndForth(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		sim := newSimulation(l, testChoices(51))
		sim.steps(100)
		s, other := openURL(t, url), openURL(t, url)
		p, _ := run(t, s, l, ProjectorOptions{StandbyAfter: 50 * time.Millisecond})
		arrive(t, s, l)
		if _, err := Rollback(t.Context(), other, l, nil); !errors.Is(err, ErrNothingKept) {
			t.Errorf("back to nothing: %v", err)
		}
		if _, err := Rebuild(t.Context(), other, l, RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int64{1, 2, 1} {
			sim.steps(30)
			arrive(t, s, l)
			if _, err := Rollback(t.Context(), other, l, nil); err != nil {
				t.Fatal(err)
			}
			sim.steps(5)
			arrive(t, s, l)
			becomes(t, fmt.Sprintf("the projector follows generation %d, gone back to, at %s", want, l.end()), p, func(status Status) bool {
				return status.State == StateFollowing && status.Generation == want && status.Position == l.end()
			})
			onlyLiveAndKept(t, s)
		}
		if n, err := Discard(t.Context(), other); err != nil || n != 2 {
			t.Errorf("discarded: %d, %v", n, err)
		}
		if n, err := Discard(t.Context(), other); err != nil || n != 0 {
			t.Errorf("discarded twice: %d, %v", n, err)
		}
		if _, err := Rollback(t.Context(), other, l, nil); !errors.Is(err, ErrNothingKept) {
			t.Errorf("back to what was discarded: %v", err)
		}
		onlyLiveAndKept(t, s)
		sameRows(t, s, l)
	})
}

// An interrupted rollback leaves the served rows unchanged and can be run
// again. A rebuild that is cancelled or fails does not touch the kept rows.
func TestBackInterrupted(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		sim := newSimulation(l, testChoices(52))
		sim.steps(50)
		for range 2 {
			if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		sim.steps(50)
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := Rollback(ctx, s, l, func(p Progress) {
				if p.Done == p.Total {
					cancel()
				}
			})
			if m, _ := s.model(t.Context()); !errors.Is(err, context.Canceled) || m.generation != 2 {
				t.Errorf("interrupted: generation %d, %v", m.generation, err)
			}
			if kept, err := s.Kept(t.Context()); err != nil || kept != 1 {
				t.Errorf("kept: %d, %v", kept, err)
			}
		}
		_, err := Rollback(t.Context(), s, l, func(p Progress) {
			if b, err := s.Building(t.Context()); err == nil && b.Generation != 0 && b.Generation != 1 {
				t.Errorf("on the way back: %+v", b)
			}
			if _, err := Cancel(t.Context(), s); err != nil {
				t.Error(err)
			}
		})
		if kept, _ := s.Kept(t.Context()); !errors.Is(err, errTaken) || kept != 1 {
			t.Errorf("cancelled: kept is %d, %v", kept, err)
		}
		halfBuilt(t, s, l)
		if _, err := Cancel(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if kept, _ := s.Kept(t.Context()); kept != 1 {
			t.Errorf("a cancelled rebuild took what is kept: %d", kept)
		}
		if done, err := Rollback(t.Context(), s, l, nil); err != nil || done.Position != l.end() {
			t.Errorf("%+v, %v", done, err)
		}
		if m, _ := s.model(t.Context()); m.generation != 1 {
			t.Errorf("generation %d is served", m.generation)
		}
		onlyLiveAndKept(t, s)
		sameRows(t, s, l)
	})
}

// Answers do not go back in time during a rollback, and are always available.
func TestBackWhileLive(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		sim := newSimulation(l, testChoices(53))
		sim.steps(100)
		live, other := openURL(t, url), openURL(t, url)
		run(t, live, l, ProjectorOptions{BatchSize: 20, StandbyAfter: 50 * time.Millisecond})
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
					return err
				})
				if err != nil {
					t.Errorf("while going back: %v", err)
				}
			}
		})
		if _, err := Rebuild(t.Context(), other, l, RebuildOptions{}); err != nil {
			t.Error(err)
		}
		for range 4 {
			if _, err := Rollback(t.Context(), other, l, nil); err != nil {
				t.Error(err)
			}
		}
		cancel()
		busy.Wait()
		arrive(t, live, l)
		sameRows(t, live, l)
	})
}

// After an upgrade the rows of the previous version are kept. That version can
// roll back to them: by command at once, and its projector does so when the
// newer one has stopped and there are events to apply. The newer version can
// then return to its own rows.
func TestVersionsGoBackToTheirRows(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		sim := newSimulation(l, testChoices(54))
		sim.steps(100)
		older, newer := openURL(t, url), openURL(t, url)
		raised := fold.Projections()
		raised[1].Version++
		newer.useProjections(raised)
		o := ProjectorOptions{StandbyAfter: 20 * time.Millisecond}

		_, stop := run(t, older, l, o)
		arrive(t, older, l)
		stop()
		_, stop = run(t, newer, l, o)
		arrive(t, newer, l)
		stop()
		if _, err := Rollback(t.Context(), newer, l, nil); err == nil || !strings.Contains(err.Error(), "another version of the program") {
			t.Errorf("the newer one goes back to rows of the older: %v", err)
		}
		served := func(want int64) {
			t.Helper()
			if m, err := older.model(t.Context()); err != nil || m.generation != want {
				t.Errorf("generation %d is served, want %d (%v)", m.generation, want, err)
			}
			onlyLiveAndKept(t, older)
		}
		served(2)

		sim.steps(20)
		_, stop = run(t, older, l, o)
		arrive(t, older, l)
		stop()
		served(1)

		_, stop = run(t, newer, l, o)
		arrive(t, newer, l)
		stop()
		served(2)

		if done, err := Rollback(t.Context(), older, l, nil); err != nil || done.From == 0 {
			t.Errorf("by command: %+v, %v", done, err)
		}
		served(1)
		sameRows(t, older, l)
	})
}

// Rows of another incarnation of the log are not kept.
func TestUnfitRowsAreNotKept(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		newSimulation(l, testChoices(55)).steps(50)
		for range 2 {
			if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		other := newMemoryLog()
		other.incarnation = "other"
		newSimulation(other, testChoices(56)).steps(50)
		if _, err := Rollback(t.Context(), s, other, nil); err == nil || !strings.Contains(err.Error(), "belongs to another log") {
			t.Errorf("back to rows of another log: %v", err)
		}
		if done, err := Rebuild(t.Context(), s, other, RebuildOptions{}); err != nil || done.Compared {
			t.Errorf("%+v, %v", done, err)
		}
		if kept, err := s.Kept(t.Context()); err != nil || kept != 0 {
			t.Errorf("kept: %d, %v", kept, err)
		}
		onlyLiveAndKept(t, s)
		sameRows(t, s, other)
	})
}
