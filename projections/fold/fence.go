package fold

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/schema"
)

// fenceVersion is the version of the tables in this file. They are part of
// every generation: they record which events count.
const fenceVersion = 1

// headRow is the end of an aggregate's chain. held counts the events that were
// accepted but not applied because the aggregate is parked, including the one
// that parked it; 0 means that it is not parked.
type headRow struct {
	revision uint64
	hash     events.Hash
	held     int64
}

func newHeads() *rowCache[events.Aggregate, headRow] {
	return &rowCache[events.Aggregate, headRow]{
		of: &schema.Table{Name: "heads", Key: 2, Narrow: true, Columns: []schema.Column{
			schema.ID("id"), schema.Word("kind"), schema.Number("revision"), schema.Digest("hash"), schema.Number("held"),
		}},
		key: aggregateKey,
		values: func(a events.Aggregate, r *headRow, to []any) []any {
			return append(to, a.ID, string(a.Kind), int64(r.revision), r.hash[:], r.held)
		},
		scan: func(scan func(...any) error) (a events.Aggregate, r headRow, err error) {
			var hash []byte
			err = scan(&a.ID, (*string)(&a.Kind), &r.revision, &hash, &r.held)
			if err == nil && copy(r.hash[:], hash) != len(r.hash) {
				err = fmt.Errorf("head of %s: hash of %d bytes", a, len(hash))
			}
			return a, r, err
		},
	}
}

func aggregateKey(a events.Aggregate, to []any) []any { return append(to, a.ID, string(a.Kind)) }

// parkedRow is the event that parked an aggregate.
type parkedRow struct {
	project  uuid.UUID
	sequence uint64
	revision uint64
	kind     string
	reason   string
	at       int64
}

func newParked() *rowCache[events.Aggregate, parkedRow] {
	return &rowCache[events.Aggregate, parkedRow]{
		of: &schema.Table{Name: "parked", Key: 2, Columns: []schema.Column{
			schema.ID("id"), schema.Word("kind"), schema.ID("project"), schema.Number("sequence"), schema.Number("revision"),
			schema.Text("event_type"), schema.Text("reason"), schema.Number("happened_at"),
		}},
		key: aggregateKey,
		values: func(a events.Aggregate, r *parkedRow, to []any) []any {
			return append(to, a.ID, string(a.Kind), r.project, int64(r.sequence), int64(r.revision), r.kind, r.reason, r.at)
		},
	}
}

// refusedRow is an event that its aggregate's chain does not accept.
type refusedRow struct {
	aggregate events.Aggregate
	event     uuid.UUID
	revision  uint64
	reason    string
}

func newRefused() *rowCache[uint64, refusedRow] {
	return &rowCache[uint64, refusedRow]{
		of: &schema.Table{Name: "refused", Key: 1, Appended: true, Columns: []schema.Column{
			schema.Number("sequence"), schema.ID("id"), schema.Text("kind"), schema.ID("event"), schema.Number("revision"), schema.Text("reason"),
		}},
		key: func(sequence uint64, to []any) []any { return append(to, int64(sequence)) },
		values: func(sequence uint64, r *refusedRow, to []any) []any {
			return append(to, int64(sequence), r.aggregate.ID, string(r.aggregate.Kind), r.event, int64(r.revision), r.reason)
		},
	}
}

// Outcome is the result of applying an event.
type Outcome int

// The outcomes of applying an event.
const (
	Accepted Outcome = iota // folded, or held because its aggregate is parked
	Refused                 // not accepted by its aggregate's chain
	Parked                  // cannot be folded: its aggregate is parked from now on
)

// Apply folds one event into the rows, unless the fence refuses it or its
// aggregate is parked. The rows that f wants must have been loaded.
func (r *Rows) Apply(f *Fact) Outcome {
	defer r.keep()
	last := headRow{}
	if row := r.heads.get(f.Aggregate); row != nil {
		last = *row
	}
	head := events.Head{Aggregate: f.Aggregate, Revision: last.revision, Hash: last.hash}
	if err := head.Accepts(f.Envelope); err != nil {
		r.refused.put(f.Position.Sequence, refusedRow{f.Aggregate, f.ID, f.Revision, reason(err)})
		return Refused
	}
	next := headRow{revision: f.Revision, hash: f.hash, held: last.held}
	became := Accepted
	if last.held > 0 {
		next.held++
	} else if err := r.fold(f); err != nil {
		became = Parked
		r.parked.put(f.Aggregate, parkedRow{f.Project, f.Position.Sequence, f.Revision, schema.Plain(string(f.Type)), reason(err), f.at})
		next.held = 1
	}
	r.heads.put(f.Aggregate, next)
	return became
}

// fold runs every projection's fold on one event: all take effect or none. A
// panic counts as a failed fold; one bad event must not stop the others.
func (r *Rows) fold(f *Fact) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		if err == nil {
			return
		}
		r.revert()
		for i := range r.projections {
			if passed := r.projections[i].Passed; passed != nil {
				passed(r, f)
			}
		}
	}()
	if f.err != nil {
		return f.err
	}
	for i := range r.projections {
		if err := r.projections[i].Fold(r, f); err != nil {
			return fmt.Errorf("%s: %w", r.projections[i].Name, err)
		}
	}
	return nil
}

// maxReason is the maximum length of a stored error text, in bytes.
const maxReason = 500

func reason(err error) string {
	s := schema.Plain(err.Error())
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "")
	}
	return s
}
