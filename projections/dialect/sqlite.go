package dialect

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	driver "modernc.org/sqlite" // known to database/sql as "sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/docketlog/docket/projections/schema"
)

// sqlite is the dialect of SQLite. Ids are text, so that any tool can read the
// rows; text compares by bytes.
type sqlite struct{ write *sql.DB }

// The settings of every SQLite connection. With synchronous=NORMAL a power
// failure can undo the last transactions, each as a whole, and never damages
// the file: rows and checkpoint go back together and the log still has what
// they lost, so syncing each transaction would gain nothing. busy_timeout, in
// milliseconds, is how long a writer waits for another one, including a
// rebuild's large batch.
var sqliteSettings = []string{
	"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(NORMAL)", "temp_store(MEMORY)", "cache_size(-32768)",
}

func openSQLite(address string, readers int) (Database, Pools, error) {
	path := strings.TrimPrefix(strings.TrimPrefix(address, "sqlite:"), "//")
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, Pools{}, errors.New("database URL has no file name; use sqlite:/path/to/rows.db")
	}
	keepPrivate(path)
	source := func(more url.Values) string {
		more["_pragma"] = append(more["_pragma"], sqliteSettings...)
		return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + more.Encode()
	}
	write, err := sql.Open("sqlite", source(url.Values{"_txlock": {"immediate"}}))
	if err != nil {
		return nil, Pools{}, fmt.Errorf("open %s: %w", path, err)
	}
	read, err := sql.Open("sqlite", source(url.Values{"_pragma": {"query_only(true)"}}))
	if err != nil {
		return nil, Pools{}, errors.Join(fmt.Errorf("open %s: %w", path, err), write.Close())
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	return &sqlite{write}, Pools{read, write}, nil
}

// keepPrivate creates the file, if there is none, readable for this user only;
// SQLite gives the files beside it the same mode. It corrects the mode of files
// that were created otherwise. What it cannot do, such as creating a file in a
// folder that does not exist, SQLite reports when it opens the file.
func keepPrivate(path string) {
	if file, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o600); err == nil {
		_ = file.Close()
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		_ = os.Chmod(name, 0o600)
	}
}

func (*sqlite) Check(context.Context) error { return nil }

func (*sqlite) Bind(query string) string { return query }

func (*sqlite) Arguments(args []any) []any { return args }

func (*sqlite) Column(k schema.Kind) string {
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

func (*sqlite) Storage(t *schema.Table) string {
	if t.Narrow {
		return " without rowid"
	}
	return ""
}

func (*sqlite) Upsert(t *schema.Table) string { return onConflict(t) }

func (*sqlite) Exclusive() string { return "" }

func (*sqlite) Catalog() string {
	return `select name from sqlite_master where type = 'table' and name like 'g%!_%' escape '!'`
}

func (*sqlite) Indexes() string {
	return `select name from sqlite_master where type = 'index' and name like 'g%!_%' escape '!'`
}

func (*sqlite) Settle(string) string { return "" }

// Missing recognizes a table that was never created: a SQLite snapshot includes
// its tables. SQLite has no separate error code for it, only the message.
func (*sqlite) Missing(err error) bool {
	var said *driver.Error
	return errors.As(err, &said) && said.Code() == sqlite3.SQLITE_ERROR && strings.Contains(said.Error(), "no such table")
}

// Contended is always false: there is one writer at a time.
func (*sqlite) Contended(error) bool { return false }

// Lost recognizes a statement that was interrupted or waited too long for a
// lock, and a file that cannot be read or written: primary result codes of
// https://www.sqlite.org/rescode.html, which are the low byte of extended ones.
func (*sqlite) Lost(err error) bool {
	var said *driver.Error
	if !errors.As(err, &said) {
		return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
			errors.Is(err, sqldriver.ErrBadConn) || errors.Is(err, sql.ErrConnDone)
	}
	switch said.Code() & 0xff {
	case sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL,
		sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL:
		return true
	}
	return false
}

func (*sqlite) Snapshot(ctx context.Context, conn *sql.Conn, query string, dest ...any) error {
	if _, err := conn.ExecContext(ctx, "begin"); err != nil {
		return err
	}
	return conn.QueryRowContext(ctx, query).Scan(dest...)
}

func (d *sqlite) Session(ctx context.Context, generation int64) (Session, error) {
	conn, err := d.write.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &statementSession{conn: conn, bind: d.Bind, generation: generation, prepared: make(map[string]*sql.Stmt)}, nil
}
