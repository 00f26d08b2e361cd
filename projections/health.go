package projections

import (
	"context"
	"database/sql"
	"time"
)

// Health is how the database is.
type Health struct {
	// Answers reports whether it answers; RoundTrip how long that took, which
	// includes waiting for a connection.
	Answers   bool
	RoundTrip time.Duration
	// Reading and Writing are the pools of queries and of everything else. The
	// connection on which a projector of Postgres writes is in neither.
	Reading, Writing Pool
}

// Pool is how the connections of a pool are used.
type Pool struct {
	// Open counts the connections there are, Used those in use, Limit how many
	// there may be.
	Open, Used, Limit int
	// Waits counts how often somebody waited for one, Waited how long in all.
	Waits  uint64
	Waited time.Duration
}

// healthPatience bounds the question.
const healthPatience = 2 * time.Second

// Health asks the database, for two seconds at most.
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
