package schema

import (
	"fmt"
	"iter"
	"strings"
)

// Kind is what a column holds; each dialect has a column type for it.
type Kind int

// The kinds of columns, with what a value of each is in Go.
const (
	KindID     Kind = iota // uuid.UUID
	KindWord               // string short enough to be part of a key, see [MaxWord]
	KindText               // string of any length
	KindNumber             // int64; times are microseconds since 1970, UTC
	KindMoment             // int64, or nil: a time that may be absent
	KindDigest             // []byte, a hash
)

// MaxWord bounds a word before it is made [Plain], in bytes: Postgres refuses an
// index entry of more than 2704, MySQL a key of more than 3072. Commands are
// stricter.
const MaxWord = 500

// Column is one column of a [Table].
type Column struct {
	Name string
	Kind Kind
}

// ID is a column of ids.
func ID(name string) Column { return Column{name, KindID} }

// Word is a column of strings that are short enough to be part of a key.
func Word(name string) Column { return Column{name, KindWord} }

// Text is a column of strings of any length.
func Text(name string) Column { return Column{name, KindText} }

// Number is a column of numbers, or of times that are always there.
func Number(name string) Column { return Column{name, KindNumber} }

// Moment is a column of times that may be absent.
func Moment(name string) Column { return Column{name, KindMoment} }

// Digest is a column of hashes.
func Digest(name string) Column { return Column{name, KindDigest} }

// Table describes one table of a generation. All SQL that writes it, and all
// that reads it whole, is derived from here. A Table is never altered.
type Table struct {
	Name    string
	Columns []Column
	// Key says how many of the first columns are the primary key.
	Key int
	// Indexes are made after the rows of a new generation are in: an index
	// that is built once costs less than one kept up with every row.
	Indexes [][]string
	// Narrow tables have short rows that are found by their whole key; a
	// database that can keeps them in the order of that key.
	Narrow bool
	// Appended tables are only ever added to.
	Appended bool
}

// Prefix is what the names of a generation's tables begin with.
func Prefix(generation int64) string { return fmt.Sprintf("g%d_", generation) }

// In is the table's name in a generation.
func (t *Table) In(generation int64) string { return Prefix(generation) + t.Name }

// Keys are the columns of the primary key.
func (t *Table) Keys() []Column { return t.Columns[:t.Key] }

// CreateIndexes gives the name of each index, and the statement that makes it.
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

// Names lists the names of columns, with commas between them.
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
