package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/fold"
	"github.com/docketlog/docket/projections/schema"
)

func testChoices(seed uint64) choices { return rand.New(rand.NewPCG(seed, seed)) }

// useProjections makes the store use another set of projections, as another
// program would.
func (s *Store) useProjections(projections []fold.Projection) {
	s.projections, s.fingerprint = projections, fold.Fingerprint(projections)
}

// tableRows returns the rows of some tables.
func tableRows(t testing.TB, s *Store, tables ...string) []string {
	t.Helper()
	var list []string
	_, err := s.Each(context.Background(), func(table, _, row string) error {
		if slices.Contains(tables, table) {
			list = append(list, table+" "+row)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// Projectors that are stopped and started while events arrive give the same
// rows as one that runs without interruption.
func TestProjectorStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		sim := newSimulation(l, testChoices(1))
		for range 5 {
			_, stop := run(t, s, l, ProjectorOptions{BatchSize: 7})
			sim.steps(40)
			arrive(t, s, l)
			sim.steps(20)
			stop()
		}
		run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		sameRows(t, s, l)
	})
}

// With several projectors on one database, each with its own store as in
// another process, the rows are right and exactly one projector follows.
func TestProjectorsShareADatabase(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		sim := newSimulation(l, testChoices(2))
		var stores []*Store
		var projectors []*Projector
		for range 3 {
			s := openURL(t, url)
			p, _ := run(t, s, l, ProjectorOptions{BatchSize: 3, StandbyAfter: time.Second})
			stores, projectors = append(stores, s), append(projectors, p)
			sim.steps(50)
		}
		arrive(t, stores[2], l)
		testkit.Eventually(t, "one follows and two stand by", func() (map[State]int, bool) {
			states := map[State]int{}
			for _, p := range projectors {
				states[p.Status().State]++
			}
			sim.steps(1)
			return states, states[StateFollowing] == 1 && states[StateStandby] == 2
		})
		arrive(t, stores[0], l)
		sameRows(t, stores[1], l)
	})
}

// A standby takes over from a stopped projector once there are events to apply,
// and not before.
func TestStandbyTakesOver(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		sim := newSimulation(l, testChoices(3))
		one, other := openURL(t, url), openURL(t, url)
		// On a busy machine the following projector may be slow; it must not be
		// mistaken for one that has stopped.
		const after = 2 * time.Second
		first, _ := run(t, one, l, ProjectorOptions{StandbyAfter: after})
		arrive(t, one, l)
		second, stop := run(t, other, l, ProjectorOptions{StandbyAfter: after})
		becomes(t, "the later one follows", second, inState(StateFollowing))
		sim.steps(5)
		arrive(t, one, l)
		becomes(t, "the earlier one stands by", first, inState(StateStandby))
		stop()
		time.Sleep(after + after/2)
		if have := first.Status().State; have != StateStandby {
			t.Errorf("with nothing to do the standby is %s", have)
		}
		sim.steps(5)
		arrive(t, other, l)
		becomes(t, "the standby has taken over", first, inState(StateFollowing))
		sameRows(t, one, l)
	})
}

// outage is a dialect whose database becomes unreachable and comes back.
type outage struct {
	dialect.Database
	down  atomic.Bool
	fails atomic.Int64
}

var errGone = errors.New("connection refused")

func (o *outage) Session(ctx context.Context, generation int64) (dialect.Session, error) {
	if o.down.Load() {
		o.fails.Add(1)
		return nil, errGone
	}
	s, err := o.Database.Session(ctx, generation)
	return &cut{s, o}, err
}

// cut is a session over a connection that can break.
type cut struct {
	dialect.Session
	outage *outage
}

func (c *cut) Begin(ctx context.Context, guard dialect.Statement, loads []schema.Load) error {
	if c.outage.down.Load() {
		return errGone
	}
	return c.Session.Begin(ctx, guard, loads)
}

func (c *cut) Commit(ctx context.Context) error {
	err := c.Session.Commit(ctx)
	if c.outage.down.Load() {
		return errGone
	}
	return err
}

func TestDatabaseGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		o := &outage{Database: s.dialect}
		s.dialect = o
		var logged testkit.Buffer
		p := NewProjector(s, l, ProjectorOptions{BatchSize: 5, Logger: slog.New(slog.NewTextHandler(&logged, nil))})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = p.Run(ctx) })
		defer running.Wait()
		defer cancel()
		sim := newSimulation(l, testChoices(4))
		arrive(t, s, l)
		o.down.Store(true)
		sim.steps(100)
		testkit.Eventually(t, "three failed attempts", func() (int64, bool) { n := o.fails.Load(); return n, n >= 3 })
		if have := p.Status().State; have != StateDown {
			t.Errorf("state %s", have)
		}
		o.down.Store(false)
		arrive(t, s, l)
		becomes(t, "following again", p, inState(StateFollowing))
		if n := strings.Count(logged.String(), "level=ERROR"); n != 1 {
			t.Errorf("an outage is logged once, not %d times:\n%s", n, logged.String())
		}
		sameRows(t, s, l)
	})
}

