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
	// Bind turns each ? into the database's own placeholder.
	Bind(query string) string
	// Arguments turns arguments into what the database's driver takes. It alters
	// nothing that it is given.
	Arguments(args []any) []any
	// Column is the type of a column, with its nullability.
	Column(schema.Kind) string
	// Storage is what follows the closing parenthesis of a create table.
	Storage(*schema.Table) string
	// Upsert is the end of an insert that turns it into an upsert. A row that is
	// all key has nothing to update.
	Upsert(*schema.Table) string
	// Exclusive is a statement that makes the transaction it begins the only
	// one that changes the layout, or empty where every transaction is.
	Exclusive() string
	// Catalog is a query for the names of all tables that are ours.
	Catalog() string
	// Indexes is a query for the names of all their indexes.
	Indexes() string
	// Settle is a statement to be run once on tables that were filled in bulk,
	// named one after another with commas, or empty.
	Settle(tables string) string
	// Missing reports whether err says that a table is gone.
	Missing(err error) bool
	// Contended reports whether err says that a transaction was undone for the
	// sake of another one: done again, it may succeed; see [Retries].
	Contended(err error) bool
	// Lost reports whether err says that the connection or its server gives no
	// answer, or was told to stop: the statement itself is not at fault, and
	// another server may answer it.
	Lost(err error) bool
	// Snapshot begins a read-only transaction that sees one state throughout, and
	// reads the row of a query without arguments in it. The caller ends the
	// transaction, also where Snapshot fails.
	Snapshot(ctx context.Context, conn *sql.Conn, query string, dest ...any) error
	// Session opens a connection that writes to a generation. The caller closes
	// the session.
	Session(ctx context.Context, generation int64) (Session, error)
}

// ErrFenced reports that a guard changed no row: the checkpoint is not where its
// holder left it, because somebody else has claimed it, moved it, or replaced the
// generation.
var ErrFenced = errors.New("checkpoint is held by another projector")

// Session is one connection through which one applier writes, one transaction
// at a time: Begin, Write, Commit, or Rollback at any point. It is the bulk
// path, where databases differ most: a prepared statement run once per row is
// the fastest on one, statements over arrays in one round trip on another.
//
// A session is for one goroutine. After any failure it is rolled back and
// closed.
type Session interface {
	// Begin opens a transaction, runs the guard, and loads rows. It fails with
	// [ErrFenced] if the guard changed no row.
	Begin(ctx context.Context, guard Statement, loads []schema.Load) error
	// Write puts and deletes rows. It is called once per transaction, and the
	// changes stay as they are until that ends.
	Write(ctx context.Context, changes []schema.Change) error
	// Commit makes the transaction last: all of it, the guard included, or
	// nothing. Where it fails, either may have happened.
	Commit(ctx context.Context) error
	// Rollback leaves no transaction open and no trace of it. Without a
	// transaction it does nothing.
	Rollback()
	// Close rolls back and gives the connection up.
	Close()
}

// Statement is a query with its arguments, written with ?.
type Statement struct {
	Query string
	Args  []any
}

// Retries is how often a transaction that is [Database.Contended] is done again
// before it fails.
const Retries = 8

// SortLength is by how many of its bytes, at least, every database puts a text
// in order.
const SortLength = 8 << 10

// rollbackTimeout bounds what is done after a caller's context is over.
const rollbackTimeout = 5 * time.Second
