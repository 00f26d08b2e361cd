package schema

import (
	"fmt"
	"iter"
	"strings"
)

// Kind is what a column holds; each dialect has a column type for it.
type Kind int

// The kinds of columns, with the Go type of their values.
const (
	KindID     Kind = iota // uuid.UUID
	KindWord               // string short enough for a key, see [MaxWord]
	KindText               // string of any length
	KindNumber             // int64; times are microseconds since 1970, UTC
	KindMoment             // int64, or nil: an optional time
	KindDigest             // []byte, a hash
)

// MaxWord is the maximum length of a word before [Plain], in bytes: Postgres
// refuses index entries of more than 2704, MySQL keys of more than 3072.
// Commands are stricter.
const MaxWord = 500

// Column is one column of a [Table].
type Column struct {
	Name string
	Kind Kind
}

// ID is a column of ids.
func ID(name string) Column { return Column{name, KindID} }

// Word is a column of strings that are short enough for a key.
func Word(name string) Column { return Column{name, KindWord} }

// Text is a column of strings of any length.
func Text(name string) Column { return Column{name, KindText} }

// Number is a column of numbers, or of required times.
func Number(name string) Column { return Column{name, KindNumber} }

// Moment is a column of optional times.
func Moment(name string) Column { return Column{name, KindMoment} }

// Digest is a column of hashes.
func Digest(name string) Column { return Column{name, KindDigest} }

// Table describes one table of a generation. All SQL that writes it, and all
// that reads it as a whole, is derived from this. A Table must not be modified.
type Table struct {
	Name    string
	Columns []Column
	// Key is how many of the first columns form the primary key.
	Key int
	// Indexes are created after a new generation is filled: building an index
	// once costs less than updating it with every row.
	Indexes [][]string
	// Narrow tables have short rows that are found by their whole key; a
	// database that supports it stores them in key order.
	Narrow bool
	// Appended tables only receive new rows.
	Appended bool
}

// Prefix returns the prefix of the names of a generation's tables.
func Prefix(generation int64) string { return fmt.Sprintf("g%d_", generation) }

// In returns the table's name in a generation.
func (t *Table) In(generation int64) string { return Prefix(generation) + t.Name }

// Keys returns the columns of the primary key.
func (t *Table) Keys() []Column { return t.Columns[:t.Key] }

// CreateIndexes yields the name of each index, and the statement that creates
// it.
func (t *Table) CreateIndexes(generation int64) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, columns := range t.Indexes {
			name := t.In(generation) + "_by_" + strings.Join(columns, "_")
			if !yield(name, fmt.Sprintf("create index %s on %s (%s)", name, t.In(generation), strings.Join(columns, ", "))) {
				return
			}
		}
	}
}

// Names returns the names of columns, separated by commas.
func Names(columns []Column) string {
	var b strings.Builder
	for i, c := range columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(c.Name)
	}
	return b.String()
}
