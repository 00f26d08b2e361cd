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

// Query says which events are wanted; all its conditions hold together. The
// zero Query wants all.
type Query struct {
	// Task wants the events of one task, Project those of a project and of the
	// tasks in it.
	Task    uuid.UUID
	Project uuid.UUID
	// From and To bound the sequence, both inclusive; To 0 is the end of the
	// log as it is when the replay begins.
	From, To uint64
	// Until wants what happened up to this time, inclusive, if not zero.
	Until time.Time
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

// batch is how many events are asked of the log at once.
const batch = 1000

// Replay calls each for every wanted event, in log order. Events that do not
// continue their aggregate's chain are given too, as the log holds them: a
// replay shows what is written, [Chains] judges it. An error of each ends it.
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

// walk gives the log's batches from after one position until another is
// reached; the last batch may go beyond it. It returns where the walk ended.
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
// byte, so that with the attributes beside it the hash can be checked by
// anybody.
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

// Line is the event as one line of JSON, without the line break.
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