// Rows of another program are not served. The newer program builds its own rows
// and switches; the older one leaves them unchanged.
func TestRowsOfAnotherProgram(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		sim := newSimulation(l, testChoices(5))
		sim.steps(100)
		older := openURL(t, url)
		oldProjector, _ := run(t, older, l, ProjectorOptions{})
		arrive(t, older, l)

		newer := openURL(t, url)
		raised := fold.Projections()
		raised[1].Version++
		newer.useProjections(raised)
		nothing := func(*Snapshot) error { return nil }
		if err := newer.Read(t.Context(), events.Position{}, nothing); !errors.Is(err, ErrStale) {
			t.Errorf("the newer program serves older rows: %v", err)
		}
		if err := newer.Ping(t.Context()); !errors.Is(err, ErrStale) {
			t.Errorf("the newer program is ready: %v", err)
		}
		if err := older.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		run(t, newer, l, ProjectorOptions{StandbyAfter: 50 * time.Millisecond})
		arrive(t, newer, l)
		if err := newer.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if err := older.Read(t.Context(), events.Position{}, nothing); !errors.Is(err, ErrStale) {
			t.Errorf("the older program serves newer rows: %v", err)
		}
		sim.steps(20)
		becomes(t, "the older projector leaves the rows alone", oldProjector, inState(StateOutdated))
		arrive(t, newer, l)
		sameRows(t, newer, l)
		onlyLiveAndKept(t, newer)
	})
}

// onlyLiveAndKept fails unless the tables are those of the live generation and
// of the kept one, if any.
func onlyLiveAndKept(t testing.TB, s *Store) {
	t.Helper()
	testkit.Eventually(t, "only the generations that are live and kept have tables", func() (string, bool) {
		m, err := s.model(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		kept, err := s.Kept(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		generations := 1
		if kept != 0 {
			generations = 2
		}
		names, err := column1[string](context.Background(), s.write, s.dialect.Catalog())
		if err != nil {
			t.Fatal(err)
		}
		state := fmt.Sprintf("generation %d, kept %d, tables %q", m.generation, kept, names)
		return state, len(names) == generations*len(fold.Tables()) && !slices.ContainsFunc(names, func(name string) bool {
			return !strings.HasPrefix(name, schema.Prefix(m.generation)) && !strings.HasPrefix(name, schema.Prefix(kept))
		})
	})
}

// Rows are rebuilt when the log is recreated or goes back.
func TestAnotherIncarnation(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url, l := d.fresh(t), newMemoryLog()
		newSimulation(l, testChoices(6)).steps(100)
		s := openURL(t, url)
		_, stop := run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		before, _ := l.End(t.Context())
		stop()

		for _, other := range []*memoryLog{newMemoryLog(), newMemoryLog()} {
			if before.Incarnation == "test" {
				other.incarnation = "other"
			} else {
				other.incarnation = before.Incarnation
			}
			newSimulation(other, testChoices(8)).steps(30)
			_, stop := run(t, s, other, ProjectorOptions{})
			end, _ := other.End(t.Context())
			testkit.Eventually(t, "rows of the other log, at "+end.String(), func() (string, bool) {
				status, err := s.Status(t.Context())
				return fmt.Sprintf("%+v, %v", status, err), err == nil && status.Position == end
			})
			sameRows(t, s, other)
			if err := s.WaitFor(t.Context(), events.Position{Incarnation: "test", Sequence: 1}); !errors.Is(err, events.ErrIncarnation) {
				t.Errorf("a position of the first log: %v", err)
			}
			stop()
			before, _ = other.End(t.Context())
		}
	})
}

func TestStatus(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		if status, err := s.Status(t.Context()); err != nil || status.Generation != 0 {
			t.Errorf("a new database: %+v, %v", status, err)
		}
		newSimulation(l, testChoices(9)).steps(50)
		p, _ := run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		newTeam(l).account(77, events.AccountRegistered{})
		arrive(t, s, l)
		end, _ := l.End(t.Context())
		stored, err := s.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := Status{Position: end, Head: end, Generation: 1, Epoch: 1}
		if diff := cmp.Diff(want, stored); diff != "" {
			t.Errorf("store, -want +have:\n%s", diff)
		}
		want.State, want.Batch = StateFollowing, 1
		becomes(t, fmt.Sprintf("the projector says so too: %+v", want), p, func(have Status) bool {
			have.Rate = 0
			return have == want
		})
		m := halfBuilt(t, s, l)
		if stored, err = s.Status(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, have := range []Status{stored, p.Overview(t.Context())} {
			b := have.Building
			if b.Generation != m.generation || b.Done == 0 || b.Total != end.Sequence || b.Interrupted || have.Kept != 0 || have.Generation != 1 {
				t.Errorf("while rows are made by another process: %+v", have)
			}
		}
		if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
		if have := p.Overview(t.Context()); have.Building != (Building{}) || have.Kept != 1 {
			t.Errorf("after that: %+v", have)
		}
	})
}

// A malformed event moves the position and is counted.
func TestMalformed(t *testing.T) {
	t.Parallel()
	s, l := databases()[0].open(t), newMemoryLog()
	begin(t, s)
	a := resume(t, s, 1000)
	defer a.close()
	c := &chunk{}
	c.add(events.Batch{End: l.end().At(3), Malformed: 3, Head: l.end().At(5)})
	if err := a.apply(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	status, err := s.Status(t.Context())
	if err != nil || status.Malformed != 3 || status.Position.Sequence != 3 || status.Lag != 2 {
		t.Errorf("%+v, %v", status, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "mongodb://x", "mysql://x", "mysql://x/", "mysql:///rows", "mysql://x/rows?charset=latin1", "mysql://x/rows?tls=maybe", "mysql://x/rows?tls-ca=/nonexistent/ca.pem", "mysql://127.0.0.1:1/rows", "sqlite:", "sqlite::memory:", "postgres://%zz", "sqlite:/nonexistent/folder/x.db"} {
		if s, err := Open(t.Context(), url, Options{}); err == nil {
			t.Errorf("%q was opened", url)
			s.Close()
		}
	}
}
