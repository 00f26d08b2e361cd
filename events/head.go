package events

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// ErrForked reports an event that does not continue its aggregate's chain: a
// second writer's after a change of leader, a repetition, or a forgery. It is
// not part of the aggregate's history for anybody.
var ErrForked = errors.New("event does not continue its aggregate's chain")

// Head is the end of one aggregate's chain as a reader knows it, and with it
// what the next event must be. The zero revision is an aggregate of which
// nothing is known yet.
type Head struct {
	Aggregate Aggregate
	// Revision and Hash are those of the last accepted event.
	Revision uint64
	Hash     Hash
	// Sequence is that of the last message seen on the aggregate's subject,
	// accepted or not: it is what the broker compares.
	Sequence uint64
}

// Accepts is the fence, the one rule by which every reader decides whether an
// event counts. It returns nil, or an error that wraps [ErrForked].
func (h Head) Accepts(e *Envelope) error {
	switch {
	case e.Aggregate != h.Aggregate:
		return fmt.Errorf("%w: %s is not %s", ErrForked, e.Aggregate, h.Aggregate)
	case e.Revision != h.Revision+1:
		return fmt.Errorf("%w: %s is at revision %d, event %s has revision %d", ErrForked, h.Aggregate, h.Revision, e.ID, e.Revision)
	case !e.fits():
		return fmt.Errorf("%w: %s of project %q is no event of %s", ErrForked, e.Type, formatID(e.Project), e.Aggregate)
	case e.PrevHash != h.Hash:
		return fmt.Errorf("%w: %s revision %d has hash %s, event %s follows %s", ErrForked, h.Aggregate, h.Revision, h.Hash, e.ID, e.PrevHash)
	}
	return nil
}

// fits reports whether an event of its type, about its project, can be one of
// its aggregate. A type that this program does not know can.
func (e *Envelope) fits() bool {
	if known, ok := Types[e.Type]; ok && known.Kind != e.Aggregate.Kind {
		return false
	}
	switch e.Aggregate.Kind {
	case KindProject:
		return e.Project == e.Aggregate.ID
	case KindTask:
		return e.Project != uuid.Nil
	default:
		return e.Project == uuid.Nil
	}
}

// After is the head once e, which it accepts, has happened.
func (h Head) After(e *Envelope) Head {
	return Head{
		Aggregate: h.Aggregate,
		Revision:  e.Revision,
		Hash:      e.Hash(),
		Sequence:  max(h.Sequence, e.Position.Sequence),
	}
}

// Past is the head once a message that it does not accept was seen: nothing
// but the sequence moves.
func (h Head) Past(sequence uint64) Head {
	h.Sequence = max(h.Sequence, sequence)
	return h
}
