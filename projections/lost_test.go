package projections

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/dialect"
)

// A lost connection is [ErrUnavailable] while the caller waits, and the
// caller's own error after its context has ended: drivers then close the
// connection and report only that. It is never a fault, which would be answered
// with 500.
func TestLostConnectionsAreClassed(t *testing.T) {
	t.Parallel()
	network := []error{
		driver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, sql.ErrConnDone, net.ErrClosed, context.DeadlineExceeded,
		&net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)},
		&net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
	}
	postgresSays := func(code string) error { return &pgconn.PgError{Code: code} }
	mysqlSays := func(number uint16) error { return &mysqldriver.MySQLError{Number: number} }
	for _, c := range []struct {
		url          string
		lost, faults []error
	}{
		{
			"postgres://docket@127.0.0.1:1/docket",
			append([]error{postgresSays("57P01"), postgresSays("57014"), postgresSays("08006"), postgresSays("53300")}, network...),
			[]error{postgresSays("42601"), postgresSays("22P02"), sql.ErrNoRows},
		},
		{
			"mysql://docket@127.0.0.1:1/docket",
			append([]error{mysqldriver.ErrInvalidConn, mysqlSays(1053), mysqlSays(1927), mysqlSays(1040), mysqlSays(1317), mysqlSays(4031)}, network...),
			[]error{mysqlSays(1064), mysqlSays(1146), sql.ErrNoRows},
		},
		{
			"sqlite:" + filepath.Join(t.TempDir(), "rows.db"),
			[]error{driver.ErrBadConn, sql.ErrConnDone, context.DeadlineExceeded, context.Canceled},
			[]error{errors.New("sql: expected 2 arguments, got 1"), sql.ErrNoRows},
		},
	} {
		database, pools, err := dialect.Open(c.url, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer pools.Read.Close()
		defer pools.Write.Close()
		s := Snapshot{dialect: database}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		for _, said := range c.lost {
			said = fmt.Errorf("query: %w", said)
			for what, err := range map[string]error{"query": s.failed(t.Context(), said), "begin": unreachable(t.Context(), said)} {
				if !errors.Is(err, ErrUnavailable) || !errors.Is(err, said) {
					t.Errorf("%T %s while the caller waits: have %v, want %v", database, what, err, ErrUnavailable)
				}
			}
			for what, err := range map[string]error{"query": s.failed(over, said), "begin": unreachable(over, said)} {
				if !errors.Is(err, context.Canceled) || !errors.Is(err, said) {
					t.Errorf("%T %s once the caller's time is over: have %v, want %v", database, what, err, context.Canceled)
				}
			}
		}
		for _, said := range c.faults {
			for _, ctx := range []context.Context{t.Context(), over} {
				if err := s.failed(ctx, said); !errors.Is(err, said) || errors.Is(err, ErrUnavailable) || errors.Is(err, context.Canceled) {
					t.Errorf("%T: have %v, want %v as it was", database, err, said)
				}
			}
		}
	}
}

// If the caller's context ends during a query, the query fails with the
// caller's error on every database, however the driver reports it.
func TestQueryEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		newTeam(l).founded(1000, 1)
		run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		// Long enough to be interrupted while running, on any machine.
		endless := map[string]string{
			"sqlite":   "with recursive c(n) as (select 1 union all select n + 1 from c where n < 2000000000) select max(n) from c",
			"postgres": "select cast(pg_sleep(60) as text)",
			"mysql":    "select sleep(60)",
		}[d.name]
		ctx, cancel := context.WithTimeout(t.Context(), pollInterval)
		defer cancel()
		err := s.Read(t.Context(), events.Position{}, func(q *Snapshot) error {
			var n any
			return q.one(ctx, []any{&n}, endless)
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("have %v, want %v", err, context.DeadlineExceeded)
		}
	})
}
