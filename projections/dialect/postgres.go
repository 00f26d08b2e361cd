package dialect

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/docketlog/docket/projections/schema"
)

// postgres is the dialect of Postgres. Text has the collation "C", so that it
// compares by bytes as in the other databases.
type postgres struct{ config *pgx.ConnConfig }

func openPostgres(url string, readers int) (Database, Pools, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The error of ParseConfig does not contain the password.
		return nil, Pools{}, fmt.Errorf("database URL: %w", err)
	}
	config.RuntimeParams["application_name"] = "docket"
	read := stdlib.OpenDB(*config)
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)

	writing := config.Copy()
	// A server crash may undo the last transactions, each as a whole; rows and
	// checkpoint go back together and the log still has what they lost. Waiting
	// for the disk at each commit would gain nothing.
	writing.RuntimeParams["synchronous_commit"] = "off"
	write := stdlib.OpenDB(*writing)
	write.SetMaxOpenConns(4)
	write.SetMaxIdleConns(1)
	return &postgres{writing}, Pools{read, write}, nil
}

func (*postgres) Check(context.Context) error { return nil }

func (*postgres) Bind(query string) string {
	var b strings.Builder
	for n := 1; ; n++ {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(n))
		query = after
	}
}

func (*postgres) Arguments(args []any) []any { return args }

func (*postgres) Column(k schema.Kind) string {
	switch k {
	case schema.KindID:
		return "uuid not null"
	case schema.KindWord, schema.KindText:
		return `text collate "C" not null`
	case schema.KindNumber:
		return "bigint not null"
	case schema.KindMoment:
		return "bigint"
	case schema.KindDigest:
		return "bytea not null"
	}
	panic(fmt.Sprintf("no column type for kind %d", k))
}

// Storage leaves free space in each page for new versions of its rows, so that
// an update need not touch the indexes.
func (*postgres) Storage(t *schema.Table) string {
	if t.Appended {
		return ""
	}
	return " with (fillfactor = 80)"
}

func (*postgres) Upsert(t *schema.Table) string { return onConflict(t) }

// Exclusive takes an application lock; its number is arbitrary.
func (*postgres) Exclusive() string { return "select pg_advisory_xact_lock(7305808869229538420)" }

func (*postgres) Catalog() string {
	return `select table_name from information_schema.tables
		where table_schema = current_schema() and table_name like 'g%!_%' escape '!'`
}

func (*postgres) Indexes() string {
	return `select indexname from pg_indexes where schemaname = current_schema() and indexname like 'g%!_%' escape '!'`
}

func (*postgres) Settle(tables string) string { return "analyze " + tables }

// Missing recognizes a table that was dropped: a snapshot sees rows as of its
// beginning, but tables as of now.
func (*postgres) Missing(err error) bool { return undefinedTable(err) }

func undefinedTable(err error) bool { return postgresError(err, "42P01") }

// Contended recognizes deadlocks and serialization failures.
func (*postgres) Contended(err error) bool { return postgresError(err, "40P01", "40001") }

func postgresError(err error, codes ...string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains(codes, pg.Code)
}

// Lost accepts every error that does not come from the server, and those of a
// server that is shutting down, is full, or ends a statement: classes 08, 53
// and 57 of https://www.postgresql.org/docs/current/errcodes-appendix.html.
func (*postgres) Lost(err error) bool {
	var pg *pgconn.PgError
	return !errors.As(err, &pg) || strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "53") || strings.HasPrefix(pg.Code, "57")
}

// Snapshot begins the transaction and reads the row in one round trip.
func (*postgres) Snapshot(ctx context.Context, conn *sql.Conn, query string, dest ...any) error {
	return conn.Raw(func(driverConn any) error {
		var b pgx.Batch
		b.Queue("begin isolation level repeatable read read only")
		b.Queue(query).QueryRow(func(row pgx.Row) error { return row.Scan(dest...) })
		return driverConn.(*stdlib.Conn).Conn().SendBatch(ctx, &b).Close()
	})
}

func (d *postgres) Session(ctx context.Context, generation int64) (Session, error) {
	conn, err := pgx.ConnectConfig(ctx, d.config.Copy())
	if err != nil {
		return nil, err
	}
	return &pipelineSession{conn: conn, bind: d.Bind, generation: generation, statements: make(map[string]string)}, nil
}
