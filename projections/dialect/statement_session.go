package dialect

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/docketlog/docket/projections/schema"
)

// statementSession writes with statements that are prepared once and run once
// per row. It is for a database in the same process, where a call is cheap.
type statementSession struct {
	conn       *sql.Conn
	bind       func(string) string
	generation int64
	prepared   map[string]*sql.Stmt
	open       bool
}

// unhurried returns ctx without cancellation. Nothing here waits for a network,
// the connection's settings bound the wait for a lock, and a cancelable context
// costs a goroutine for each of the thousands of calls in a transaction.
func unhurried(ctx context.Context) context.Context { return context.WithoutCancel(ctx) }

// stmt returns the prepared form of a query.
func (s *statementSession) stmt(ctx context.Context, query string) (*sql.Stmt, error) {
	if prepared, ok := s.prepared[query]; ok {
		return prepared, nil
	}
	prepared, err := s.conn.PrepareContext(ctx, s.bind(query))
	if err != nil {
		return nil, err
	}
	s.prepared[query] = prepared
	return prepared, nil
}

func (s *statementSession) Begin(ctx context.Context, guard Statement, loads []schema.Load) error {
	ctx = unhurried(ctx)
	if _, err := s.conn.ExecContext(ctx, "begin immediate"); err != nil {
		return err
	}
	s.open = true
	move, err := s.stmt(ctx, guard.Query)
	if err != nil {
		return err
	}
	result, err := move.ExecContext(ctx, guard.Args...)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return ErrFenced
	}
	for _, l := range loads {
		if err := s.load(ctx, l); err != nil {
			return fmt.Errorf("load %s: %w", l.Table.Name, err)
		}
	}
	return nil
}

func (s *statementSession) load(ctx context.Context, l schema.Load) error {
	find, err := s.stmt(ctx, fmt.Sprintf("select %s from %s where %s", schema.Names(l.Table.Columns), l.Table.In(s.generation), match(l.Table)))
	if err != nil {
		return err
	}
	for i := 0; i < len(l.Keys); i += l.Table.Key {
		if err := one(ctx, find, l.Keys[i:i+l.Table.Key], l.Take); err != nil {
			return err
		}
	}
	return nil
}

// one takes the row with a key, if it exists.
func one(ctx context.Context, find *sql.Stmt, key []any, take func(scan func(...any) error) error) error {
	found, err := find.QueryContext(ctx, key...)
	if err != nil {
		return err
	}
	defer found.Close()
	if found.Next() {
		if err := take(found.Scan); err != nil {
			return err
		}
	}
	return found.Err()
}

func (s *statementSession) Write(ctx context.Context, changes []schema.Change) error {
	ctx = unhurried(ctx)
	for _, c := range changes {
		t := c.Table
		insert := fmt.Sprintf("insert into %s (%s) values (%s)", t.In(s.generation), schema.Names(t.Columns), Marks(len(t.Columns)))
		if !t.Appended {
			insert += onConflict(t)
		}
		if err := s.each(ctx, insert, c.Rows, len(t.Columns)); err != nil {
			return fmt.Errorf("put %s: %w", t.Name, err)
		}
		if err := s.each(ctx, fmt.Sprintf("delete from %s where %s", t.In(s.generation), match(t)), c.Deleted, t.Key); err != nil {
			return fmt.Errorf("delete %s: %w", t.Name, err)
		}
	}
	return nil
}

// each runs a query once per n arguments.
func (s *statementSession) each(ctx context.Context, query string, args []any, n int) error {
	if len(args) == 0 {
		return nil
	}
	run, err := s.stmt(ctx, query)
	if err != nil {
		return err
	}
	for i := 0; i < len(args); i += n {
		if _, err := run.ExecContext(ctx, args[i:i+n]...); err != nil {
			return err
		}
	}
	return nil
}

func (s *statementSession) Commit(ctx context.Context) error {
	_, err := s.conn.ExecContext(unhurried(ctx), "commit")
	s.open = err != nil
	return err
}

func (s *statementSession) Rollback() {
	if s.open {
		// After any failure the connection is closed with the session, which
		// undoes the transaction even if this statement fails.
		_, _ = s.conn.ExecContext(context.Background(), "rollback")
		s.open = false
	}
}

func (s *statementSession) Close() {
	s.Rollback()
	for _, prepared := range s.prepared {
		prepared.Close()
	}
	s.conn.Close()
}

// match returns a condition on the whole key.
func match(t *schema.Table) string {
	return strings.ReplaceAll(schema.Names(t.Keys()), ", ", " = ? and ") + " = ?"
}
