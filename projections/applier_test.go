package projections

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/schema"
)

// drawn lets rapid make a simulation's choices, so that it can shrink them.
type drawn struct{ *rapid.T }

func (d drawn) IntN(n int) int { return rapid.IntRange(0, n-1).Draw(d.T, "choice") }

// history returns a random valid history.
func history(t *rapid.T) (*memoryLog, drawn) {
	l, c := newMemoryLog(), drawn{t}
	newSimulation(l, c).steps(rapid.IntRange(0, 60).Draw(t, "steps"))
	return l, c
}

// begin creates an empty live generation.
func begin(t testing.TB, s *Store) {
	t.Helper()
	empty := newMemoryLog()
	a, _, err := s.build(context.Background(), empty, RebuildOptions{Fresh: true, AcceptDifferences: true}, false)
	if err != nil {
		t.Fatal(err)
	}
	a.close()
}

// resume opens an applier at the rows' position, with its own claim.
func resume(t testing.TB, s *Store, rows int) *applier {
	t.Helper()
	ctx := context.Background()
	if _, err := s.write.ExecContext(ctx, `update docket_checkpoints set epoch = epoch + 1`); err != nil {
		t.Fatal(err)
	}
	m, err := s.model(ctx)
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.newApplier(ctx, m, keep{rows, 1 << 30}, false)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// chunkAt returns the next n events of a log, starting back events before a
// position.
func chunkAt(l *memoryLog, after events.Position, n, back int) *chunk {
	from := max(0, int(after.Sequence)-back)
	list := l.since(uint64(from))
	list = list[:min(len(list), n)]
	c := &chunk{}
	if len(list) > 0 {
		c.add(events.Batch{Events: list, End: list[len(list)-1].Position, Head: l.end()})
	}
	return c
}

// rebuilt returns the rows that a rebuild of the log gives.
func rebuilt(t testing.TB, s *Store, l *memoryLog) string {
	t.Helper()
	if _, err := Rebuild(context.Background(), s, l, RebuildOptions{Fresh: true, AcceptDifferences: true}); err != nil {
		t.Fatal(err)
	}
	return dump(t, s)
}

// sameRows fails unless the store's live rows equal those of a rebuild.
func sameRows(t testing.TB, s *Store, l *memoryLog) {
	t.Helper()
	live := dump(t, s)
	if diff := cmp.Diff(rebuilt(t, s, l), live); diff != "" {
		t.Fatalf("live rows are not the rebuilt ones (-rebuilt +live):\n%s", diff)
	}
}

// property runs a rapid check on every database, many times on one store.
func property(t *testing.T, check func(t *rapid.T, s *Store)) {
	onEach(t, func(t *testing.T, d database) {
		s := d.open(t)
		rapid.Check(t, func(r *rapid.T) {
			begin(t, s)
			check(r, s)
		})
	})
}

// The rows do not depend on where batches end, on what is repeated from before
// the checkpoint, or on what is in memory between batches.
func TestBatchBoundariesDoNotMatter(t *testing.T) {
	t.Parallel()
	property(t, func(r *rapid.T, s *Store) {
		l, c := history(r)
		a := resume(t, s, c.IntN(40))
		defer func() { a.close() }()
		for a.position != l.end() {
			if c.IntN(4) == 0 {
				a.close()
				a = resume(t, s, c.IntN(40))
			}
			if err := a.apply(t.Context(), chunkAt(l, a.position, 1+c.IntN(40), c.IntN(10))); err != nil {
				r.Fatal(err)
			}
		}
		sameRows(t, s, l)
	})
}

// fault is a point in a transaction at which the process dies.
type fault int

const (
	noFault fault = iota
	beforeBegin
	afterBegin
	halfWritten
	written
	unacknowledged // committed, but the answer was lost
	faults
)

var errCrash = errors.New("crash")

// faulty is a session that dies at a chosen point.
type faulty struct {
	dialect.Session
	at fault
}

func (f *faulty) Begin(ctx context.Context, guard dialect.Statement, loads []schema.Load) error {
	if f.at == beforeBegin {
		return errCrash
	}
	if err := f.Session.Begin(ctx, guard, loads); err != nil {
		return err
	}
	if f.at == afterBegin {
		return errCrash
	}
	return nil
}

func (f *faulty) Write(ctx context.Context, changes []schema.Change) error {
	if f.at == halfWritten {
		changes = changes[:len(changes)/2]
	}
	if err := f.Session.Write(ctx, changes); err != nil {
		return err
	}
	if f.at == halfWritten || f.at == written {
		return errCrash
	}
	return nil
}

func (f *faulty) Commit(ctx context.Context) error {
	if err := f.Session.Commit(ctx); err != nil {
		return err
	}
	if f.at == unacknowledged {
		return errCrash
	}
	return nil
}

// Whatever step of whatever transaction the process dies in, continuing from
// what the database holds gives the same rows.
func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	property(t, func(r *rapid.T, s *Store) {
		l, c := history(r)
		a := resume(t, s, 1000)
		defer func() { a.close() }()
		for a.position != l.end() {
			a.session = &faulty{a.session, fault(c.IntN(int(faults)))}
			before := a.position
			err := a.apply(t.Context(), chunkAt(l, a.position, 1+c.IntN(20), 0))
			if crashed := a.session.(*faulty).at != noFault; crashed != errors.Is(err, errCrash) {
				r.Fatalf("crash %v, answer %v", crashed, err)
			}
			if err != nil && a.position != before {
				r.Fatal("an applier that failed moved on")
			}
			a.session = a.session.(*faulty).Session
			if err != nil {
				a.close()
				a = resume(t, s, 1000)
			}
		}
		sameRows(t, s, l)
	})
}

