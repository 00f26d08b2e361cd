package audit_test

import (
	"database/sql"
	"fmt"
	"testing"

	_ "modernc.org/sqlite"
)

// alter changes served rows behind everybody's back; %s stands for the prefix
// of the generation being served.
func alter(t *testing.T, file, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var table string
	if err := db.QueryRow(`SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'g%\_tasks' ESCAPE '\'`).Scan(&table); err != nil {
		t.Fatal(err)
	}
	result, err := db.Exec(fmt.Sprintf(statement, table[:len(table)-len("tasks")]))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s altered %d rows: %v", statement, n, err)
	}
}
