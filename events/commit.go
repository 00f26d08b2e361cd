package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// MaxCommit is the largest number of events in one commit. It is the broker's
// limit for an atomic batch (nats-server, ADR-50).
const MaxCommit = 1000

// Commit holds the events that one command decided. They belong to one
// aggregate and are appended together or not at all, and only if the aggregate
// still ends at Head.
type Commit struct {
	Head    Head
	Project uuid.UUID
	// Command, Actor and Time are required; Correlation defaults to Command.
	Command     uuid.UUID
	Actor       uuid.UUID
	Time        time.Time
	Correlation uuid.UUID
	Causation   uuid.UUID
	// TraceParent is omitted from the events if it is not a W3C trace parent.
	TraceParent string
	Events      []Event
}

// traceParent is the format of a trace parent (W3C Trace Context, section 3.2).
// The value comes from outside. A header that is not read back byte for byte as
// it was hashed would break the chain permanently.
var traceParent = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

// EventID returns the id of a command's event with the given index, counted
// from 0. It is a name-based UUID (RFC 9562, version 5), so the same command
// always gives the same ids. All events of a command belong to one aggregate.
func EventID(command uuid.UUID, index int) uuid.UUID {
	return uuid.NewSHA1(command, []byte(strconv.Itoa(index)))
}

// Seal returns the envelopes that will be stored, with ids, revisions, hashes
// and payloads. It is pure: the same commit gives the same bytes.
func (c *Commit) Seal() ([]Envelope, error) {
	switch {
	case c.Head.Aggregate.IsZero():
		return nil, errors.New("commit: no aggregate")
	case c.Command == uuid.Nil || c.Actor == uuid.Nil || c.Time.IsZero():
		return nil, fmt.Errorf("commit to %s: command, actor and time are required", c.Head.Aggregate)
	case len(c.Events) == 0 || len(c.Events) > MaxCommit:
		return nil, fmt.Errorf("commit to %s: %d events, want 1 to %d", c.Head.Aggregate, len(c.Events), MaxCommit)
	}
	correlation := c.Correlation
	if correlation == uuid.Nil {
		correlation = c.Command
	}
	trace := ""
	if traceParent.MatchString(c.TraceParent) {
		trace = c.TraceParent
	}
	sealed := make([]Envelope, len(c.Events))
	head := c.Head
	for i, event := range c.Events {
		registered, ok := Types[event.EventType()]
		if !ok || registered.Kind != c.Head.Aggregate.Kind {
			return nil, fmt.Errorf("commit to %s: event type %q does not belong to this kind of aggregate", c.Head.Aggregate, event.EventType())
		}
		payload, err := json.Marshal(event)
		if err != nil {
			return nil, fmt.Errorf("commit to %s: encode %s: %w", c.Head.Aggregate, event.EventType(), err)
		}
		sealed[i] = Envelope{
			ID: EventID(c.Command, i), Type: event.EventType(), Version: registered.Version,
			Aggregate: c.Head.Aggregate, Project: c.Project,
			Revision: head.Revision + 1, PrevHash: head.Hash,
			Time:  c.Time.UTC().Truncate(time.Microsecond),
			Actor: c.Actor, Command: c.Command, Correlation: correlation, Causation: c.Causation,
			TraceParent: trace, Payload: payload,
		}
		head = head.After(&sealed[i])
	}
	return sealed, nil
}
