package accounts

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// record appends an event about the account's credentials to the log, for
// auditors. Callers return success only after it: no session or token exists
// without an event. It fails with [ErrUnavailable] and ctx's error.
func (a *Accounts) record(ctx context.Context, account uuid.UUID, event events.Event) error {
	command, err := uuid.NewV7()
	if err != nil {
		return err
	}
	head, known := a.heads.get(account)
	for range rounds {
		if !known {
			if _, head, err = a.log.Load(ctx, head); err != nil {
				return fmt.Errorf("%w: record of account %s: %w", ErrUnavailable, account, err)
			}
		}
		appended, err := a.log.Append(ctx, events.Commit{
			Head: head, Command: command, Actor: account, Time: a.now().UTC(), Events: []events.Event{event},
		})
		if err == nil {
			for i := range appended.Events {
				head = head.After(&appended.Events[i])
			}
			a.heads.put(account, head)
			return nil
		}
		if !errors.Is(err, events.ErrConflict) {
			return fmt.Errorf("%w: record of account %s: %w", ErrUnavailable, account, err)
		}
		known = false
	}
	return fmt.Errorf("%w: too many concurrent changes", ErrUnavailable)
}

// maxHeads limits the number of cached heads, about 150 bytes each.
const maxHeads = 10_000

// heads caches the heads of accounts' chains as this process last saw them, so
// that a sign-in does not need to read all earlier events. The log detects a
// stale head. When the cache is full, it drops an arbitrary one.
type heads struct {
	mu    sync.Mutex
	known map[uuid.UUID]events.Head
}

func newHeads() *heads { return &heads{known: make(map[uuid.UUID]events.Head)} }

func (h *heads) get(account uuid.UUID) (events.Head, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	head, ok := h.known[account]
	if !ok {
		head.Aggregate = events.Account(account)
	}
	return head, ok
}

func (h *heads) put(account uuid.UUID, head events.Head) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.known[account]; !ok && len(h.known) >= maxHeads {
		for any := range h.known {
			delete(h.known, any)
			break
		}
	}
	h.known[account] = head
}
