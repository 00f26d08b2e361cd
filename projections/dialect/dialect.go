package dialect

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/docketlog/docket/projections/schema"
)

// Database is everything in which one kind of database differs from another.
// Queries are written once, with ? for arguments; they go through Bind, and
// their arguments through Arguments. All methods may be called concurrently.
type Database interface {
	// Check fails if the server cannot hold rows.
	Check(ctx context.Context) error
	// Bind replaces each ? by the database's own placeholder.
	Bind(query string) string
	// Arguments converts arguments to what the database's driver accepts. It
	// does not modify its input.
	Arguments(args []any) []any
	// Column returns the type of a column, with its nullability.
	Column(schema.Kind) string
	// Storage returns what follows the closing parenthesis of a create table.
	Storage(*schema.Table) string
	// Upsert returns the end of an insert that turns it into an upsert. A row
	// whose columns are all key has nothing to update.
	Upsert(*schema.Table) string
	// Exclusive returns a statement that makes the transaction it begins the
	// only one that changes the layout, or "" if every transaction is
	// exclusive.
	Exclusive() string
	// Catalog returns a query for the names of all of Docket's tables.
	Catalog() string
	// Indexes returns a query for the names of all indexes of these tables.
	Indexes() string
	// Settle returns a statement to run once on tables that were filled in
	// bulk, or "". tables is a comma-separated list.
	Settle(tables string) string
	// Missing reports whether err means that a table does not exist.
	Missing(err error) bool
	// Contended reports whether err means that a transaction was rolled back in
	// favor of another one: a retry may succeed; see [Retries].
	Contended(err error) bool
	// Lost reports whether err means that the connection or its server does not
	// answer, or was asked to stop: the statement itself is valid, and another
	// server may answer it.
	Lost(err error) bool
	// Snapshot begins a read-only transaction that sees one state throughout,
	// and reads the row of a query without arguments in it. The caller ends the
	// transaction, even if Snapshot fails.
	Snapshot(ctx context.Context, conn *sql.Conn, query string, dest ...any) error
	// Session opens a connection that writes to a generation. The caller closes
	// the session.
	Session(ctx context.Context, generation int64) (Session, error)
}

// ErrFenced reports that a guard changed no row: the checkpoint is not where
// its holder left it, because another process claimed it, moved it, or replaced
// the generation.
var ErrFenced = errors.New("checkpoint is held by another projector")

// Session is one connection through which one applier writes, one transaction
// at a time: Begin, Write, Commit, or Rollback at any point. It is the bulk
// path, where databases differ most: on one, a prepared statement run once per
// row is fastest; on another, statements over arrays in one round trip.
//
// A session is for one goroutine. After any failure it is rolled back and
// closed.
type Session interface {
	// Begin opens a transaction, runs the guard, and loads rows. It fails with
	// [ErrFenced] if the guard changed no row.
	Begin(ctx context.Context, guard Statement, loads []schema.Load) error
	// Write upserts and deletes rows. It is called once per transaction, and
	// the changes must not be modified until the transaction ends.
	Write(ctx context.Context, changes []schema.Change) error
	// Commit commits the transaction: all of it, including the guard, or
	// nothing. If it fails, either may have happened.
	Commit(ctx context.Context) error
	// Rollback undoes the open transaction. Without one it does nothing.
	Rollback()
	// Close rolls back and closes the connection.
	Close()
}

// Statement is a query with its arguments, written with ?.
type Statement struct {
	Query string
	Args  []any
}

// Retries is how often a [Database.Contended] transaction is retried before it
// fails.
const Retries = 8

// SortLength is the minimum number of bytes by which every database sorts a
// text.
const SortLength = 8 << 10

// rollbackTimeout is the timeout for work that is done after the caller's
// context has ended.
const rollbackTimeout = 5 * time.Second
