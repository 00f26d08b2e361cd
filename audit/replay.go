package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// Query selects events. An event must match all conditions. The zero Query
// selects all events.
type Query struct {
	// Task selects the events of one task. Project selects those of a project
	// and of its tasks.
	Task    uuid.UUID
	Project uuid.UUID
	// From and To limit the sequence, both inclusive. To 0 is the end of the
	// log when the replay starts.
	From, To uint64
	// Until selects events up to this time, inclusive, if it is not zero.
	Until time.Time
	// Types selects events of these types, if it is not empty.
	Types []events.Type
}

func (q *Query) wants(e *events.Envelope) bool {
	switch {
	case q.Task != uuid.Nil && e.Aggregate != events.Task(q.Task),
		q.Project != uuid.Nil && e.Project != q.Project,
		e.Position.Sequence < q.From,
		!q.Until.IsZero() && e.Time.After(q.Until),
		len(q.Types) > 0 && !slices.Contains(q.Types, e.Type):
		return false
	}
	return true
}

// batch is the largest number of events in one read of the log.
const batch = 1000

// Replay calls each for every selected event, in log order. This includes events
// that do not continue their aggregate's chain: a replay shows what is stored, and
// [Chains] verifies it. An error from each ends the replay.
func Replay(ctx context.Context, log events.Log, q Query, each func(*events.Envelope) error) error {
	end, err := log.End(ctx)
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	if q.To != 0 {
		end.Sequence = min(end.Sequence, q.To)
	}
	_, err = walk(ctx, log, end.At(max(q.From, 1)-1), end, func(b *events.Batch) error {
		for i := range b.Events {
			if e := &b.Events[i]; e.Position.Sequence <= end.Sequence && q.wants(e) {
				if err := each(e); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return err
}

// walk calls each for the log's batches from after one position up to end. The
// last batch may go beyond end. It returns the position of the last event read.
func walk(ctx context.Context, log events.Log, after, end events.Position, each func(*events.Batch) error) (events.Position, error) {
	if after.Sequence >= end.Sequence {
		return after, nil
	}
	feed, err := log.Follow(ctx, after, batch)
	if err != nil {
		return after, fmt.Errorf("read the log from %s: %w", after, err)
	}
	defer feed.Close()
	for after.Sequence < end.Sequence {
		b, err := feed.Next(ctx)
		if err != nil {
			return after, fmt.Errorf("read the log from %s: %w", after, err)
		}
		if err := each(&b); err != nil {
			return after, err
		}
		after = b.End
	}
	return after, nil
}

// line is an event as `docket replay` prints it. Data is the payload byte for
// byte, so that readers can verify the hash from the line alone.
type line struct {
	Position    uint64          `json:"position"`
	ID          uuid.UUID       `json:"id"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject"`
	Project     *uuid.UUID      `json:"project,omitempty"`
	Revision    uint64          `json:"revision"`
	Time        string          `json:"time"`
	Actor       uuid.UUID       `json:"actor"`
	Command     uuid.UUID       `json:"command"`
	Correlation *uuid.UUID      `json:"correlation,omitempty"`
	Causation   *uuid.UUID      `json:"causation,omitempty"`
	TraceParent string          `json:"traceparent,omitempty"`
	PrevHash    string          `json:"prevhash"`
	Hash        string          `json:"hash"`
	Data        json.RawMessage `json:"data"`
}

// Line returns the event as one line of JSON, without the line break.
func Line(e *events.Envelope) ([]byte, error) {
	optional := func(id uuid.UUID) *uuid.UUID {
		if id == uuid.Nil {
			return nil
		}
		return &id
	}
	out, err := json.Marshal(line{
		Position: e.Position.Sequence, ID: e.ID, Type: e.WireType(), Subject: e.Aggregate.Subject(),
		Project: optional(e.Project), Revision: e.Revision, Time: e.WireTime(), Actor: e.Actor,
		Command: e.Command, Correlation: optional(e.Correlation), Causation: optional(e.Causation),
		TraceParent: e.TraceParent, PrevHash: e.PrevHash.String(), Hash: e.Hash().String(), Data: e.Payload,
	})
	if err != nil {
		return nil, fmt.Errorf("event %s at %s: %w", e.ID, e.Position, err)
	}
	return out, nil
}
