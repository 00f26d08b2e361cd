package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"

	driver "modernc.org/sqlite" // known to database/sql as "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/docketlog/docket/projections/schema"
)

// sqlite is the dialect of SQLite. Ids are text, so that the rows can be read
// with any tool; text compares as bytes.
type sqlite struct{ write *sql.DB }

// The settings of every SQLite connection. With synchronous=NORMAL a power cut
// can undo the last transactions, whole, and never damages the file: rows and
// checkpoint go back together and the log still has what they lost, so syncing
// each transaction would buy nothing. busy_timeout, in milliseconds, is how
// long a writer waits for the other one, be it a rebuild's large batch.
var sqliteSettings = []string{
	"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(NORMAL)", "temp_store(MEMORY)", "cache_size(-32768)",
}

func (s *Store) openSQLite(path string, readers int) error {
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return errors.New("database URL names no file: want sqlite:/path/to/rows.db")
	}
	source := func(more url.Values) string {
		more["_pragma"] = append(more["_pragma"], sqliteSettings...)
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + more.Encode()
	}
	var err error
	if s.write, err = sql.Open("sqlite", source(url.Values{"_txlock": {"immediate"}})); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	if s.read, err = sql.Open("sqlite", source(url.Values{"_pragma": {"query_only(true)"}})); err != nil {
		return errors.Join(fmt.Errorf("open %s: %w", path, err), s.write.Close())
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	s.dialect = &sqlite{s.write}
	return nil
}

func (*sqlite) check(context.Context) error { return nil }

func (*sqlite) bind(query string) string { return query }

func (*sqlite) arguments(args []any) []any { return args }

func (*sqlite) column(k schema.Kind) string {
	switch k {
	case schema.KindID, schema.KindWord, schema.KindText:
		return "text not null"
	case schema.KindNumber:
		return "integer not null"
	case schema.KindMoment:
		return "integer"
	case schema.KindDigest:
		return "blob not null"
	}
	panic(fmt.Sprintf("no column type for kind %d", k))
}

func (*sqlite) storage(t *schema.Table) string {
	if t.Narrow {
		return " without rowid"
	}
	return ""
}

func (*sqlite) upsert(t *schema.Table) string { return onConflict(t) }

func (*sqlite) exclusive() string { return "" }

func (*sqlite) catalog() string {
	return `select name from sqlite_master where type = 'table' and name like 'g%!_%' escape '!'`
}

func (*sqlite) indexes() string {
	return `select name from sqlite_master where type = 'index' and name like 'g%!_%' escape '!'`
}

func (*sqlite) settle(string) string { return "" }

// missing recognises a table that was never made: a snapshot of SQLite holds its
// tables too. SQLite has no code of its own for it, only the words.
func (*sqlite) missing(err error) bool {
	var said *driver.Error
	return errors.As(err, &said) && said.Code() == sqlite3.SQLITE_ERROR && strings.Contains(said.Error(), "no such table")
}

// contended is false always: there is one writer at a time.
func (*sqlite) contended(error) bool { return false }

// lost is false always: a file has no connection.
func (*sqlite) lost(error) bool { return false }

func (*sqlite) snapshot(ctx context.Context, conn *sql.Conn) (m model, err error) {
	if _, err := conn.ExecContext(ctx, "begin"); err != nil {
		return m, err
	}
	return m, m.scan(conn.QueryRowContext(ctx, modelQuery).Scan)
}

func (d *sqlite) session(ctx context.Context, generation int64) (session, error) {
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &statementSession{conn: conn, bind: d.bind, generation: generation, prepared: make(map[string]*sql.Stmt)}, nil
}
