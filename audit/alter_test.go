package audit_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/uuid"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// onEachDatabase runs a test on each kind of database, with the URL of an empty
// database and a connection to it.
func onEachDatabase(t *testing.T, test func(t *testing.T, address string, rows *sql.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "rows.db")
		test(t, "sqlite:"+file, connect(t, "sqlite", file))
	})
	name := "audit_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		u := server(t, "DOCKET_TEST_POSTGRES")
		exec(t, connect(t, "pgx", u.String()), "create schema "+name, "drop schema "+name+" cascade")
		query := u.Query()
		query.Set("search_path", name)
		u.RawQuery = query.Encode()
		test(t, u.String(), connect(t, "pgx", u.String()))
	})
	t.Run("mysql", func(t *testing.T) {
		t.Parallel()
		u := server(t, "DOCKET_TEST_MYSQL")
		config := mysql.NewConfig()
		config.Net, config.Addr, config.User = "tcp", u.Host, u.User.Username()
		config.Passwd, _ = u.User.Password()
		exec(t, connect(t, "mysql", config.FormatDSN()), "create database "+name, "drop database "+name)
		u.Path, config.DBName = "/"+name, name
		test(t, u.String(), connect(t, "mysql", config.FormatDSN()))
	})
}

// server returns the address of a database server from an environment variable.
// If the variable is not set, the test is skipped with a message; under `make
// test` it fails instead.
func server(t *testing.T, variable string) *url.URL {
	t.Helper()
	address := os.Getenv(variable)
	if address == "" {
		if os.Getenv("DOCKET_TEST_REQUIRE") != "" {
			t.Fatal(variable + " is not set")
		}
		t.Skip("SKIPPED: " + variable + " is not set; run make test")
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func connect(t *testing.T, driver, source string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// exec runs a statement now and another one when the test ends.
func exec(t *testing.T, db *sql.DB, now, later string) {
	t.Helper()
	if _, err := db.Exec(now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec(later); err != nil {
			t.Error(err)
		}
	})
}

// alter changes served rows directly in the database. %s in the statement stands
// for the prefix of the served generation.
func alter(t *testing.T, rows *sql.DB, statement string) {
	t.Helper()
	var generation int
	if err := rows.QueryRow("SELECT generation FROM docket_read_model").Scan(&generation); err != nil {
		t.Fatal(err)
	}
	result, err := rows.Exec(fmt.Sprintf(statement, fmt.Sprintf("g%d_", generation)))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s changed %d rows: %v", statement, n, err)
	}
}
