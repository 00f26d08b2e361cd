package projections

import (
	"context"
	"time"

	"github.com/docketlog/docket/projections/dialect"
)

// Health is the state of the database.
type Health struct {
	// Answers reports whether the database answers. RoundTrip is how long that
	// took, including the wait for a connection.
	Answers   bool
	RoundTrip time.Duration
	// Reading is the pool for queries, Writing the pool for everything else.
	// The connection on which a Postgres projector writes is in neither.
	Reading, Writing dialect.Pool
}

// healthTimeout is the timeout of a health check.
const healthTimeout = 2 * time.Second

// Health checks the database, for two seconds at most.
func (s *Store) Health(ctx context.Context) Health {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	began := time.Now()
	var one int
	err := s.read.QueryRowContext(ctx, `select 1`).Scan(&one)
	return Health{
		Answers: err == nil, RoundTrip: time.Since(began),
		Reading: dialect.PoolOf(s.read), Writing: dialect.PoolOf(s.write),
	}
}
