package dialect

import (
	"fmt"
	"strings"

	"github.com/docketlog/docket/projections/schema"
)

// Marks returns n placeholders for a value list.
func Marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// CreateTable returns the statement that creates a table of a generation.
func CreateTable(d Database, t *schema.Table, generation int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "create table %s (", t.In(generation))
	for _, c := range t.Columns {
		fmt.Fprintf(&b, "%s %s, ", c.Name, d.Column(c.Kind))
	}
	fmt.Fprintf(&b, "primary key (%s))%s", schema.Names(t.Keys()), d.Storage(t))
	return b.String()
}

// onConflict returns the end of an insert that turns it into an upsert, in the
// form that SQLite and Postgres share. A row whose columns are all key has
// nothing to update.
func onConflict(t *schema.Table) string {
	rest := t.Columns[t.Key:]
	if len(rest) == 0 {
		return fmt.Sprintf(" on conflict (%s) do nothing", schema.Names(t.Keys()))
	}
	sets := make([]string, len(rest))
	for i, c := range rest {
		sets[i] = c.Name + " = excluded." + c.Name
	}
	return fmt.Sprintf(" on conflict (%s) do update set %s", schema.Names(t.Keys()), strings.Join(sets, ", "))
}
