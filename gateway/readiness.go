package gateway

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/operations"
)

// unready returns what keeps this gateway from taking commands or answering
// queries.
func (g *Gateway) unready(ctx context.Context) []operations.Shortcoming {
	end, found := g.unfitForCommands(ctx)
	if err := g.options.Rows.Ping(ctx); err != nil {
		return append(found, operations.Shortcoming{Part: "rows", Reason: "cannot be served", Err: err})
	}
	status, err := g.options.Rows.Status(ctx)
	if err != nil {
		return append(found, operations.Shortcoming{Part: "rows", Reason: "position cannot be read", Err: err})
	}
	if behind := max(status.Behind, g.still.since(status.Position, end, time.Now())); behind > g.options.MaxBehind {
		lag := end.Sequence - min(end.Sequence, status.Position.Sequence)
		found = append(found, operations.Shortcoming{Part: "rows", Reason: fmt.Sprintf("%d events and %s behind", lag, behind.Round(time.Second))})
	}
	return found
}

// unreadyForCommands returns what keeps this gateway from taking commands. It
// ignores the rows: they are the same for all gateways, so taking a gateway out
// of service for them would take out all, and with them the commands that need
// no rows.
func (g *Gateway) unreadyForCommands(ctx context.Context) []operations.Shortcoming {
	_, found := g.unfitForCommands(ctx)
	return found
}

// unfitForCommands returns the end of the log and what keeps this gateway from
// taking commands.
func (g *Gateway) unfitForCommands(ctx context.Context) (end events.Position, found []operations.Shortcoming) {
	end, err := g.options.Log.End(ctx)
	if err != nil {
		found = append(found, operations.Shortcoming{Part: "log", Reason: "cannot be reached", Err: err})
	}
	if g.hub.Position().IsZero() {
		found = append(found, operations.Shortcoming{Part: "feed", Reason: "does not follow the log"})
	}
	return end, found
}

// standstill detects rows that do not advance although there are events for
// them: a stopped projector does not report itself.
type standstill struct {
	mu    sync.Mutex
	at    events.Position
	began time.Time
}

// since returns how long the rows have stayed at the position while the log has
// moved on to end.
func (s *standstill) since(at, end events.Position, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reached, err := at.Reached(end); err == nil && reached || at != s.at || s.began.IsZero() {
		s.at, s.began = at, now
	}
	return now.Sub(s.began)
}
