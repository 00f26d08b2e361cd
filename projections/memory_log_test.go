package projections

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/docketlog/docket/events"
)

// memoryLog is a log for tests: it has contiguous positions, and accepts events
// that a real one would reject.
type memoryLog struct {
	mu          sync.Mutex
	incarnation string
	stored      []events.Envelope
	heads       map[events.Aggregate]events.Head
	grown       chan struct{}
	// ragged splits batches: the n-th Next of a feed returns at most ragged(n).
	ragged func(n int) int
	// repeat makes a feed begin that many events before the requested position.
	repeat int
}

func newMemoryLog() *memoryLog {
	return &memoryLog{incarnation: "test", heads: make(map[events.Aggregate]events.Head), grown: make(chan struct{})}
}

// push stores envelopes unchanged.
func (l *memoryLog) push(envelopes ...events.Envelope) events.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range envelopes {
		e.Position = events.Position{Incarnation: l.incarnation, Sequence: uint64(len(l.stored) + 1)}
		l.stored = append(l.stored, e)
		head := l.heads[e.Aggregate]
		head.Aggregate = e.Aggregate
		if head.Accepts(&e) == nil {
			l.heads[e.Aggregate] = head.After(&e)
		}
	}
	close(l.grown)
	l.grown = make(chan struct{})
	return l.end()
}

func (l *memoryLog) end() events.Position {
	return events.Position{Incarnation: l.incarnation, Sequence: uint64(len(l.stored))}
}

func (l *memoryLog) head(a events.Aggregate) events.Head {
	l.mu.Lock()
	defer l.mu.Unlock()
	head := l.heads[a]
	head.Aggregate = a
	return head
}

// since returns a copy of the events after a sequence.
func (l *memoryLog) since(sequence uint64) []events.Envelope {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.stored[sequence:])
}

func (l *memoryLog) Append(_ context.Context, c events.Commit) (events.Appended, error) {
	sealed, err := c.Seal()
	if err != nil {
		return events.Appended{}, err
	}
	if l.head(c.Head.Aggregate).Revision != c.Head.Revision {
		return events.Appended{}, events.ErrConflict
	}
	l.push(sealed...)
	return events.Appended{Events: sealed, Head: l.head(c.Head.Aggregate)}, nil
}

func (l *memoryLog) Load(context.Context, events.Head) ([]events.Envelope, events.Head, error) {
	panic("the read side loads no aggregates")
}

func (l *memoryLog) End(ctx context.Context) (events.Position, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.end(), ctx.Err()
}

func (l *memoryLog) Follow(_ context.Context, after events.Position, limit int) (events.Feed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if after.Incarnation != l.incarnation || after.Sequence > uint64(len(l.stored)) {
		return nil, fmt.Errorf("%w: follow after %s", events.ErrIncarnation, after)
	}
	return &memoryFeed{log: l, next: max(0, int(after.Sequence)-l.repeat), limit: limit}, nil
}

type memoryFeed struct {
	log   *memoryLog
	next  int
	limit int
	calls int
}

func (f *memoryFeed) Next(ctx context.Context) (events.Batch, error) {
	for {
		f.log.mu.Lock()
		grown, limit := f.log.grown, f.limit
		if f.log.ragged != nil {
			limit = min(limit, f.log.ragged(f.calls))
		}
		if n := min(limit, len(f.log.stored)-f.next); n > 0 && ctx.Err() == nil {
			f.calls++
			b := events.Batch{Events: slices.Clone(f.log.stored[f.next : f.next+n]), Stored: time.Now(), Head: f.log.end()}
			f.next += n
			b.End = b.Head.At(uint64(f.next))
			f.log.mu.Unlock()
			return b, nil
		}
		f.log.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
			return events.Batch{}, ctx.Err()
		}
	}
}

func (f *memoryFeed) Close() {}
