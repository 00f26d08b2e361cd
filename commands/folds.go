package commands

import (
	"container/list"
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// fold is one aggregate kept in memory. Its mutex is held for the whole of a
// command, so that commands of this process about one aggregate queue here
// instead of conflicting at the log.
type fold struct {
	aggregate events.Aggregate // never changes

	mu      sync.Mutex
	head    events.Head
	project Project
	task    Task
	end     events.Position // of the last event
	// commands maps each command applied to the aggregate to the last revision
	// it made. It makes sending a command again harmless, no matter how much
	// later.
	commands map[uuid.UUID]uint64
	// checked is the generation of following in which the fold was last known
	// to be complete; see [folds.following].
	checked uint64

	// seen is the highest sequence that the follower has met on the subject of
	// the aggregate.
	seen atomic.Uint64
}

// apply folds accepted events from the log.
func (f *fold) apply(more []events.Envelope) error {
	for i := range more {
		e := &more[i]
		event, err := e.Event()
		if err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if f.task.Exists() && e.Project != f.task.Project {
			return fmt.Errorf("%w: event %s names project %s, the task is of %s", ErrDamaged, e.ID, e.Project, f.task.Project)
		}
		switch f.aggregate.Kind {
		case events.KindProject:
			f.project = f.project.Apply(e, event)
		case events.KindTask:
			f.task = f.task.Apply(e, event)
		}
		f.head = f.head.After(e)
		f.end = e.Position
		if f.commands == nil {
			f.commands = make(map[uuid.UUID]uint64, 4)
		}
		f.commands[e.Command] = e.Revision
	}
	return nil
}

// folds is the cache of aggregates; the least recently used are evicted first.
// An evicted fold that is still in use stays correct: a caller that loads the
// aggregate again conflicts with it at the log, as another process would.
type folds struct {
	log      events.Log
	capacity int

	mu    sync.Mutex
	known map[events.Aggregate]*list.Element // of *fold
	order *list.List                         // most recently used first

	// following is 0 while the log is not being watched, and otherwise a number
	// that grows with every new watch. A fold is warm if it was complete at or
	// after the start of the current watch and the watch has seen nothing
	// newer.
	following atomic.Uint64
	// replaced reports that the log is no longer the one that was folded.
	replaced atomic.Bool
	loads    atomic.Uint64
}

func newFolds(log events.Log, capacity int) *folds {
	return &folds{log: log, capacity: capacity, known: make(map[events.Aggregate]*list.Element), order: list.New()}
}

func (c *folds) get(a events.Aggregate) *fold {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, ok := c.known[a]; ok {
		c.order.MoveToFront(element)
		return element.Value.(*fold)
	}
	f := &fold{aggregate: a, head: events.Head{Aggregate: a}}
	f.project.Head, f.task.Head = f.head, f.head
	c.known[a] = c.order.PushFront(f)
	if c.order.Len() > c.capacity {
		oldest := c.order.Back()
		c.order.Remove(oldest)
		delete(c.known, oldest.Value.(*fold).aggregate)
	}
	return f
}

// warm reports whether the fold can be used without reading the log. The caller
// holds f.mu.
func (c *folds) warm(f *fold) bool {
	following := c.following.Load()
	return following != 0 && f.checked == following && f.head.Sequence >= f.seen.Load()
}

// refresh brings the fold up to the end of the log. The caller holds f.mu.
func (c *folds) refresh(ctx context.Context, f *fold) error {
	if c.replaced.Load() {
		return fmt.Errorf("load %s: %w", f.aggregate, events.ErrIncarnation)
	}
	// Read this before the load: a watch that starts during the load must not
	// count as one that was already there.
	following := c.following.Load()
	c.loads.Add(1)
	more, head, err := c.log.Load(ctx, f.head)
	if err == nil {
		err = f.apply(more)
	}
	if err != nil {
		return fmt.Errorf("load %s: %w", f.aggregate, err)
	}
	f.head = head
	f.project.Head.Sequence, f.task.Head.Sequence = head.Sequence, head.Sequence
	f.checked = following
	return nil
}

// run watches the log until ctx ends or the log fails, and notes on the warm
// aggregates how far their subjects have advanced. It folds nothing: an
// aggregate that another process has changed is loaded at its next use.
func (c *folds) run(ctx context.Context, generation uint64) error {
	end, err := c.log.End(ctx)
	if err != nil {
		return err
	}
	feed, err := c.log.Follow(ctx, end, 512)
	if err != nil {
		return err
	}
	defer feed.Close()
	// Folds that were complete before this moment may have missed events; from
	// here on no event is missed.
	c.following.Store(generation)
	defer c.following.Store(0)
	for {
		batch, err := feed.Next(ctx)
		if err != nil {
			return err
		}
		for i := range batch.Events {
			c.note(batch.Events[i].Aggregate, batch.Events[i].Position.Sequence)
		}
	}
}

func (c *folds) note(a events.Aggregate, sequence uint64) {
	c.mu.Lock()
	element, ok := c.known[a]
	c.mu.Unlock()
	if ok {
		element.Value.(*fold).seen.Store(sequence)
	}
}

func (c *folds) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.known)
}
