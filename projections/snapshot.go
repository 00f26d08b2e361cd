package projections

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/schema"
)

// Snapshot answers queries from one state of the rows. It is valid within the
// function that [Store.Read] passes it to, and for one goroutine. Every query
// takes the calling account and returns only what that account may see.
type Snapshot struct {
	// Position is the position the snapshot reflects: every event up to it,
	// none after.
	Position events.Position

	dialect    dialect.Database
	conn       *sql.Conn
	generation int64
	// gone means that a query found the generation replaced.
	gone bool
}

// Read calls read with a snapshot whose position has reached at; with the zero
// position it does not wait. It fails with read's error, with [ErrStale] if the
// rows do not get there by ctx's deadline or cannot be served at all, and with
// [events.ErrIncarnation].
//
// read may be called more than once, if a rebuild replaces the rows while it
// runs; only the last call counts.
func (s *Store) Read(ctx context.Context, at events.Position, read func(*Snapshot) error) error {
	if s.arrivals.isLocal() {
		if err := s.WaitFor(ctx, at); err != nil {
			return err
		}
	}
	for {
		err := s.readOnce(ctx, s.done, at, read)
		if !errors.Is(err, errNotYet) {
			return err
		}
		if err := s.WaitFor(ctx, at); err != nil {
			return err
		}
	}
}

// readOnce is Read without waiting: it fails with errNotYet. If up ends before
// the snapshot has begun, the database counts as unavailable.
func (s *Store) readOnce(ctx, up context.Context, at events.Position, read func(*Snapshot) error) error {
	for {
		if err := s.snapshot(ctx, up, at, read); !errors.Is(err, errReplaced) {
			return err
		}
	}
}

// errNotYet reports a snapshot that is older than requested; errReplaced one
// whose tables were dropped because another generation is live.
var (
	errNotYet   = errors.New("rows have not reached the position")
	errReplaced = errors.New("rows were replaced")
)

func (s *Store) snapshot(ctx, up context.Context, at events.Position, read func(*Snapshot) error) error {
	begin, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(up, cancel)()
	conn, err := s.read.Conn(begin)
	if err != nil {
		return unreachable(ctx, err)
	}
	defer conn.Close()
	defer endSnapshot(ctx, conn)
	var m model
	err = m.scan(func(dest ...any) error { return s.dialect.Snapshot(begin, conn, modelQuery, dest...) })
	if err != nil && !s.dialect.Missing(err) {
		return unreachable(ctx, err)
	}
	if err := m.servable(s.fingerprint); err != nil {
		if at.IsZero() {
			return err
		}
		s.arrivals.correct(events.Position{})
		return errNotYet
	}
	if !at.IsZero() {
		reached, err := m.position.Reached(at)
		if err != nil {
			return err
		}
		if !reached {
			// The known position may be from before the database lost its last
			// transactions; waiting callers need the actual one.
			s.arrivals.correct(m.position)
			return errNotYet
		}
	}
	snapshot := Snapshot{Position: m.position, dialect: s.dialect, conn: conn, generation: m.generation}
	if err := read(&snapshot); !snapshot.gone {
		return err
	}
	return errReplaced
}

// unreachable classifies a failure to begin a snapshot: whatever the database
// reports, it cannot provide a snapshot now.
func unreachable(ctx context.Context, err error) error {
	return fmt.Errorf("begin snapshot: %w", away(ctx, err))
}

// endSnapshot ends the transaction. A connection on which that fails is
// discarded.
func endSnapshot(ctx context.Context, conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	if _, err := conn.ExecContext(ctx, "rollback"); err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
}

// timeout is the timeout for work that is done after the caller's context has
// ended.
const timeout = 5 * time.Second

// query runs a query written with the placeholders ? and {g}.
func (s *Snapshot) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	found, err := s.conn.QueryContext(ctx, s.dialect.Bind(strings.ReplaceAll(query, "{g}", schema.Prefix(s.generation))), s.dialect.Arguments(args)...)
	s.gone = s.gone || s.dialect.Missing(err)
	return found, s.failed(ctx, err)
}

// failed classifies the failure of a query; see [classed].
func (s *Snapshot) failed(ctx context.Context, err error) error { return classed(ctx, s.dialect, err) }

// each calls take for every row of a query. scan reads the row's columns.
func (s *Snapshot) each(ctx context.Context, take func(scan func(...any) error) error, query string, args ...any) error {
	found, err := s.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		if err := take(found.Scan); err != nil {
			return err
		}
	}
	return s.failed(ctx, found.Err())
}

// one reads the first row of a query, or fails with ErrNotFound.
func (s *Snapshot) one(ctx context.Context, dest []any, query string, args ...any) error {
	missing := ErrNotFound
	err := s.each(ctx, func(scan func(...any) error) error {
		missing = nil
		return scan(dest...)
	}, query, args...)
	if err != nil {
		return err
	}
	return missing
}
