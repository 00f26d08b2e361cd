package projections

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
// compares as bytes as it does everywhere else.
type postgres struct{ config *pgx.ConnConfig }

func (s *Store) openPostgres(url string, readers int) error {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The error of ParseConfig leaves the password out.
		return fmt.Errorf("database URL: %w", err)
	}
	config.RuntimeParams["application_name"] = "docket"
	s.read = stdlib.OpenDB(*config)
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)

	writing := config.Copy()
	// A crash of the server may undo the last transactions, whole; rows and
	// checkpoint go back together and the log still has what they lost. Waiting
	// for the disk at each commit would buy nothing.
	writing.RuntimeParams["synchronous_commit"] = "off"
	s.write = stdlib.OpenDB(*writing)
	s.write.SetMaxOpenConns(4)
	s.write.SetMaxIdleConns(1)
	s.dialect = &postgres{writing}
	return nil
}

func (*postgres) check(context.Context) error { return nil }

func (*postgres) bind(query string) string {
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

func (*postgres) arguments(args []any) []any { return args }

func (*postgres) column(k schema.Kind) string {
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

// storage leaves room in each page for new versions of its rows, so that an
// update need not touch the indexes.
func (*postgres) storage(t *schema.Table) string {
	if t.Appended {
		return ""
	}
	return " with (fillfactor = 80)"
}

func (*postgres) upsert(t *schema.Table) string { return onConflict(t) }

// exclusive takes a lock of this application; the number means nothing.
func (*postgres) exclusive() string { return "select pg_advisory_xact_lock(7305808869229538420)" }

func (*postgres) catalog() string {
	return `select table_name from information_schema.tables
		where table_schema = current_schema() and table_name like 'g%!_%' escape '!'`
}

func (*postgres) indexes() string {
	return `select indexname from pg_indexes where schemaname = current_schema() and indexname like 'g%!_%' escape '!'`
}

func (*postgres) settle(tables string) string { return "analyze " + tables }

// missing recognises a table that was dropped: a snapshot sees rows as of its
// beginning, tables as of now.
func (*postgres) missing(err error) bool { return undefinedTable(err) }

func undefinedTable(err error) bool { return postgresError(err, "42P01") }

// contended recognises deadlocks and failures to serialize.
func (*postgres) contended(err error) bool { return postgresError(err, "40P01", "40001") }

func postgresError(err error, codes ...string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && slices.Contains(codes, pg.Code)
}

// lost is whatever the server has not said itself, and what it says when it
// ends: classes 08 and 57P of https://www.postgresql.org/docs/current/errcodes-appendix.html.
func (*postgres) lost(err error) bool {
	var pg *pgconn.PgError
	return !errors.As(err, &pg) || strings.HasPrefix(pg.Code, "08") || strings.HasPrefix(pg.Code, "57P")
}

// snapshot begins the transaction and reads the model in one round trip.
func (*postgres) snapshot(ctx context.Context, conn *sql.Conn) (m model, err error) {
	err = conn.Raw(func(driverConn any) error {
		var b pgx.Batch
		b.Queue("begin isolation level repeatable read read only")
		b.Queue(modelQuery).QueryRow(func(row pgx.Row) error { return m.scan(row.Scan) })
		return driverConn.(*stdlib.Conn).Conn().SendBatch(ctx, &b).Close()
	})
	return m, err
}

func (d *postgres) session(ctx context.Context, generation int64) (session, error) {
	conn, err := pgx.ConnectConfig(ctx, d.config.Copy())
	if err != nil {
		return nil, err
	}
	return &pipelineSession{conn: conn, bind: d.bind, generation: generation, statements: make(map[string]string)}, nil
}
