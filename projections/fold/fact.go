package fold

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// Fact is an event to fold, decoded and hashed once.
type Fact struct {
	*events.Envelope
	event events.Event
	hash  events.Hash
	at    int64
	// err is why the event cannot be decoded.
	err error
}

// NewFact decodes an event. It does not fail: an event that cannot be decoded
// parks its aggregate when it is applied. The fact refers to e, which must not
// change.
func NewFact(e *events.Envelope) Fact {
	f := Fact{Envelope: e, hash: e.Hash(), at: e.Time.UnixMicro()}
	if known, ok := events.Types[e.Type]; ok && known.Kind != e.Aggregate.Kind {
		f.err = fmt.Errorf("%s on the subject of a %s", e.Type, e.Aggregate.Kind)
		return f
	}
	f.event, f.err = e.Event()
	return f
}

// moment returns the fact's time for an optional column.
func (f *Fact) moment() *int64 {
	at := f.at
	return &at
}

// errOrder reports an event that is inconsistent with those before it.
var errOrder = errors.New("event does not fit the current state")

// missingRow returns the error of a fold whose required row does not exist.
func missingRow(what string, id uuid.UUID) error {
	return fmt.Errorf("%w: %s %s is unknown", errOrder, what, id)
}
