package dialect

import (
	"database/sql"
	"fmt"
	"strings"
)

// Pools are the connections to one database. Reading and writing are apart, so
// that no number of queries can keep a projector waiting. The owner closes both.
type Pools struct{ Read, Write *sql.DB }

// kinds says how the pools of each kind of database are opened, by the scheme of
// its URL.
var kinds = map[string]func(url string, readers int) (Database, Pools, error){
	"sqlite":     openSQLite,
	"postgres":   openPostgres,
	"postgresql": openPostgres,
	"mysql":      openMySQL,
}

// Open makes the pools of the database that a URL names, with that many
// connections for reading at most. It connects to nothing: a database that
// cannot be reached is no error. No error holds the password.
func Open(url string, readers int) (Database, Pools, error) {
	scheme, _, _ := strings.Cut(url, ":")
	open, known := kinds[scheme]
	if !known {
		return nil, Pools{}, fmt.Errorf("database URL begins with %q, want sqlite:, postgres: or mysql:", scheme)
	}
	return open(url, readers)
}
