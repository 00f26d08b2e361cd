package dialect

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/docketlog/docket/projections/schema"
)

// bulkSession writes to MySQL with multi-row statements. Each transaction takes
// a connection from the pool, which replaces those that the server has closed.
//
// A transaction that the server rolls back in favor of another one is retried
// from its beginning, guard first. As long as the guard succeeds no other
// process has written to the generation, so rows read before are still valid.
type bulkSession struct {
	dialect    *mysql
	generation int64
	guard      Statement
	changes    []schema.Change
	conn       *sql.Conn // of the open transaction, if any
	repeated   int
}

// Repeated counts the transactions that were retried.
func (s *bulkSession) Repeated() int { return s.repeated }

// Statement sizes: keys to look up, for which MariaDB creates a temporary table
// from 1,000 on; bytes of rows, before escaping; and arguments, of which a
// prepared statement can have at most 65,535.
const (
	bulkKeys      = 500
	bulkBytes     = 1 << 20
	bulkArguments = 60_000
)

// insist runs a step. If the step loses a lock contest, insist runs the
// preceding steps again and then this one.
func (s *bulkSession) insist(ctx context.Context, before, step func(context.Context) error) error {
	err := step(ctx)
	for n := 0; n < Retries && ctx.Err() == nil && s.dialect.Contended(err); n++ {
		s.Rollback()
		s.repeated++
		select {
		case <-time.After(rand.N(time.Millisecond << n)):
		case <-ctx.Done():
		}
		if err = before(ctx); err == nil {
			err = step(ctx)
		}
	}
	return err
}

func (s *bulkSession) Begin(ctx context.Context, guard Statement, loads []schema.Load) error {
	s.guard, s.changes = guard, nil
	nothing := func(context.Context) error { return nil }
	return s.insist(ctx, nothing, func(ctx context.Context) error {
		if err := s.open(ctx); err != nil {
			return err
		}
		for _, l := range loads {
			if err := s.load(ctx, l); err != nil {
				return fmt.Errorf("load %s: %w", l.Table.Name, err)
			}
		}
		return nil
	})
}

// open begins the transaction and runs the guard.
func (s *bulkSession) open(ctx context.Context) (err error) {
	if s.conn, err = s.dialect.write.Conn(ctx); err != nil {
		return err
	}
	if _, err := s.conn.ExecContext(ctx, "start transaction"); err != nil {
		return err
	}
	result, err := s.conn.ExecContext(ctx, s.guard.Query, s.dialect.Arguments(s.guard.Args)...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return ErrFenced
	}
	return nil
}

func (s *bulkSession) load(ctx context.Context, l schema.Load) error {
	// Without a named key, a table whose statistics are still those of an empty
	// one would be scanned completely.
	query := fmt.Sprintf("select %s from %s force index (primary) where ", schema.Names(l.Table.Columns), l.Table.In(s.generation))
	for part := range parts(l.Keys, l.Table.Key*bulkKeys) {
		if err := s.take(ctx, query+among(l.Table, len(part)/l.Table.Key), part, l.Take); err != nil {
			return err
		}
	}
	return nil
}

func (s *bulkSession) take(ctx context.Context, query string, keys []any, take func(scan func(...any) error) error) error {
	found, err := s.conn.QueryContext(ctx, query, s.dialect.Arguments(keys)...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := take(found.Scan); err != nil {
			return err
		}
	}
	return found.Err()
}

// among returns a condition that the key is one of n.
func among(t *schema.Table, n int) string {
	if t.Key == 1 {
		return t.Columns[0].Name + " in (" + Marks(n) + ")"
	}
	return fmt.Sprintf("(%s) in (%s)", schema.Names(t.Keys()), groups(n, t.Key))
}

// groups returns n value lists of width placeholders each.
func groups(n, width int) string {
	return strings.TrimSuffix(strings.Repeat("("+Marks(width)+"), ", n), ", ")
}

// parts splits a list into pieces of n; the last one may be shorter.
func parts(list []any, n int) func(yield func([]any) bool) {
	return func(yield func([]any) bool) {
		for len(list) > 0 {
			part := list[:min(n, len(list))]
			list = list[len(part):]
			if !yield(part) {
				return
			}
		}
	}
}

func (s *bulkSession) Write(ctx context.Context, changes []schema.Change) error {
	s.changes = changes
	return s.insist(ctx, s.open, s.put)
}

// put writes the changes.
func (s *bulkSession) put(ctx context.Context) error {
	for _, c := range s.changes {
		t := c.Table
		insert := fmt.Sprintf("insert into %s (%s) values ", t.In(s.generation), schema.Names(t.Columns))
		tail := ""
		if !t.Appended {
			tail = s.dialect.Upsert(t)
		}
		rows := s.dialect.Arguments(c.Rows)
		for width := len(t.Columns); len(rows) > 0; {
			n := fitting(rows, width)
			if _, err := s.conn.ExecContext(ctx, insert+groups(n/width, width)+tail, rows[:n]...); err != nil {
				return fmt.Errorf("put %s: %w", t.Name, err)
			}
			rows = rows[n:]
		}
		for part := range parts(c.Deleted, t.Key*bulkKeys) {
			query := fmt.Sprintf("delete from %s where %s", t.In(s.generation), among(t, len(part)/t.Key)) //nolint:gosec // names of the tables in code; values are arguments
			if _, err := s.conn.ExecContext(ctx, query, s.dialect.Arguments(part)...); err != nil {
				return fmt.Errorf("delete %s: %w", t.Name, err)
			}
		}
	}
	return nil
}

// fitting returns how many of the values of rows go into one statement: those
// of as many rows as stay within the bounds, and of at least one row.
func fitting(rows []any, width int) int {
	size := 0
	for n := 0; n < len(rows); n += width {
		for _, v := range rows[n : n+width] {
			if b, ok := v.([]byte); ok {
				size += len(b)
			}
		}
		if n > 0 && (size > bulkBytes || n+width > bulkArguments) {
			return n
		}
	}
	return len(rows)
}

func (s *bulkSession) Commit(ctx context.Context) error {
	before := func(ctx context.Context) error {
		if err := s.open(ctx); err != nil {
			return err
		}
		return s.put(ctx)
	}
	err := s.insist(ctx, before, func(ctx context.Context) error {
		_, err := s.conn.ExecContext(ctx, "commit")
		return err
	})
	if err == nil {
		err = s.conn.Close()
		s.conn = nil
	}
	return err
}

// Rollback returns the connection to the pool. If the transaction cannot be
// ended on it, the connection is discarded, which also undoes the transaction.
func (s *bulkSession) Rollback() {
	if s.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	if _, err := s.conn.ExecContext(ctx, "rollback"); err != nil {
		_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	s.conn.Close()
	s.conn = nil
}

func (s *bulkSession) Close() { s.Rollback() }
