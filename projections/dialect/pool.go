package dialect

import (
	"database/sql"
	"time"
)

// Pool is the usage of a connection pool.
type Pool struct {
	// Open is the number of open connections, Used the number in use, Limit the
	// maximum.
	Open, Used, Limit int
	// Waits counts waits for a connection; Waited is their total duration.
	Waits  uint64
	Waited time.Duration
}

// PoolOf returns the usage of a pool.
func PoolOf(db *sql.DB) Pool {
	s := db.Stats()
	return Pool{Open: s.OpenConnections, Used: s.InUse, Limit: s.MaxOpenConnections, Waits: uint64(s.WaitCount), Waited: s.WaitDuration}
}
