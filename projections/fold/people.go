package fold

import (
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/schema"
)

// accountRow is an account, as far as the log knows it.
type accountRow struct {
	administrator bool
	registered    int64
	erased        *int64
	revision      uint64
}

func newAccounts() *rowCache[uuid.UUID, accountRow] {
	return &rowCache[uuid.UUID, accountRow]{
		of: &schema.Table{Name: "accounts", Key: 1, Columns: []schema.Column{
			schema.ID("id"), schema.Number("administrator"), schema.Number("registered_at"), schema.Moment("erased_at"), schema.Number("revision"),
		}},
		key: idKey,
		values: func(id uuid.UUID, r *accountRow, to []any) []any {
			return append(to, id, bit(r.administrator), r.registered, when(r.erased), int64(r.revision))
		},
		scan: func(scan func(...any) error) (id uuid.UUID, r accountRow, err error) {
			var administrator int64
			err = scan(&id, &administrator, &r.registered, &r.erased, &r.revision)
			r.administrator = administrator != 0
			return id, r, err
		},
	}
}

func wantPerson(r *Rows, f *Fact) {
	if f.Aggregate.Kind == events.KindAccount {
		r.accounts.want(f.Aggregate.ID)
	}
}

func foldPerson(r *Rows, f *Fact) error {
	if f.Aggregate.Kind != events.KindAccount {
		return nil
	}
	id := f.Aggregate.ID
	old := r.accounts.get(id)
	switch e := f.event.(type) {
	case events.AccountRegistered:
		if old != nil {
			return errOrder
		}
		r.accounts.put(id, accountRow{administrator: e.Administrator, registered: f.at, revision: f.Revision})
	case events.AccountErased:
		if old == nil {
			return missingRow("account", id)
		}
		row := *old
		row.erased, row.revision = f.moment(), f.Revision
		r.accounts.put(id, row)
	}
	return nil
}

func idKey(id uuid.UUID, to []any) []any { return append(to, id) }

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// when converts a moment to a column value: nil, not a nil pointer, if it is
// absent.
func when(t *int64) any {
	if t == nil {
		return nil
	}
	return *t
}
