package projections

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/docketlog/docket/events"
)

// How often the checkpoint is polled while a caller waits. Where the projector
// is another process, polling is the only way to learn of progress; where it is
// in this process, which reports progress itself, polling is a fallback.
const (
	pollInterval      = 3 * time.Millisecond
	pollIntervalLocal = 50 * time.Millisecond
)

// arrivals tracks the position of the rows and wakes waiting callers.
type arrivals struct {
	mu sync.Mutex
	// reached is the known position of the servable rows; it may be behind.
	reached events.Position
	// changed is closed and replaced when reached changes, if a caller waits.
	changed chan struct{}
	waiting int
	// local counts the projectors of this process that hold their claim.
	local   int
	polling sync.WaitGroup
	polls   bool
	// hurry ends a pause of the projector because a caller waits.
	hurry chan struct{}
}

// gathering is how long a busy projector lets events accumulate, so that
// several share a transaction. It does not delay callers that wait for a
// position.
const gathering = 2 * time.Millisecond

// gather pauses for gathering, or until a caller waits.
func (a *arrivals) gather(ctx context.Context) {
	a.mu.Lock()
	if a.waiting > 0 {
		a.mu.Unlock()
		return
	}
	if a.hurry == nil {
		a.hurry = make(chan struct{})
	}
	hurry := a.hurry
	a.mu.Unlock()
	pause := time.NewTimer(gathering)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-hurry:
	case <-ctx.Done():
	}
}

func (a *arrivals) wait() { a.polling.Wait() }

// note records that the rows are at p. Reports that arrive late, with an older
// position, change nothing.
func (a *arrivals) note(p events.Position) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.reached.Incarnation != p.Incarnation || a.reached.Sequence < p.Sequence {
		a.set(p)
	}
}

// correct records that the rows are at p, even if a later position was
// recorded.
func (a *arrivals) correct(p events.Position) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.reached != p {
		a.set(p)
	}
}

func (a *arrivals) set(p events.Position) {
	a.reached = p
	if a.changed != nil {
		close(a.changed)
		a.changed = nil
	}
}

func (a *arrivals) hold(by int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.local += by
}

func (a *arrivals) isLocal() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.local > 0
}

// look returns the position of the rows, and a channel that is closed when it
// changes.
func (a *arrivals) look() (events.Position, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.changed == nil {
		a.changed = make(chan struct{})
	}
	return a.reached, a.changed
}

// WaitFor returns once the rows have reached at; at once if they already have,
// or if at is zero. It fails with [ErrStale] if they have not by ctx's
// deadline, and with [events.ErrIncarnation] if the rows are of another
// incarnation of the log.
func (s *Store) WaitFor(ctx context.Context, at events.Position) error {
	if at.IsZero() {
		return nil
	}
	reached, changed := s.arrivals.look()
	if ok, err := reached.Reached(at); ok && err == nil {
		return nil
	}
	s.enter()
	defer s.leave()
	fresh := false
	for {
		ok, err := reached.Reached(at)
		switch {
		case ok && err == nil:
			return nil
		case err != nil && fresh && !reached.IsZero():
			return err
		case err != nil && !fresh:
			// The known position may be from before the log was replaced.
			fresh = true
			if s.refresh(ctx) {
				reached, changed = s.arrivals.look()
				continue
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return stale(ctx, reached, at)
		case <-s.done.Done():
			return fmt.Errorf("%w: wait for %s: store is closed", ErrUnavailable, at)
		}
		reached, changed = s.arrivals.look()
	}
}

func stale(ctx context.Context, reached, at events.Position) error {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ctx.Err()
	}
	return fmt.Errorf("%w: they are at %s, requested %s", ErrStale, reached, at)
}

// refresh reads the checkpoint and records its position.
func (s *Store) refresh(ctx context.Context) bool {
	m, err := s.model(ctx)
	if err != nil {
		return false
	}
	_ = s.seen(&m)
	return true
}

// seen records the position of a model that was read. It fails with ErrStale,
// and records the zero position, if this program may not serve its rows.
func (s *Store) seen(m *model) error {
	err := m.servable(s.fingerprint)
	if err != nil {
		m.position = events.Position{}
		s.arrivals.correct(m.position)
	} else {
		s.arrivals.note(m.position)
	}
	return err
}

// enter and leave count waiting callers. The first starts the one goroutine
// that polls for all of them; it ends after the last has left.
func (s *Store) enter() {
	a := &s.arrivals
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting++
	if a.hurry != nil {
		close(a.hurry)
		a.hurry = nil
	}
	if !a.polls && s.done.Err() == nil {
		a.polls = true
		a.polling.Go(s.poll)
	}
}

func (s *Store) leave() {
	s.arrivals.mu.Lock()
	defer s.arrivals.mu.Unlock()
	s.arrivals.waiting--
}

func (s *Store) poll() {
	a := &s.arrivals
	for {
		a.mu.Lock()
		if a.waiting == 0 || s.done.Err() != nil {
			a.polls = false
			a.mu.Unlock()
			return
		}
		interval := pollInterval
		if a.local > 0 {
			interval = pollIntervalLocal
		}
		a.mu.Unlock()
		if interval == pollInterval {
			s.refresh(s.done)
		}
		select {
		case <-time.After(interval):
		case <-s.done.Done():
		}
		if interval == pollIntervalLocal {
			s.refresh(s.done)
		}
	}
}
