package fold

import (
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/schema"
)

// historyRow is an event in the history that is shown to people.
type historyRow struct {
	project     uuid.UUID
	sequence    uint64
	event       uuid.UUID
	at          int64
	actor       uuid.UUID
	kind        events.Type
	concerns    uuid.UUID
	differences string
}

type historyKey struct {
	aggregate events.Aggregate
	revision  uint64
}

func newHistory() *rowCache[historyKey, historyRow] {
	return &rowCache[historyKey, historyRow]{
		of: &schema.Table{Name: "history", Key: 3, Appended: true, Indexes: [][]string{{"project", "sequence"}}, Columns: []schema.Column{
			schema.ID("id"), schema.Word("kind"), schema.Number("revision"), schema.ID("project"), schema.Number("sequence"),
			schema.ID("event"), schema.Number("happened_at"), schema.ID("actor"), schema.Text("event_type"), schema.ID("concerns"), schema.Text("differences"),
		}},
		key: func(k historyKey, to []any) []any {
			return append(to, k.aggregate.ID, string(k.aggregate.Kind), int64(k.revision))
		},
		values: func(k historyKey, r *historyRow, to []any) []any {
			return append(to, k.aggregate.ID, string(k.aggregate.Kind), int64(k.revision), r.project, int64(r.sequence),
				r.event, r.at, r.actor, string(r.kind), r.concerns, r.differences)
		},
	}
}

// foldHistory records everything that happened in a project. Accounts have no
// history of their own: only the administrator could read it.
func foldHistory(r *Rows, f *Fact) error {
	project := f.Project
	switch f.Aggregate.Kind {
	case events.KindAccount:
		return nil
	case events.KindProject:
		project = f.Aggregate.ID
	}
	r.history.put(historyKey{f.Aggregate, f.Revision}, historyRow{
		project: project, sequence: f.Position.Sequence, event: f.ID, at: f.at, actor: f.Actor, kind: f.Type,
		concerns: events.Concerns(f.event), differences: schema.EncodeList(events.Differences(f.event)),
	})
	return nil
}
