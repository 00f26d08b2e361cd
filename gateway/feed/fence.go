package feed

import (
	"context"
	"fmt"

	"github.com/docketlog/docket/events"
)

// maxHeads bounds the heads a fence remembers, about 150 bytes each.
const maxHeads = 10_000

// fence applies [events.Head.Accepts] for a reader that begins anywhere in the
// log and looks at only some events. It is not safe for concurrent use.
type fence struct {
	log   events.Log
	heads map[events.Aggregate]events.Head
}

func newFence(log events.Log) *fence {
	return &fence{log: log, heads: make(map[events.Aggregate]events.Head)}
}

// accepts reports whether the event counts. It loads the chain of an unknown
// aggregate once and remembers its head from then on.
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

// skip records that an event was not looked at, so that the remembered head is
// not used for the aggregate's next event.
func (f *fence) skip(a events.Aggregate) { delete(f.heads, a) }

// decoded returns the event in an envelope, nil if it cannot be read because a
// newer program wrote it or it is damaged. Subscribers then receive only its
// name, so that one such event does not block all others.
func decoded(e *events.Envelope) events.Event {
	event, err := e.Event()
	if err != nil {
		return nil
	}
	return event
}
