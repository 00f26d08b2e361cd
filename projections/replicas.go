package projections

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docketlog/docket/events"
)

const (
	// lookInterval is how often each database is asked for its position,
	// lookTimeout the timeout for the answer.
	lookInterval = 250 * time.Millisecond
	lookTimeout  = time.Second
	// freshness is how far, in time, a database may be behind another one and
	// still count as equally fresh. Without it, two databases polled at
	// slightly different times would differ by the events in between.
	freshness = time.Second
)

// Replicas are databases with the same rows, each maintained by its own
// projectors, read as if they were one: the freshest reachable one answers. It
// can be opened while none is reachable. All methods may be called
// concurrently.
type Replicas struct {
	all      []*replica
	logger   *slog.Logger
	done     context.Context
	cancel   context.CancelFunc
	watching sync.WaitGroup

	mu sync.Mutex
	// marks are the positions of the furthest rows: the first at least
	// freshness ago, the last more recent than that.
	marks [2]mark
}

type mark struct {
	position events.Position
	at       time.Time
}

// replica is one of the databases, and its last known state.
type replica struct {
	name  string
	store *Store
	reads atomic.Uint64

	// The following fields are guarded by the mutex of Replicas.
	position events.Position // of rows that this program can serve
	why      error           // why it cannot be used
	// up ends when the database is found to be unreachable.
	up   context.Context
	down context.CancelFunc
	told bool // the failure was logged
}

// OpenReplicas opens databases for reading only, see [OpenReader]. Among
// equally fresh ones, the first in urls answers. The caller closes them.
func OpenReplicas(ctx context.Context, urls []string, o Options) (*Replicas, error) {
	r := &Replicas{logger: o.Logger}
	if r.logger == nil {
		r.logger = slog.New(slog.DiscardHandler)
	}
	r.done, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for _, address := range urls {
		store, err := OpenReader(ctx, address, o)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		one := &replica{name: nameOf(address), store: store, why: errNotSeen}
		one.up, one.down = context.WithCancel(r.done)
		one.down()
		r.all = append(r.all, one)
	}
	var first sync.WaitGroup
	for _, one := range r.all {
		first.Go(func() { r.look(one) })
	}
	first.Wait()
	for _, one := range r.all {
		r.watching.Go(func() { r.watch(one) })
	}
	return r, nil
}

var errNotSeen = errors.New("not queried yet")

// nameOf identifies a database: its URL without secrets.
func nameOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// Close closes the databases. They must not be used afterwards.
func (r *Replicas) Close() error {
	r.cancel()
	r.watching.Wait()
	var errs []error
	for _, one := range r.all {
		one.down()
		errs = append(errs, one.store.Close())
	}
	return errors.Join(errs...)
}

func (r *Replicas) watch(one *replica) {
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			r.look(one)
		case <-r.done.Done():
			return
		}
	}
}