// Two projectors that both believe that they hold the claim never apply an
// event twice or leave one out.
func TestTwoAtOnceApplyOnce(t *testing.T) {
	t.Parallel()
	property(t, func(r *rapid.T, s *Store) {
		l, c := history(r)
		both := []*applier{resume(t, s, 1000), resume(t, s, 1000)}
		defer func() { both[0].close(); both[1].close() }()
		for at := uint64(0); at != l.end().Sequence; {
			i := c.IntN(2)
			a := both[i]
			m, err := s.model(t.Context())
			if err != nil {
				r.Fatal(err)
			}
			holds := m.epoch == a.epoch
			switch err := a.apply(t.Context(), chunkAt(l, a.position, 1+c.IntN(10), 0)); {
			case holds && err == nil:
				at = a.position.Sequence
			case !holds && errors.Is(err, dialect.ErrFenced):
				a.close()
				both[i] = resume(t, s, 1000)
			default:
				r.Fatalf("holds the claim: %v, answer: %v", holds, err)
			}
		}
		sameRows(t, s, l)
	})
}

// Two appliers can have the same epoch after a database lost its last
// transactions in a crash: the position alone fences them.
func TestOneEpochTwice(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		newSimulation(l, testChoices(31)).steps(50)
		begin(t, s)
		one, other := resume(t, s, 1000), resume(t, s, 1000)
		defer one.close()
		defer other.close()
		one.epoch = other.epoch
		if err := one.apply(t.Context(), chunkAt(l, one.position, 10, 0)); err != nil {
			t.Fatal(err)
		}
		if err := other.apply(t.Context(), chunkAt(l, other.position, 20, 0)); !errors.Is(err, dialect.ErrFenced) {
			t.Errorf("the second one: %v", err)
		}
		if err := one.apply(t.Context(), chunkAt(l, one.position, 1000, 0)); err != nil {
			t.Fatal(err)
		}
		sameRows(t, s, l)
	})
}

// An event that is in the log twice, or that comes from a second writer, has no
// effect and is counted.
func TestForkedEventsAreIgnored(t *testing.T) {
	t.Parallel()
	property(t, func(r *rapid.T, s *Store) {
		l, c := history(r)
		forked := newMemoryLog()
		refused := int64(0)
		for _, e := range l.since(0) {
			forked.push(e)
			for range c.IntN(3) {
				f := e
				switch c.IntN(4) {
				case 0: // stored again
				case 1: // the second writer's, with the same revision
					f.Actor = id(99)
				case 2: // with a future revision
					f.Revision += 1 + uint64(c.IntN(3))
				case 3: // right revision, different previous event
					f.Revision, f.PrevHash = e.Revision+1, events.Hash{1}
				}
				forked.push(f)
				refused++
			}
		}
		// The same events in the same order: only positions and the list of
		// refused events differ.
		a := resume(t, s, 1000)
		defer a.close()
		for a.position != forked.end() {
			if err := a.apply(t.Context(), chunkAt(forked, a.position, 1+c.IntN(20), 0)); err != nil {
				r.Fatal(err)
			}
		}
		status, err := s.Status(t.Context())
		if err != nil || status.Refused != refused || status.Parked != 0 {
			r.Fatalf("refused %d, parked %d, want %d and none (%v)", status.Refused, status.Parked, refused, err)
		}
		have := answers(t, s, 8)
		if _, err := Rebuild(t.Context(), s, l, RebuildOptions{AcceptDifferences: true}); err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(answers(t, s, 8), have); diff != "" {
			r.Fatalf("forked events show (-without +with):\n%s", diff)
		}
	})
}
