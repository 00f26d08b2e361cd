package sqltest

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/uuid"
)

// MySQLURL returns the URL of the MySQL or MariaDB server for test databases.
// Without a server the test is skipped with a message; under `make test` it
// fails instead.
func MySQLURL(t testing.TB) string {
	t.Helper()
	address := os.Getenv("DOCKET_TEST_MYSQL")
	if address == "" {
		if os.Getenv("DOCKET_TEST_REQUIRE") != "" {
			t.Fatal("DOCKET_TEST_MYSQL is not set")
		}
		t.Skip("SKIPPED: no MySQL or MariaDB; set DOCKET_TEST_MYSQL or run make test")
	}
	return address
}

// NewMySQL creates a database that is dropped when the test ends, and returns
// its URL.
func NewMySQL(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User = "tcp", u.Host, u.User.Username()
	config.Passwd, _ = u.User.Password()
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	server := sql.OpenDB(connector)
	u.Path = "/docket_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	do := func(statement string) {
		t.Helper()
		if _, err := server.ExecContext(context.Background(), statement+u.Path[1:]); err != nil {
			t.Fatal(err)
		}
	}
	do("CREATE DATABASE ")
	t.Cleanup(func() {
		do("DROP DATABASE ")
		server.Close()
	})
	return u.String()
}