// look asks a database for its position.
func (r *Replicas) look(one *replica) {
	ctx, cancel := context.WithTimeout(r.done, lookTimeout)
	defer cancel()
	m, err := one.store.model(ctx)
	reachable := err == nil
	if reachable {
		err = one.store.seen(&m)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one.position, one.why = m.position, err
	switch {
	case !reachable:
		one.down()
		if !one.told && r.done.Err() == nil {
			r.logger.Warn("cannot read database, queries use another one or wait", "database", one.name, "err", err)
			one.told = true
		}
	case one.up.Err() != nil:
		one.up, one.down = context.WithCancel(r.done)
		if one.told {
			r.logger.Warn("database can be read again", "database", one.name)
			one.told = false
		}
	}
	r.mark(m.position, time.Now())
}

// lose records that a database was found to be unreachable, until the next
// look.
func (r *Replicas) lose(one *replica, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one.position, one.why = events.Position{}, why
	one.down()
}

func (r *Replicas) mark(at events.Position, now time.Time) {
	last := &r.marks[1]
	if now.Sub(last.at) >= freshness {
		r.marks[0] = *last
		*last = mark{last.position, now}
	}
	if at.Incarnation != last.position.Incarnation && !at.IsZero() || at.Sequence > last.position.Sequence {
		last.position = at
	}
}

// choice is a database to query, with its state when it was chosen.
type choice struct {
	*replica
	up context.Context
}

// choose returns the usable databases, best first.
func (r *Replicas) choose() (able []choice, why error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var reasons []error
	rank := map[*replica]int{}
	for _, one := range r.all {
		if one.why != nil {
			reasons = append(reasons, fmt.Errorf("%s: %w", one.name, one.why))
		}
		if one.up.Err() != nil {
			continue
		}
		able = append(able, choice{one, one.up})
		if fresh, err := one.position.Reached(r.marks[0].position); err != nil || !fresh {
			rank[one] = 1
		}
	}
	slices.SortStableFunc(able, func(a, b choice) int {
		if c := cmp.Compare(rank[a.replica], rank[b.replica]); c != 0 || rank[a.replica] == 0 {
			return c
		}
		return cmp.Compare(b.position.Sequence, a.position.Sequence)
	})
	return able, errors.Join(reasons...)
}

// Read is [Store.Read] on the freshest database, and on the next one if that
// becomes unreachable. While none has reached at, it waits for the first that
// does. read may be called once for each.
func (r *Replicas) Read(ctx context.Context, at events.Position, read func(*Snapshot) error) error {
	if len(r.all) == 1 {
		// With a single database there is no alternative, so query it in any
		// case.
		return r.all[0].answered(r.all[0].store.Read(ctx, at, read))
	}
	for {
		able, why := r.choose()
		if len(able) == 0 {
			return fmt.Errorf("%w: %w", ErrUnavailable, why)
		}
		var behind []*Store
		var failed error
		for _, one := range able {
			if reached, _ := one.store.arrivals.look(); len(behind) > 0 {
				if ok, err := reached.Reached(at); err != nil || !ok {
					behind = append(behind, one.store)
					continue
				}
			}
			err := one.answered(one.store.readOnce(ctx, one.up, at, read))
			switch {
			case ctx.Err() != nil:
				return err
			case errors.Is(err, errNotYet):
				behind = append(behind, one.store)
				continue
			case errors.Is(err, ErrUnavailable):
				r.lose(one.replica, err)
			case errors.Is(err, ErrStale), errors.Is(err, events.ErrIncarnation):
			default:
				return err
			}
			failed = cmp.Or(failed, fmt.Errorf("%s: %w", one.name, err))
		}
		if len(behind) == 0 {
			return failed
		}
		if err := anyArrives(ctx, behind, at); err != nil {
			return err
		}
	}
}

// answered counts the queries that the database answered, judging by their
// error.
func (one *replica) answered(err error) error {
	for _, failure := range []error{errNotYet, ErrUnavailable, ErrStale, events.ErrIncarnation} {
		if errors.Is(err, failure) {
			return err
		}
	}
	one.reads.Add(1)
	return err
}

// anyArrives waits until the rows of one of the databases have reached at, and
// fails if none do.
func anyArrives(ctx context.Context, stores []*Store, at events.Position) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	arrived := make(chan error, len(stores))
	for _, s := range stores {
		go func() { arrived <- s.WaitFor(ctx, at) }()
	}
	var err error
	for range stores {
		if err = <-arrived; err == nil {
			return nil
		}
	}
	return err
}

// ask runs a query on the best database, and on the next one if it fails.
func (r *Replicas) ask(question func(*Store) error) error {
	able, err := r.choose()
	if len(able) == 0 {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	for _, one := range able {
		if err = question(one.store); err == nil {
			return nil
		}
	}
	return err
}

// Ping reports whether any of the databases would answer queries.
func (r *Replicas) Ping(ctx context.Context) error {
	return r.ask(func(s *Store) error { return s.Ping(ctx) })
}

// Status is that of the database that would be queried next.
func (r *Replicas) Status(ctx context.Context) (status Status, err error) {
	return status, r.ask(func(s *Store) (err error) {
		status, err = s.Status(ctx)
		return err
	})
}

// Parked is that of the database that would be queried next.
func (r *Replicas) Parked(ctx context.Context) (parked []Parked, err error) {
	return parked, r.ask(func(s *Store) (err error) {
		parked, err = s.Parked(ctx)
		return err
	})
}

// Health is that of the database that would be queried next.
func (r *Replicas) Health(ctx context.Context) (h Health) {
	_ = r.ask(func(s *Store) error {
		h = s.Health(ctx)
		return nil
	})
	return h
}

// Replica is the state of one of the databases at its last check.
type Replica struct {
	// Name is its URL without secrets.
	Name string
	// Reachable means that it answers. Position is that of its rows, zero if
	// this program cannot serve them. Why is what is wrong, or nil.
	Reachable bool
	Position  events.Position
	Why       error
	// Chosen means that it would be queried next. Reads counts the queries it
	// answered.
	Chosen bool
	Reads  uint64
}

// Replicas returns the state of each database, in the order of the URLs.
func (r *Replicas) Replicas() []Replica {
	able, _ := r.choose()
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Replica, len(r.all))
	for i, one := range r.all {
		list[i] = Replica{
			Name: one.name, Reachable: one.up.Err() == nil, Position: one.position, Why: one.why,
			Chosen: len(able) > 0 && able[0].replica == one, Reads: one.reads.Load(),
		}
	}
	return list
}
