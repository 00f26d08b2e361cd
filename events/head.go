package events

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
)

// ErrForked reports an event that does not continue its aggregate's chain: a
// second writer's after a change of leader, a repetition, or a forgery. No
// reader accepts it as part of the aggregate's history.
var ErrForked = errors.New("event does not continue its aggregate's chain")

// Head is the end of one aggregate's chain as a reader knows it. It determines
// which event comes next. Revision zero means that no event is known yet.
type Head struct {
	Aggregate Aggregate
	// Revision and Hash are those of the last accepted event.
	Revision uint64
	Hash     Hash
	// Sequence is the sequence of the last message seen on the aggregate's
	// subject, accepted or not. The broker compares it.
	Sequence uint64
}

// Accepts checks whether e continues the chain. Every reader uses this one rule
// to decide whether an event counts. It returns nil, or an error that wraps
// [ErrForked].
func (h Head) Accepts(e *Envelope) error {
	switch {
	case e.Aggregate != h.Aggregate:
		return fmt.Errorf("%w: event of %s, want one of %s", ErrForked, e.Aggregate, h.Aggregate)
	case e.Revision != h.Revision+1:
		return fmt.Errorf("%w: %s is at revision %d, event %s has revision %d", ErrForked, h.Aggregate, h.Revision, e.ID, e.Revision)
	case !e.fits():
		return fmt.Errorf("%w: %s of project %q is not an event of %s", ErrForked, e.Type, formatID(e.Project), e.Aggregate)
	case e.PrevHash != h.Hash:
		return fmt.Errorf("%w: %s revision %d has hash %s, event %s follows %s", ErrForked, h.Aggregate, h.Revision, h.Hash, e.ID, e.PrevHash)
	}
	return nil
}

// fits reports whether the event's type and project are possible for its
// aggregate. A type that this program does not know always is.
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

// After returns the head after e, which h must accept.
func (h Head) After(e *Envelope) Head {
	return Head{
		Aggregate: h.Aggregate,
		Revision:  e.Revision,
		Hash:      e.Hash(),
		Sequence:  max(h.Sequence, e.Position.Sequence),
	}
}

// Past returns the head after a message that h does not accept: only the
// sequence changes, and it never decreases.
func (h Head) Past(sequence uint64) Head {
	h.Sequence = max(h.Sequence, sequence)
	return h
}
