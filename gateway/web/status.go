package web

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/projections"
)

// statusData is what administrators see of the installation.
type statusData struct {
	service.Status
	Lag    uint64
	Rate   float64
	Known  bool // whether there are two samples to take a rate from
	People int
	// Unreachable names, in words, what could not be queried.
	Unreachable []string
}

// status shows how far the rows are, to administrators only.
func (w *Web) status(ctx context.Context, v *view, _ *http.Request) (result, error) {
	v.name("status")
	if !v.me.Administrator {
		p := problem.New(problem.Code(commands.CodeForbidden), "")
		p.Code = "administrators_only"
		return result{show: problemPage(v, p), status: p.Status}, nil
	}
	d := statusData{Status: w.service.Status(ctx)}
	parts := map[service.Part]string{
		service.PartLog: v.T("status.log"), service.PartRows: v.T("status.rows"), service.PartParked: v.T("status.parked"),
	}
	for _, part := range d.Status.Unreachable {
		d.Unreachable = append(d.Unreachable, parts[part])
	}
	if !slices.Contains(d.Status.Unreachable, service.PartRows) {
		d.Lag = max(d.Head.Sequence, d.Rows.Position.Sequence) - d.Rows.Position.Sequence
		d.Rate, d.Known = w.pulse.rate(d.Rows.Position, time.Now())
		people, err := read(ctx, v, func(ctx context.Context, s *projections.Snapshot) ([]projections.AccountRow, error) {
			return s.People(ctx)
		})
		if err != nil {
			d.Unreachable = append(d.Unreachable, v.T("status.people"))
		}
		d.People = len(people)
	}
	return result{show: statusPage(v, d)}, nil
}

// replicaState describes the state of a database.
func replicaState(v *view, r projections.Replica) string {
	switch {
	case !r.Reachable:
		return v.T("status.replica_away")
	case r.Why != nil:
		return v.T("status.replica_stale")
	case r.Chosen:
		return v.T("status.replica_chosen")
	}
	return v.T("status.replica_ready")
}

// building describes the progress of rows that are being rebuilt.
func building(v *view, b projections.Building, now time.Time) string {
	far := v.T("status.building_far", b.Generation, b.Done, b.Total)
	switch {
	case b.Differs && b.Interrupted:
		// The rebuild was not interrupted; it ended, and the page says how.
		return far
	case b.Interrupted:
		return far + " " + v.T("status.building_interrupted")
	case b.Rate == 0:
		return far
	}
	return far + " " + v.T("status.building_rate", b.Rate, b.Remaining.Round(time.Second).String(), max(0, now.Sub(b.Moved)).Round(time.Second).String())
}

// pulse remembers how far the rows were at the last view, to compute how fast
// they advance, whichever process advances them.
type pulse struct {
	mu        sync.Mutex
	at        events.Position
	seen      time.Time
	perSecond float64
	known     bool
}

func (p *pulse) rate(at events.Position, now time.Time) (perSecond float64, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	since := now.Sub(p.seen)
	if since < time.Second && p.known {
		return p.perSecond, true
	}
	p.known = !p.seen.IsZero() && since < time.Minute && at.Incarnation == p.at.Incarnation && at.Sequence >= p.at.Sequence
	if p.known {
		p.perSecond = float64(at.Sequence-p.at.Sequence) / since.Seconds()
	}
	p.at, p.seen = at, now
	return p.perSecond, p.known
}
