package projections

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
)

// Writers see their own writes, through the store of the projector's process
// and through that of another process.
func TestReadsWaitForTheirPosition(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		team := newTeam(l)
		team.founded(1000, 1)
		here, there := openURL(t, url), openURL(t, url)
		run(t, here, l, ProjectorOptions{})
		ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
		defer cancel()
		var mu sync.Mutex
		var readers sync.WaitGroup
		for reader, s := range []*Store{here, there, here, there} {
			readers.Go(func() {
				for i := range 20 {
					n := 100*reader + i + 1
					mu.Lock()
					at := team.task(n, 1000, 1, created(1000, "x"))
					mu.Unlock()
					err := s.Read(ctx, at, func(q *Snapshot) error {
						if q.Position.Sequence < at.Sequence {
							t.Errorf("snapshot at %s, asked for %s", q.Position, at)
						}
						_, err := q.Task(ctx, id(1), id(n))
						return err
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		readers.Wait()
	})
}

func TestWaitEnds(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		soon := func() context.Context {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			t.Cleanup(cancel)
			return ctx
		}
		first := events.Position{Incarnation: "test", Sequence: 1}
		if err := s.WaitFor(soon(), first); !errors.Is(err, ErrStale) {
			t.Errorf("no rows at all: %v", err)
		}
		newSimulation(l, testChoices(21)).steps(5)
		run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		if err := s.WaitFor(t.Context(), events.Position{}); err != nil {
			t.Errorf("the zero position: %v", err)
		}
		if err := s.WaitFor(t.Context(), first); err != nil {
			t.Errorf("a position that was reached: %v", err)
		}
		if err := s.WaitFor(soon(), l.end().At(1e6)); !errors.Is(err, ErrStale) {
			t.Errorf("a position that does not come: %v", err)
		}
		// A read whose time is over before the database was reached says so.
		err := context.DeadlineExceeded
		for limit := 20 * time.Millisecond; limit < testkit.Limit && !errors.Is(err, ErrStale) && errors.Is(err, context.DeadlineExceeded); limit *= 2 {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			err = s.Read(ctx, l.end().At(1e6), func(*Snapshot) error { t.Error("was read"); return nil })
			cancel()
		}
		if !errors.Is(err, ErrStale) {
			t.Errorf("a read of what does not come: %v", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.WaitFor(gone, l.end().At(1e6)); !errors.Is(err, context.Canceled) || errors.Is(err, ErrStale) {
			t.Errorf("a caller that has gone: %v", err)
		}
		for _, err := range []error{
			s.WaitFor(t.Context(), events.Position{Incarnation: "before", Sequence: 1}),
			s.Read(t.Context(), events.Position{Incarnation: "before", Sequence: 1}, func(*Snapshot) error { return nil }),
		} {
			if !errors.Is(err, events.ErrIncarnation) {
				t.Errorf("a position of another log: %v", err)
			}
		}
	})
}

// All queries within one Read see one state, whatever the projector does.
func TestSnapshotStandsStill(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		team := newTeam(l)
		team.founded(1000, 1)
		run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		look(t, s, func(q *Snapshot) error {
			at := q.Position
			for n := range 5 {
				team.task(n+1, 1000, 1, created(1000, "x"))
				arrive(t, s, l)
				tasks, _, err := q.Tasks(t.Context(), id(1), id(1000), TaskFilter{}, Page{})
				if err != nil || len(tasks) != 0 || q.Position != at {
					t.Errorf("%d tasks of after %s in the snapshot (%v)", len(tasks), at, err)
				}
			}
			return nil
		})
	})
}

// A connection that ends during a query, for example because the server shuts
// down, counts as an unreachable database and not as a fault of the program.
func TestConnectionEndsUnderAQuery(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]struct{ self, kill string }{
		"postgres": {"select pg_backend_pid()", "select pg_terminate_backend(%d)"},
		"mysql":    {"select connection_id()", "kill connection %d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := databaseNamed(t, name)
			s, l := d.open(t), newMemoryLog()
			newTeam(l).founded(1000, 1)
			run(t, s, l, ProjectorOptions{})
			arrive(t, s, l)
			err := s.Read(t.Context(), events.Position{}, func(q *Snapshot) error {
				var self int
				if err := q.one(t.Context(), []any{&self}, end.self); err != nil {
					t.Fatal(err)
				}
				if _, err := s.write.ExecContext(t.Context(), fmt.Sprintf(end.kill, self)); err != nil {
					t.Fatal(err)
				}
				_, _, err := q.Tasks(t.Context(), id(1), id(1000), TaskFilter{}, Page{})
				return err
			})
			if !errors.Is(err, ErrUnavailable) {
				t.Errorf("the query fails with %v, want %v", err, ErrUnavailable)
			}
			look(t, s, func(q *Snapshot) error {
				_, _, err := q.Tasks(t.Context(), id(1), id(1000), TaskFilter{}, Page{})
				return err
			})
		})
	}
}
