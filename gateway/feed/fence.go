package feed

import (
	"context"
	"fmt"

	"github.com/docketlog/docket/events"
)

// maxHeads bounds the heads a fence remembers, about 150 bytes each.
const maxHeads = 10_000

// fence applies [events.Head.Accepts] to a reader that begins anywhere in the
// log and looks at some events only. It is used by one goroutine.
type fence struct {
	log   events.Log
	heads map[events.Aggregate]events.Head
}

func newFence(log events.Log) *fence {
	return &fence{log: log, heads: make(map[events.Aggregate]events.Head)}
}

// accepts reports whether the event counts. Of an aggregate it does not know
// it reads the chain; from then on the chain is at hand.
func (f *fence) accepts(ctx context.Context, e *events.Envelope) (bool, error) {
	head, known := f.heads[e.Aggregate]
	if known {
		if head.Accepts(e) != nil {
			return false, nil
		}
		f.heads[e.Aggregate] = head.After(e)
		return true, nil
	}
	chain, _, err := f.log.Load(ctx, events.Head{Aggregate: e.Aggregate})
	if err != nil {
		return false, fmt.Errorf("load %s: %w", e.Aggregate, err)
	}
	head = events.Head{Aggregate: e.Aggregate}
	accepted := false
	for i := range chain {
		if chain[i].Position.Sequence > e.Position.Sequence {
			break
		}
		accepted = chain[i].Position.Sequence == e.Position.Sequence
		head = head.After(&chain[i])
	}
	if len(f.heads) >= maxHeads {
		for any := range f.heads {
			delete(f.heads, any)
			break
		}
	}
	f.heads[e.Aggregate] = head
	return accepted, nil
}

// skip says that the event was not looked at, so that the next of its
// aggregate cannot be judged by what is remembered.
func (f *fence) skip(a events.Aggregate) { delete(f.heads, a) }

// decoded is the event in an envelope, nil for one that cannot be read: a newer
// program's, or a damaged one. It is told by its name alone, since one such
// event must not keep everybody from the others.
func decoded(e *events.Envelope) events.Event {
	event, err := e.Event()
	if err != nil {
		return nil
	}
	return event
}
