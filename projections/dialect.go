package projections

import (
	"context"
	"database/sql"
	"errors"

	"github.com/docketlog/docket/projections/schema"
)

// dialect is everything in which one database differs from another. Queries
// are written once, with ? for arguments and {g} for the generation's prefix.
type dialect interface {
	// check fails if the server cannot hold rows.
	check(ctx context.Context) error
	// bind turns each ? into the database's own placeholder.
	bind(query string) string
	// arguments turns arguments into what the database's driver takes.
	arguments(args []any) []any
	// column is the type of a column, with its nullability.
	column(schema.Kind) string
	// storage is what follows the closing parenthesis of a create table.
	storage(*schema.Table) string
	// upsert is the end of an insert that turns it into an upsert. A row that is
	// all key has nothing to update.
	upsert(*schema.Table) string
	// exclusive is a statement that makes the transaction it begins the only
	// one that changes the layout, or empty where every transaction is.
	exclusive() string
	// catalog is a query for the names of all tables that are ours.
	catalog() string
	// indexes is a query for the names of all their indexes.
	indexes() string
	// settle is a statement to be run once on tables that were filled in bulk,
	// named one after another with commas, or empty.
	settle(tables string) string
	// missing reports whether err says that a table is gone.
	missing(err error) bool
	// contended reports whether err says that a transaction was undone for the
	// sake of another one: done again, it may succeed.
	contended(err error) bool
	// lost reports whether err, of a query whose caller still waits, says that the
	// connection or its server is gone: another may answer.
	lost(err error) bool
	// snapshot begins a read-only transaction that sees one state throughout
	// and reads the model in it.
	snapshot(ctx context.Context, conn *sql.Conn) (model, error)
	// session opens a connection that writes to a generation.
	session(ctx context.Context, generation int64) (session, error)
}

// errFenced reports that the checkpoint is not where its holder left it:
// somebody else has claimed it, moved it, or replaced the generation.
var errFenced = errors.New("checkpoint is held by another projector")

// session is one connection through which one applier writes, one transaction
// at a time: begin, write, commit, or rollback at any point. It is the bulk
// path, where databases differ most: a prepared statement run once per row is
// the fastest on one, statements over arrays in one round trip on another.
type session interface {
	// begin opens a transaction, runs the guard, and loads rows. It fails with
	// errFenced if the guard changed no row.
	begin(ctx context.Context, guard statement, loads []schema.Load) error
	write(ctx context.Context, changes []schema.Change) error
	commit(ctx context.Context) error
	// rollback leaves no transaction open and no trace of it.
	rollback()
	close()
}

type statement struct {
	query string
	args  []any
}
