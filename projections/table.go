package projections

import (
	"fmt"
	"iter"
	"strings"
)

// kind is what a column holds; each dialect has a column type for it.
type kind int

const (
	ident  kind = iota // uuid.UUID
	word               // string, short enough to be part of a key
	text               // string of any length
	number             // int64; times are microseconds since 1970, UTC
	moment             // *int64: a time that may be absent
	digest             // []byte, an events.Hash
)

type column struct {
	name string
	kind kind
}

// table describes one table of a generation. All SQL that writes it, and all
// that reads it whole, is derived from here.
type table struct {
	name    string
	columns []column
	// key says how many of the first columns are the primary key.
	key int
	// indexes are made after the rows of a new generation are in: an index
	// that is built once costs less than one kept up with every row.
	indexes [][]string
	// narrow tables have short rows that are found by their whole key; a
	// database that can keeps them in the order of that key.
	narrow bool
	// appended tables are only ever added to.
	appended bool
}

// prefix is what the names of a generation's tables begin with.
func prefix(generation int64) string { return fmt.Sprintf("g%d_", generation) }

func (t *table) in(generation int64) string { return prefix(generation) + t.name }

func (t *table) keys() []column { return t.columns[:t.key] }

func names(columns []column) string {
	var b strings.Builder
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.name)
	}
	return b.String()
}

// marks are n placeholders for a value list.
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

func (t *table) create(d dialect, generation int64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "create table %s (", t.in(generation))
	for _, c := range t.columns {
		fmt.Fprintf(&b, "%s %s, ", c.name, d.column(c.kind))
	}
	fmt.Fprintf(&b, "primary key (%s))%s", names(t.keys()), d.storage(t))
	return b.String()
}

// createIndexes gives the name of each index, and the statement that makes it.
func (t *table) createIndexes(generation int64) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, columns := range t.indexes {
			name := t.in(generation) + "_by_" + strings.Join(columns, "_")
			if !yield(name, fmt.Sprintf("create index %s on %s (%s)", name, t.in(generation), strings.Join(columns, ", "))) {
				return
			}
		}
	}
}

// conflict is the end of an insert that turns it into an upsert, in the form
// SQLite and Postgres share. A row that is all key has nothing to update.
func (t *table) conflict() string {
	rest := t.columns[t.key:]
	if len(rest) == 0 {
		return fmt.Sprintf(" on conflict (%s) do nothing", names(t.keys()))
	}
	sets := make([]string, len(rest))
	for i, c := range rest {
		sets[i] = c.name + " = excluded." + c.name
	}
	return fmt.Sprintf(" on conflict (%s) do update set %s", names(t.keys()), strings.Join(sets, ", "))
}
