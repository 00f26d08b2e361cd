package feed

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// Subscription is one reader of the feed. It is not safe for concurrent use.
type Subscription struct {
	hub     *Hub
	account uuid.UUID
	project uuid.UUID // the only one wanted, zero for all

	// While it catches up, it reads the log itself, up to at.
	past  events.Feed
	fence *fence
	at    events.Position

	// The hub's mutex guards the other fields.
	live   bool
	queue  []Event
	ended  error
	wakeup chan struct{}
}

// Subscribe starts a subscription of the account to the events it may see after
// the position, in one project unless project is zero. The zero position means
// from now on. It waits a moment for the hub to follow the log. Errors:
// [events.ErrIncarnation] for a position that is not of this log, [ErrTooMany],
// [ErrInterrupted], [ErrStopped], ctx's. ctx must last as long as the
// subscription; the caller closes it.
func (h *Hub) Subscribe(ctx context.Context, account, project uuid.UUID, after events.Position) (*Subscription, error) {
	s := &Subscription{hub: h, account: account, project: project, at: after, wakeup: make(chan struct{}, 1)}
	if err := h.enroll(s); err != nil {
		return nil, err
	}
	if err := s.begin(ctx, after); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (h *Hub) enroll(s *Subscription) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	set := h.accounts[s.account]
	switch {
	case h.stopped:
		return ErrStopped
	case len(set) >= MaxSubscriptions:
		return ErrTooMany
	case set == nil:
		set = make(map[*Subscription]struct{})
		h.accounts[s.account] = set
	}
	set[s] = struct{}{}
	h.subscribers.Add(1)
	return nil
}

func (s *Subscription) begin(ctx context.Context, after events.Position) error {
	s.hub.mu.Lock()
	ready := s.hub.ready
	s.hub.mu.Unlock()
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-ready:
	case <-s.wakeup: // the hub has stopped
		return s.reason()
	case <-timer.C:
		return ErrInterrupted
	case <-ctx.Done():
		return ctx.Err()
	}
	if after.IsZero() {
		s.hub.mu.Lock()
		defer s.hub.mu.Unlock()
		if s.ended != nil {
			return s.ended
		}
		s.at, s.live = s.hub.decided, true
		return nil
	}
	past, err := s.hub.log.Follow(ctx, after, batchSize)
	if err != nil {
		return err
	}
	s.past, s.fence = past, newFence(s.hub.log)
	return nil
}

// timeout is the timeout for the hub to follow the log.
const timeout = 5 * time.Second

// Position returns the position up to which the account has received
// everything.
func (s *Subscription) Position() events.Position {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return s.at
}

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	set := s.hub.accounts[s.account]
	if _, there := set[s]; there {
		delete(set, s)
		s.hub.subscribers.Add(-1)
		if len(set) == 0 {
			delete(s.hub.accounts, s.account)
		}
	}
	s.live = false
	if s.past != nil {
		s.past.Close()
		s.past = nil
	}
}

// Next waits for at most longest and returns the next events in log order, or
// none if the account may see no new event. The account has received everything
// up to the returned position, the returned events included. Errors: [ErrSlow],
// [ErrInterrupted], [ErrStopped], [events.ErrIncarnation], ctx's.
func (s *Subscription) Next(ctx context.Context, longest time.Duration) ([]Event, events.Position, error) {
	for s.past != nil {
		if s.join() {
			break
		}
		more, err := s.catchUp(ctx, longest)
		if err != nil || len(more) > 0 {
			return more, s.at, err
		}
	}
	timer := time.NewTimer(longest)
	defer timer.Stop()
	for quiet := false; ; {
		if more, at, err := s.take(quiet); err != nil || len(more) > 0 || quiet {
			return more, at, err
		}
		select {
		case <-s.wakeup:
		case <-timer.C:
			quiet = true
		case <-ctx.Done():
			return nil, s.at, ctx.Err()
		}
	}
}

// join makes the subscription live if it has caught up with the hub.
func (s *Subscription) join() bool {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if s.ended == nil {
		if reached, err := s.at.Reached(s.hub.decided); err != nil || !reached {
			return false
		}
		s.live = true
	}
	s.past.Close()
	s.past, s.fence = nil, nil
	return true
}

// catchUp reads the next batch of past events. The hub is ahead, so there is
// one; it takes long only if the log is unavailable.
func (s *Subscription) catchUp(ctx context.Context, longest time.Duration) ([]Event, error) {
	soon, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	batch, err := s.past.Next(soon)
	if err != nil {
		if soon.Err() != nil && ctx.Err() == nil {
			return nil, ErrInterrupted
		}
		return nil, err
	}
	var more []Event
	for i := range batch.Events {
		e := &batch.Events[i]
		event := decoded(e)
		visible := s.project == uuid.Nil || s.project == e.Project
		if visible {
			if visible, err = s.hub.sees(ctx, s.account, e, event); err != nil {
				return nil, err
			}
		}
		if !visible {
			s.fence.skip(e.Aggregate)
			continue
		}
		accepted, err := s.fence.accepts(ctx, e)
		if err != nil {
			return nil, err
		}
		if !accepted {
			continue
		}
		json, err := told(e, event)
		if err != nil {
			return nil, err
		}
		more = append(more, Event{e.Position, json})
	}
	s.at = batch.End
	return more, nil
}

// take empties the queue. It returns the hub's position if nothing is queued.
func (s *Subscription) take(quiet bool) ([]Event, events.Position, error) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	more := s.queue
	s.queue = nil
	switch {
	case len(more) > 0:
		s.at = more[len(more)-1].Position
	case s.ended != nil:
		return nil, s.at, s.ended
	case quiet && s.hub.told.Sequence > s.at.Sequence:
		s.at = s.hub.told
	}
	return more, s.at, nil
}

func (s *Subscription) reason() error {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if s.ended == nil {
		return errors.New("woken without a reason")
	}
	return s.ended
}

// wants reports whether the event must still be delivered to a live
// subscription. The caller holds the hub's mutex.
func (s *Subscription) wants(e *events.Envelope) bool {
	return s.ended == nil && e.Position.Sequence > s.at.Sequence && (s.project == uuid.Nil || s.project == e.Project)
}

// push queues an event, or ends the subscription if the queue is full. Queued
// events are still delivered. The caller holds the hub's mutex.
func (s *Subscription) push(e Event, most int) bool {
	if s.ended != nil || !s.live {
		return true
	}
	if len(s.queue) >= most {
		s.end(ErrSlow)
		return false
	}
	s.queue = append(s.queue, e)
	s.wake()
	return true
}

// end makes the subscription fail with the reason once its queue is empty. The
// caller holds the hub's mutex.
func (s *Subscription) end(reason error) {
	if s.ended == nil {
		s.ended = reason
	}
	s.wake()
}

func (s *Subscription) wake() {
	select {
	case s.wakeup <- struct{}{}:
	default:
	}
}
