package operations

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"
)

// Options say what a process answers. Logger may be left out.
type Options struct {
	// Ready is what is checked by path: /readyz, and others for those that need
	// only a part of the process.
	Ready map[string]Check
	// Metrics answers /metrics; nil means there is none.
	Metrics http.Handler
	// Logger is told what is wrong, with the error, whenever somebody asks.
	Logger *slog.Logger
}

// Check finds what keeps a process from its work, nothing if it is ready. Its
// context ends after [Timeout].
type Check func(ctx context.Context) []Shortcoming

// Shortcoming is one thing that keeps a process from its work. Callers learn the
// reason, the program's own log the error.
type Shortcoming struct {
	Part, Reason string
	Err          error
}

// Timeout bounds each [Check].
const Timeout = 2 * time.Second

// Routes are the handlers by pattern, for a mux.
func Routes(o Options) map[string]http.HandlerFunc {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	routes := map[string]http.HandlerFunc{"GET /healthz": healthy}
	for path, check := range o.Ready {
		routes["GET "+path] = ready(check, o.Logger)
	}
	if o.Metrics != nil {
		routes["GET /metrics"] = o.Metrics.ServeHTTP
	}
	return routes
}

// Server is a server of these routes and no others, that no slow client can tie
// up.
func Server(o Options) *http.Server {
	mux := http.NewServeMux()
	for pattern, handler := range Routes(o) {
		mux.HandleFunc(pattern, handler)
	}
	return &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	}
}

// healthy says that the process lives. It asks nobody: who restarts processes
// by it must not restart all of them when the database is away.
func healthy(w http.ResponseWriter, _ *http.Request) {
	report(w, http.StatusOK, readiness{Status: "ok"})
}

// readiness is what /healthz and /readyz answer.
type readiness struct {
	Status string `json:"status"`
	// Reasons say by part what is wrong.
	Reasons map[string]string `json:"reasons,omitempty"`
}

// ready answers by a check.
func ready(check Check, logger *slog.Logger) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), Timeout)
		defer cancel()
		found := check(ctx)
		if len(found) == 0 {
			report(w, http.StatusOK, readiness{Status: "ready"})
			return
		}
		reasons := map[string]string{}
		for _, one := range found {
			reasons[one.Part] = one.Reason
			logger.Warn("not ready", "part", one.Part, "reason", one.Reason, "err", one.Err)
		}
		report(w, http.StatusServiceUnavailable, readiness{"not ready", reasons})
	}
}

func report(w http.ResponseWriter, status int, body readiness) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
