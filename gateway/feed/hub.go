package feed

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// Errors of this package, matched with errors.Is. After any of the first three,
// resume with a new subscription after the last event received.
var (
	// ErrSlow reports a subscriber that did not take its events in time.
	ErrSlow = errors.New("too slow: events were piling up")
	// ErrInterrupted reports that the log could not be followed for a moment.
	ErrInterrupted = errors.New("the feed was interrupted")
	// ErrStopped reports that the hub has ended.
	ErrStopped = errors.New("the feed has stopped")
	// ErrTooMany reports an account that has reached [MaxSubscriptions].
	ErrTooMany = errors.New("too many subscriptions")
)

const (
	// batchSize is how many events one read of the log returns.
	batchSize = 256
	// MaxSubscriptions is the limit per account in one process.
	MaxSubscriptions = 32
)

// Options configure a [Hub]; all have defaults.
type Options struct {
	// Buffer is how many events may be queued for one subscriber, 1,000 by
	// default.
	Buffer int
	Logger *slog.Logger
}

// Hub follows the log once and delivers each event to the subscribers that may
// see it. It is safe for concurrent use.
type Hub struct {
	log     events.Log
	buffer  int
	logger  *slog.Logger
	members *members

	mu       sync.Mutex
	accounts map[uuid.UUID]map[*Subscription]struct{}
	// decided is the position up to which the hub has chosen recipients, told the
	// position up to which it has delivered. A subscription joins at decided and
	// is known to be complete up to told.
	decided, told events.Position
	ready         chan struct{} // closed while the hub follows
	stopped       bool

	subscribers, dropped atomic.Int64
}

// NewHub returns a hub on the log. Subscriptions wait until [Hub.Run] runs.
func NewHub(log events.Log, options Options) *Hub {
	if options.Buffer <= 0 {
		options.Buffer = 1000
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Hub{
		log: log, buffer: options.Buffer, logger: options.Logger, members: newMembers(log),
		accounts: make(map[uuid.UUID]map[*Subscription]struct{}), ready: make(chan struct{}),
	}
}

// Subscribers returns the number of open subscriptions.
func (h *Hub) Subscribers() int64 { return h.subscribers.Load() }

// Dropped returns the number of subscriptions ended for being too slow.
func (h *Hub) Dropped() int64 { return h.dropped.Load() }

// Position returns the log position up to which the hub has delivered, zero
// while it does not follow the log.
func (h *Hub) Position() events.Position {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.told
}

// Run follows the log until ctx ends, and then ends all subscriptions. It
// returns ctx's error, or [events.ErrIncarnation] if the log has been replaced
// by another.
func (h *Hub) Run(ctx context.Context) error {
	defer h.Close()
	return events.KeepFollowing(ctx, func(ctx context.Context) error {
		defer h.interrupt()
		return h.follow(ctx)
	}, func(err error, pause time.Duration) {
		h.logger.Warn("feed interrupted, retrying", slog.Any("err", err), slog.Duration("in", pause))
	})
}

// Close ends all present and future subscriptions with [ErrStopped].
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.stopped {
		h.stopped = true
		h.endAll(ErrStopped)
	}
}

func (h *Hub) follow(ctx context.Context) error {
	end, err := h.log.End(ctx)
	if err != nil {
		return err
	}
	feed, err := h.log.Follow(ctx, end, batchSize)
	if err != nil {
		return err
	}
	defer feed.Close()
	h.members.follow(true)
	h.mu.Lock()
	h.decided, h.told = end, end
	close(h.ready)
	h.mu.Unlock()
	fence := newFence(h.log)
	for {
		batch, err := feed.Next(ctx)
		if err != nil {
			return err
		}
		for i := range batch.Events {
			if err := h.tell(ctx, fence, &batch.Events[i]); err != nil {
				return err
			}
		}
		h.mu.Lock()
		h.decided, h.told = batch.End, batch.End
		h.mu.Unlock()
	}
}

// interrupt ends all subscriptions; they reconnect and read what they missed
// from the log.
func (h *Hub) interrupt() {
	h.members.follow(false)
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.ready:
		h.ready = make(chan struct{})
	default:
	}
	h.decided, h.told = events.Position{}, events.Position{}
	h.endAll(ErrInterrupted)
}

func (h *Hub) endAll(reason error) {
	for _, set := range h.accounts {
		for s := range set {
			s.end(reason)
		}
	}
}

// tell delivers the event to the live subscriptions that may see it.
func (h *Hub) tell(ctx context.Context, fence *fence, e *events.Envelope) error {
	if e.Aggregate.Kind == events.KindProject {
		h.members.forget(e.Aggregate.ID)
	}
	to, err := h.choose(ctx, e)
	if err != nil {
		return err
	}
	if len(to) == 0 {
		fence.skip(e.Aggregate)
		return nil
	}
	accepted, err := fence.accepts(ctx, e)
	if err != nil || !accepted {
		return err
	}
	json, err := told(e, decoded(e))
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range to {
		if !s.push(Event{e.Position, json}, h.buffer) {
			h.dropped.Add(1)
		}
	}
	h.told = e.Position
	return nil
}

// choose selects the live subscriptions that receive the event and advances
// decided in the same step, so that a later subscription joins after it.
func (h *Hub) choose(ctx context.Context, e *events.Envelope) ([]*Subscription, error) {
	for {
		// Without subscribers, do not decode the event or load the members.
		listened := h.subscribers.Load() > 0
		var audience []uuid.UUID
		if listened {
			var err error
			if audience, err = h.audience(ctx, e, decoded(e)); err != nil {
				return nil, err
			}
		}
		h.mu.Lock()
		if !listened && h.subscribers.Load() > 0 {
			h.mu.Unlock()
			continue // A new subscriber joined meanwhile and expects this event.
		}
		var to []*Subscription
		for _, account := range audience {
			for s := range h.accounts[account] {
				if s.live && s.wants(e) {
					to = append(to, s)
				}
			}
		}
		h.decided = e.Position
		h.mu.Unlock()
		return to, nil
	}
}

// audience returns the accounts that may see the event.
func (h *Hub) audience(ctx context.Context, e *events.Envelope, event events.Event) ([]uuid.UUID, error) {
	if e.Aggregate.Kind == events.KindAccount {
		return []uuid.UUID{e.Aggregate.ID}, nil
	}
	project, err := h.members.of(ctx, e.Project)
	if err != nil {
		return nil, err
	}
	audience := make([]uuid.UUID, 0, len(project.Members)+1)
	for _, m := range project.Members {
		audience = append(audience, m.Account)
	}
	// The account that a membership event concerns receives it, a removal
	// included.
	if about := events.Concerns(event); about != uuid.Nil && project.Role(about) == "" {
		audience = append(audience, about)
	}
	return audience, nil
}

// sees reports whether one account may see the event.
func (h *Hub) sees(ctx context.Context, account uuid.UUID, e *events.Envelope, event events.Event) (bool, error) {
	if e.Aggregate.Kind == events.KindAccount {
		return e.Aggregate.ID == account, nil
	}
	if events.Concerns(event) == account {
		return true, nil
	}
	project, err := h.members.of(ctx, e.Project)
	return err == nil && project.Role(account) != "", err
}
