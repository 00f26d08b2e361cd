package projections

import (
	"context"
	"database/sql"
	"time"
)

// Health is the state of the database.
type Health struct {
	// Answers reports whether the database answers. RoundTrip is how long that
	// took, including the wait for a connection.
	Answers   bool
	RoundTrip time.Duration
	// Reading is the pool for queries, Writing the pool for everything else.
	// The connection on which a Postgres projector writes is in neither.
	Reading, Writing Pool
}

// Pool is the usage of a connection pool.
type Pool struct {
	// Open is the number of open connections, Used the number in use, Limit the
	// maximum.
	Open, Used, Limit int
	// Waits counts waits for a connection; Waited is their total duration.
	Waits  uint64
	Waited time.Duration
}

// healthPatience is the timeout of a health check.
const healthPatience = 2 * time.Second

// Health checks the database, for two seconds at most.
func (s *Store) Health(ctx context.Context) Health {
	ctx, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	began := time.Now()
	var one int
	err := s.read.QueryRowContext(ctx, `select 1`).Scan(&one)
	return Health{
		Answers: err == nil, RoundTrip: time.Since(began),
		Reading: poolOf(s.read), Writing: poolOf(s.write),
	}
}

func poolOf(db *sql.DB) Pool {
	s := db.Stats()
	return Pool{Open: s.OpenConnections, Used: s.InUse, Limit: s.MaxOpenConnections, Waits: uint64(s.WaitCount), Waited: s.WaitDuration}
}
