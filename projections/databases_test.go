package projections

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/projections/dialect"
)

// The suite always runs on SQLite. It runs on Postgres if the first names one
// whose user may create schemas, and on MySQL or MariaDB if the second names
// one whose user may create databases. With DOCKET_TEST_REQUIRE=1 it fails if
// either is missing.
const (
	postgresVariable = "DOCKET_TEST_POSTGRES"
	mysqlVariable    = "DOCKET_TEST_MYSQL"
)

func TestMain(m *testing.M) {
	for variable, name := range map[string]string{postgresVariable: "Postgres", mysqlVariable: "MySQL or MariaDB"} {
		if os.Getenv(variable) != "" {
			continue
		}
		fmt.Fprintf(os.Stderr, "\n*** SKIPPED: nothing is tested on %s, because %s is not set. ***\n\n", name, variable)
		if os.Getenv("DOCKET_TEST_REQUIRE") == "1" {
			os.Exit(1)
		}
	}
	// Each check creates a generation; the default of a hundred checks takes
	// minutes. -rapid.checks overrides this, as make soak does.
	if err := flag.Set("rapid.checks", "10"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// database creates fresh databases of one kind.
type database struct {
	name string
	// fresh returns the URL of an empty database that lives as long as t.
	fresh func(t testing.TB) string
}

func databases() []database {
	list := []database{{"sqlite", func(t testing.TB) string {
		return "sqlite:" + filepath.Join(t.TempDir(), "rows.db")
	}}}
	if base := os.Getenv(postgresVariable); base != "" {
		list = append(list, database{"postgres", func(t testing.TB) string { return freshSchema(t, base) }})
	}
	if base := os.Getenv(mysqlVariable); base != "" {
		list = append(list, database{"mysql", func(t testing.TB) string { return freshMySQL(t, base) }})
	}
	return list
}

var schemas atomic.Int64

func freshSchema(t testing.TB, base string) string {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, base)
	if err != nil {
		t.Fatalf("%s: %v", postgresVariable, err)
	}
	schema := fmt.Sprintf("t%d_%d", os.Getpid(), schemas.Add(1))
	if _, err := conn.Exec(ctx, "create schema "+schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := conn.Exec(ctx, "drop schema "+schema+" cascade"); err != nil {
			t.Error(err)
		}
		conn.Close(ctx)
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("search_path", schema)
	u.RawQuery = query.Encode()
	return u.String()
}

func freshMySQL(t testing.TB, base string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/information_schema" // which every server has
	_, pools, err := dialect.Open(u.String(), 1)
	if err != nil {
		t.Fatal(err)
	}
	server := pools.Write
	name := fmt.Sprintf("t%d_%d", os.Getpid(), schemas.Add(1))
	if _, err := server.Exec("create database " + name); err != nil {
		t.Fatalf("%s: %v", mysqlVariable, err)
	}
	t.Cleanup(func() {
		if _, err := server.Exec("drop database " + name); err != nil {
			t.Error(err)
		}
		pools.Read.Close()
		server.Close()
	})
	u.Path = "/" + name
	return u.String()
}

// onEach runs a test once per kind of database.
func onEach(t *testing.T, test func(t *testing.T, d database)) {
	for _, d := range databases() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			test(t, d)
		})
	}
}

// databaseNamed skips the test, with a message, if that database is not
// available.
func databaseNamed(t testing.TB, name string) database {
	t.Helper()
	for _, d := range databases() {
		if d.name == name {
			return d
		}
	}
	t.Skip("SKIPPED: no " + name + " is named in the environment")
	return database{}
}

func (d database) open(t testing.TB) *Store { return openURL(t, d.fresh(t)) }

func openURL(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(context.Background(), url, Options{Logger: testLogger(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// run starts a projector and returns a function that stops it and waits for it.
func run(t testing.TB, s *Store, l *memoryLog, o ProjectorOptions) (p *Projector, stop func()) {
	t.Helper()
	o.Logger = testLogger(t)
	p = NewProjector(s, l, o)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	var once atomic.Bool
	stop = func() {
		if !once.CompareAndSwap(false, true) {
			return
		}
		cancel()
		if err := testkit.Receive(t, "the projector to end", ended); err != nil {
			t.Errorf("Run: %v", err)
		}
	}
	t.Cleanup(stop)
	return p, stop
}

// becomes waits until the projector's status satisfies is.
func becomes(t testing.TB, want string, p *Projector, is func(Status) bool) {
	t.Helper()
	testkit.Eventually(t, want, func() (Status, bool) {
		s := p.Status()
		return s, is(s)
	})
}

// inState matches a status with the state.
func inState(state State) func(Status) bool { return func(s Status) bool { return s.State == state } }

// arrive waits until the rows are at the log's end.
func arrive(t testing.TB, s *Store, l *memoryLog) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Limit)
	defer cancel()
	end, _ := l.End(ctx)
	if err := s.WaitFor(ctx, end); err != nil {
		t.Fatal(err)
	}
}

// dump returns every row of a store.
func dump(t testing.TB, s *Store) string {
	t.Helper()
	var b strings.Builder
	if err := s.Dump(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// id returns a readable id.
func id(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("00000000-0000-7000-8000-%012d", n))
}
