package service

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

const (
	// maxNumbers bounds the cached numbers, about 60 bytes each.
	maxNumbers = 100_000
	// numberTimeout is the timeout for the rows to know a task's number after a
	// write. The write has succeeded; without the number the answer is still
	// correct.
	numberTimeout = 5 * time.Second
)

// numbers caches task numbers, which the rows assign once and never change, so
// that a write need not query them. When full it drops an arbitrary one.
type numbers struct {
	mu    sync.Mutex
	known map[uuid.UUID]int64
}

func newNumbers() *numbers { return &numbers{known: make(map[uuid.UUID]int64)} }

func (n *numbers) get(task uuid.UUID) (int64, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	number, ok := n.known[task]
	return number, ok
}

func (n *numbers) put(task uuid.UUID, number int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.known[task]; !ok && len(n.known) >= maxNumbers {
		for any := range n.known {
			delete(n.known, any)
			break
		}
	}
	n.known[task] = number
}

// Number returns the task's number within its project, nil if the rows do not
// know it within five seconds. at is a position at which the task exists.
func (s *Service) Number(ctx context.Context, task uuid.UUID, at events.Position) *int64 {
	if number, ok := s.numbers.get(task); ok {
		return &number
	}
	ctx, cancel := context.WithTimeout(ctx, numberTimeout)
	defer cancel()
	var number int64
	ask := func(rows *projections.Snapshot) (err error) {
		number, err = rows.TaskNumber(ctx, task)
		return err
	}
	// A task older than the rows' lag is found without waiting.
	err := s.rows.Read(ctx, events.Position{}, ask)
	if errors.Is(err, projections.ErrNotFound) {
		err = s.rows.Read(ctx, at, ask)
	}
	if err != nil {
		s.logger.Debug("response sent without the task's number", "task", task, "err", err)
		return nil
	}
	s.numbers.put(task, number)
	return &number
}
