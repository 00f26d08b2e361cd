package dialect

import (
	"database/sql"
	"fmt"
	"strings"
)

// Pools are the connections to one database. Reading and writing are separate,
// so that no number of queries can delay a projector. The owner closes both.
type Pools struct{ Read, Write *sql.DB }

// kinds maps the scheme of a database URL to the function that opens its pools.
var kinds = map[string]func(url string, readers int) (Database, Pools, error){
	"sqlite":     openSQLite,
	"postgres":   openPostgres,
	"postgresql": openPostgres,
	"mysql":      openMySQL,
}

// Open creates the pools of the database at url, with at most readers
// connections for reading. It does not connect, so an unreachable database is
// not an error. Errors do not contain the password.
func Open(url string, readers int) (Database, Pools, error) {
	scheme, _, _ := strings.Cut(url, ":")
	open, known := kinds[scheme]
	if !known {
		return nil, Pools{}, fmt.Errorf("database URL starts with %q; it must start with sqlite:, postgres: or mysql:", scheme)
	}
	return open(url, readers)
}
