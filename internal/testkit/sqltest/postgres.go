package sqltest

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// PostgresURL returns the URL of the Postgres server for test databases.
// Without a server the test is skipped with a message; under `make test` it
// fails instead.
func PostgresURL(t testing.TB) string {
	t.Helper()
	address := os.Getenv("DOCKET_TEST_POSTGRES")
	if address == "" {
		if os.Getenv("DOCKET_TEST_REQUIRE") != "" {
			t.Fatal("DOCKET_TEST_POSTGRES is not set")
		}
		t.Skip("SKIPPED: no Postgres; set DOCKET_TEST_POSTGRES or run make test")
	}
	return address
}

// NewPostgres creates a database that is dropped when the test ends, and
// returns its URL.
func NewPostgres(t testing.TB, address string) string {
	t.Helper()
	name := "docket_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	do := func(statement string) {
		t.Helper()
		ctx := context.Background()
		connection, err := pgx.Connect(ctx, address)
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close(ctx)
		if _, err := connection.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	do("CREATE DATABASE " + name)
	t.Cleanup(func() { do("DROP DATABASE " + name + " WITH (FORCE)") })
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}
