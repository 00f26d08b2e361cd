package projections

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/fold"
	"github.com/docketlog/docket/projections/schema"
)

// Each calls each for every row of every table, in an order and a form that
// depend only on the folded events: not on the database, the split into
// batches, or the generation. row is a JSON object; key holds its first
// members. It returns the position that all rows reflect. It fails with
// [ErrStale] as [Store.Read] does, and also if a rebuild replaces the rows
// while they are read.
func (s *Store) Each(ctx context.Context, each func(table, key, row string) error) (events.Position, error) {
	var at events.Position
	begun := false
	err := s.Read(ctx, events.Position{}, func(snapshot *Snapshot) error {
		if begun {
			return fmt.Errorf("%w: they were replaced while they were read", ErrStale)
		}
		at, begun = snapshot.Position, true
		for _, t := range fold.Tables() {
			w, err := snapshot.walk(ctx, t)
			if err != nil {
				return err
			}
			for w.next() {
				if err := each(t.Name, w.key, w.row); err != nil {
					w.close()
					return err
				}
			}
			if err := w.close(); err != nil {
				return err
			}
		}
		return nil
	})
	return at, err
}

// Dump writes every row as one line, table and JSON, in the order of
// [Store.Each]. Two stores at the same position give the same bytes.
func (s *Store) Dump(ctx context.Context, w io.Writer) error {
	_, err := s.Each(ctx, func(table, _, row string) error {
		_, err := fmt.Fprintf(w, "%s %s\n", table, row)
		return err
	})
	return err
}

// Compare returns the first difference between the rows of two stores, or "" if
// there is none. Different positions count as a difference. It reads both in
// snapshots, row by row, in constant memory.
func Compare(ctx context.Context, a, b *Store) (difference string, err error) {
	err = a.Read(ctx, events.Position{}, func(left *Snapshot) error {
		return b.Read(ctx, events.Position{}, func(right *Snapshot) error {
			difference = ""
			if left.Position != right.Position {
				difference = fmt.Sprintf("position: %s and %s", left.Position, right.Position)
				return nil
			}
			difference, err = compareTables(ctx, left, right)
			return err
		})
	})
	if err != nil {
		return "", fmt.Errorf("compare rows: %w", err)
	}
	return difference, nil
}

// compareTables returns the first difference between the rows of two
// generations.
func compareTables(ctx context.Context, left, right *Snapshot) (difference string, err error) {
	for _, t := range fold.Tables() {
		if difference, err = compareTable(ctx, t, left, right); difference != "" || err != nil {
			return difference, err
		}
	}
	return "", nil
}

func compareTable(ctx context.Context, t *schema.Table, left, right *Snapshot) (difference string, err error) {
	l, err := left.walk(ctx, t)
	if err != nil {
		return "", err
	}
	defer l.close()
	r, err := right.walk(ctx, t)
	if err != nil {
		return "", err
	}
	defer r.close()
	for {
		more, also := l.next(), r.next()
		if err := cmpErr(l, r); err != nil {
			return "", err
		}
		order := slices.Compare(l.order, r.order)
		switch {
		case !more && !also:
			return "", nil
		case !also || (more && order < 0):
			return fmt.Sprintf("%s: only the first has %s", t.Name, l.row), nil
		case !more || order > 0:
			return fmt.Sprintf("%s: only the second has %s", t.Name, r.row), nil
		case l.row != r.row:
			return fmt.Sprintf("%s: %s and %s", t.Name, l.row, r.row), nil
		}
	}
}

func cmpErr(l, r *walker) error {
	if l.err != nil {
		return l.err
	}
	return r.err
}

// walker iterates over a table in key order.
type walker struct {
	table *schema.Table
	rows  *sql.Rows
	// row is the current row and key its key, as JSON; order is the key in a
	// form that compares as in the database.
	row, key string
	order    []string
	err      error
}

func (s *Snapshot) walk(ctx context.Context, t *schema.Table) (*walker, error) {
	found, err := s.query(ctx, fmt.Sprintf("select %s from {g}%s order by %s", schema.Names(t.Columns), t.Name, schema.Names(t.Keys())))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	return &walker{table: t, rows: found}, nil
}

func (w *walker) next() bool {
	w.order = w.order[:0]
	if w.err != nil || !w.rows.Next() {
		return false
	}
	cells := make([]cell, len(w.table.Columns))
	dest := make([]any, len(cells))
	for i, c := range w.table.Columns {
		cells[i].kind = c.Kind
		dest[i] = cells[i].dest()
	}
	if w.err = w.rows.Scan(dest...); w.err != nil {
		return false
	}
	var b strings.Builder
	for i, c := range w.table.Columns {
		b.WriteString(map[bool]string{true: `{"`, false: `,"`}[i == 0])
		b.WriteString(c.Name + `":` + cells[i].json())
		if i == w.table.Key-1 {
			w.key = b.String() + "}"
		}
		if i < w.table.Key {
			w.order = append(w.order, cells[i].order())
		}
	}
	w.row = b.String() + "}"
	return true
}

func (w *walker) close() error {
	if w.err == nil {
		w.err = w.rows.Err()
	}
	w.rows.Close()
	if w.err != nil {
		return fmt.Errorf("read %s: %w", w.table.Name, w.err)
	}
	return nil
}

// cell is one column of one row, from any database.
type cell struct {
	kind   schema.Kind
	id     uuid.UUID
	text   string
	number sql.NullInt64
	bytes  []byte
}

func (c *cell) dest() any {
	switch c.kind {
	case schema.KindID:
		return &c.id
	case schema.KindNumber, schema.KindMoment:
		return &c.number
	case schema.KindDigest:
		return &c.bytes
	default:
		return &c.text
	}
}

func (c *cell) json() string {
	switch c.kind {
	case schema.KindID:
		return `"` + c.id.String() + `"`
	case schema.KindNumber, schema.KindMoment:
		if !c.number.Valid {
			return "null"
		}
		return strconv.FormatInt(c.number.Int64, 10)
	case schema.KindDigest:
		return `"` + hex.EncodeToString(c.bytes) + `"`
	default:
		return schema.Encode(c.text)
	}
}

func (c *cell) order() string {
	switch c.kind {
	case schema.KindID:
		return c.id.String()
	case schema.KindNumber:
		return fmt.Sprintf("%020d", c.number.Int64)
	default:
		return c.text
	}
}
