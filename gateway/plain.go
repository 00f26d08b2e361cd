package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/problem"
)

// readyPatience bounds each question /readyz asks.
const readyPatience = 2 * time.Second

// plain is the routes beside the API's, all of them open.
func (g *Gateway) plain() map[string]http.HandlerFunc {
	routes := map[string]http.HandlerFunc{
		"GET /openapi.json":                  g.describe,
		"GET /healthz":                       g.healthy,
		"GET /readyz":                        g.ready,
		"GET /readyz/commands":               g.readyForCommands,
		"GET " + problem.TypePath + "{code}": explain,
	}
	if g.options.Metrics != nil {
		routes["GET /metrics"] = g.options.Metrics.ServeHTTP
	}
	return routes
}

func (g *Gateway) describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	w.Header().Set("Cache-Control", "public, max-age=300")
	// Generators and pages of other origins may read what is no secret.
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_, _ = w.Write(g.api.OpenAPI())
}

// greeting is for people who open the address to see what is there.
const greeting = `Docket is running.

Sign in:        curl -s %[1]s/api/v1/sessions -H 'Content-Type: application/json' -d '{"email":"…","password":"…"}'
Register:       curl -s %[1]s/api/v1/accounts -H 'Content-Type: application/json' -d '{"email":"…","name":"…","password":"…"}'
All routes:     %[1]s/openapi.json
Ready or not:   %[1]s/readyz
`

func (g *Gateway) greet(w http.ResponseWriter, r *http.Request) {
	base := g.options.BaseURL
	if base == "" {
		base = "http://" + r.Host
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, greeting, base)
}

func explain(w http.ResponseWriter, r *http.Request) {
	text := problem.Code(r.PathValue("code")).Explain()
	if text == "" {
		problem.New(problem.UnknownRoute, "").Write(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write([]byte(text))
}

// healthy says that the process lives. It asks nobody: who restarts processes
// by it must not restart all of them when the database is away.
func (g *Gateway) healthy(w http.ResponseWriter, _ *http.Request) {
	report(w, http.StatusOK, readiness{Status: "ok"})
}

// readiness is what /healthz and /readyz answer.
type readiness struct {
	Status string `json:"status"`
	// Reasons say by part what is wrong.
	Reasons map[string]string `json:"reasons,omitempty"`
}

// ready says whether commands can be taken and queries answered.
func (g *Gateway) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyPatience)
	defer cancel()
	end, found := g.unfitForCommands(ctx)
	if err := g.options.Rows.Ping(ctx); err != nil {
		found.add("rows", "cannot be served", err)
	} else if status, err := g.options.Rows.Status(ctx); err != nil {
		found.add("rows", "cannot be asked how far they are", err)
	} else if behind := max(status.Behind, g.still.since(status.Position, end, time.Now())); behind > g.options.MaxBehind {
		found.add("rows", fmt.Sprintf("%d events and %s behind", end.Sequence-min(end.Sequence, status.Position.Sequence), behind.Round(time.Second)), nil)
	}
	g.tellReadiness(w, found)
}

// readyForCommands says whether this gateway is good for anything, and leaves
// the rows aside: they are the same for all gateways, and who takes a gateway
// out of service for them takes out all, with the commands that need no rows.
func (g *Gateway) readyForCommands(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyPatience)
	defer cancel()
	_, found := g.unfitForCommands(ctx)
	g.tellReadiness(w, found)
}

// unfitForCommands gives the log's end and what keeps this gateway from taking
// commands.
func (g *Gateway) unfitForCommands(ctx context.Context) (events.Position, *unfit) {
	var found unfit
	end, err := g.options.Log.End(ctx)
	if err != nil {
		found.add("log", "cannot be reached", err)
	}
	if g.hub.Position().IsZero() {
		found.add("feed", "does not follow the log", nil)
	}
	return end, &found
}

func (g *Gateway) tellReadiness(w http.ResponseWriter, found *unfit) {
	if len(*found) == 0 {
		report(w, http.StatusOK, readiness{Status: "ready"})
		return
	}
	reasons := map[string]string{}
	for _, one := range *found {
		reasons[one.part] = one.reason
		g.options.Logger.Warn("not ready", "part", one.part, "reason", one.reason, "err", one.err)
	}
	report(w, http.StatusServiceUnavailable, readiness{"not ready", reasons})
}

// unfit is what keeps a gateway from being ready. Callers learn the reason,
// the program's own log the error.
type unfit []shortcoming

type shortcoming struct {
	part, reason string
	err          error
}

func (u *unfit) add(part, reason string, err error) {
	*u = append(*u, shortcoming{part, reason, err})
}

// standstill notices rows that do not move although there are events for them:
// a projector that is gone says nothing about itself.
type standstill struct {
	mu    sync.Mutex
	at    events.Position
	began time.Time
}

// since is for how long the rows have been seen standing at the position while
// the log went on to end.
func (s *standstill) since(at, end events.Position, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reached, err := at.Reached(end); err == nil && reached || at != s.at || s.began.IsZero() {
		s.at, s.began = at, now
	}
	return now.Sub(s.began)
}

func report(w http.ResponseWriter, status int, body readiness) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
