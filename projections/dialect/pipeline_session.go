package dialect

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/docketlog/docket/projections/schema"
)

// pipelineSession writes to Postgres in two round trips per transaction: the
// first begins, runs the guard and loads; the second writes and commits. Rows
// are sent as one array per column.
type pipelineSession struct {
	conn       *pgx.Conn
	bind       func(string) string
	generation int64
	statements map[string]string
	queued     pgx.Batch
	open       bool
}

// sql returns the text of a statement on a table. It builds each text once.
func (s *pipelineSession) sql(verb string, t *schema.Table, build func() string) string {
	key := verb + " " + t.Name
	query, ok := s.statements[key]
	if !ok {
		query = build()
		s.statements[key] = query
	}
	return query
}

func (s *pipelineSession) Begin(ctx context.Context, guard Statement, loads []schema.Load) (err error) {
	var b pgx.Batch
	b.Queue("begin")
	b.Queue(s.bind(guard.Query), guard.Args...)
	for _, l := range loads {
		b.Queue(s.sql("load", l.Table, func() string { return s.selectAll(l.Table) }), columnArrays(l.Table.Keys(), l.Keys)...)
	}
	s.open = true
	answers := s.conn.SendBatch(ctx, &b)
	defer func() {
		if closing := answers.Close(); err == nil {
			err = closing
		}
		// Statements are prepared before the guard runs. If their tables do not
		// exist, the generation was replaced.
		if undefinedTable(err) {
			err = fmt.Errorf("%w: %w", ErrFenced, err)
		}
	}()
	if _, err := answers.Exec(); err != nil {
		return err
	}
	if moved, err := answers.Exec(); err != nil {
		return err
	} else if moved.RowsAffected() == 0 {
		return ErrFenced
	}
	for _, l := range loads {
		if err := takeAll(answers, l); err != nil {
			return fmt.Errorf("load %s: %w", l.Table.Name, err)
		}
	}
	return nil
}

func takeAll(answers pgx.BatchResults, l schema.Load) error {
	found, err := answers.Query()
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := l.Take(func(dest ...any) error { return found.Scan(native(dest)...) }); err != nil {
			return err
		}
	}
	return found.Err()
}

// native converts destinations to types that pgx fills without conversion
// through text.
func native(dest []any) []any {
	for i, d := range dest {
		if id, ok := d.(*uuid.UUID); ok {
			dest[i] = (*[16]byte)(id)
		}
	}
	return dest
}

func (s *pipelineSession) selectAll(t *schema.Table) string {
	return fmt.Sprintf("select %s from %s where %s", schema.Names(t.Columns), t.In(s.generation), matchArrays(t))
}

// matchArrays returns a condition that the key is among those given as arrays.
func matchArrays(t *schema.Table) string {
	if t.Key == 1 {
		return fmt.Sprintf("%s = any($1::%s)", t.Columns[0].Name, arrayType(t.Columns[0].Kind))
	}
	return fmt.Sprintf("(%s) in (select * from %s)", schema.Names(t.Keys()), unnest(t.Keys()))
}

func unnest(columns []schema.Column) string {
	arrays := make([]string, len(columns))
	for i, c := range columns {
		arrays[i] = fmt.Sprintf("$%d::%s", i+1, arrayType(c.Kind))
	}
	return "unnest(" + strings.Join(arrays, ", ") + ")"
}

func arrayType(k schema.Kind) string {
	switch k {
	case schema.KindID:
		return "uuid[]"
	case schema.KindWord, schema.KindText:
		return "text[]"
	case schema.KindNumber, schema.KindMoment:
		return "bigint[]"
	case schema.KindDigest:
		return "bytea[]"
	}
	panic(fmt.Sprintf("no array type for kind %d", k))
}

// columnArrays converts rows, one after another, to one array per column.
func columnArrays(columns []schema.Column, rows []any) []any {
	arrays := make([]any, len(columns))
	n, width := len(rows)/len(columns), len(columns)
	for i, c := range columns {
		switch c.Kind {
		case schema.KindID:
			arrays[i] = columnArray(rows[i:], n, width, func(v any) [16]byte { return v.(uuid.UUID) })
		case schema.KindWord, schema.KindText:
			arrays[i] = columnArray(rows[i:], n, width, func(v any) string { return v.(string) })
		case schema.KindNumber:
			arrays[i] = columnArray(rows[i:], n, width, func(v any) int64 { return v.(int64) })
		case schema.KindMoment:
			arrays[i] = columnArray(rows[i:], n, width, func(v any) *int64 {
				if v == nil {
					return nil
				}
				t := v.(int64)
				return &t
			})
		case schema.KindDigest:
			arrays[i] = columnArray(rows[i:], n, width, func(v any) []byte { return v.([]byte) })
		}
	}
	return arrays
}

func columnArray[T any](rows []any, n, width int, of func(any) T) []T {
	array := make([]T, n)
	for i := range array {
		array[i] = of(rows[i*width])
	}
	return array
}

func (s *pipelineSession) Write(_ context.Context, changes []schema.Change) error {
	for _, c := range changes {
		t := c.Table
		if len(c.Rows) > 0 {
			s.queued.Queue(s.sql("put", t, func() string {
				insert := fmt.Sprintf("insert into %s (%s) select * from %s", t.In(s.generation), schema.Names(t.Columns), unnest(t.Columns))
				if !t.Appended {
					insert += onConflict(t)
				}
				return insert
			}), columnArrays(t.Columns, c.Rows)...)
		}
		if len(c.Deleted) > 0 {
			s.queued.Queue(s.sql("delete", t, func() string {
				return fmt.Sprintf("delete from %s where %s", t.In(s.generation), matchArrays(t))
			}), columnArrays(t.Keys(), c.Deleted)...)
		}
	}
	return nil
}

func (s *pipelineSession) Commit(ctx context.Context) error {
	s.queued.Queue("commit")
	err := s.conn.SendBatch(ctx, &s.queued).Close()
	s.queued = pgx.Batch{}
	s.open = err != nil
	return err
}

func (s *pipelineSession) Rollback() {
	s.queued = pgx.Batch{}
	if s.open && !s.conn.IsClosed() {
		ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
		defer cancel()
		// After any failure the connection is closed with the session, which
		// undoes the transaction even if this statement fails.
		_, _ = s.conn.Exec(ctx, "rollback")
	}
	s.open = false
}

func (s *pipelineSession) Close() {
	s.Rollback()
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	s.conn.Close(ctx)
}
