package operations

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// Options configure [Routes] and [Server]. Logger is optional.
type Options struct {
	// Ready maps paths to checks: /readyz, and others for callers that need
	// only a part of the process.
	Ready map[string]Check
	// Metrics serves /metrics; nil disables it.
	Metrics http.Handler
	// Logger receives the errors that each check finds.
	Logger *slog.Logger
}

// Check returns why a process is not ready; empty if it is ready. Its context
// ends after [Timeout].
type Check func(ctx context.Context) []Shortcoming

// Shortcoming is one reason why a process is not ready. Callers see the reason;
// only the program's own log has the error.
type Shortcoming struct {
	Part, Reason string
	Err          error
}

// Timeout bounds each [Check].
const Timeout = 2 * time.Second

// Routes returns the handlers by pattern, for a mux.
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

// Server returns a server for only these routes, with timeouts against slow
// clients.
func Server(o Options) *http.Server {
	mux := http.NewServeMux()
	for pattern, handler := range Routes(o) {
		mux.HandleFunc(pattern, handler)
	}
	return &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	}
}

// healthy reports that the process is alive. It checks nothing else: an
// orchestrator that restarts processes by it must not restart all of them when
// the database is down.
func healthy(w http.ResponseWriter, _ *http.Request) {
	report(w, http.StatusOK, readiness{Status: "ok"})
}

// readiness is the response of /healthz and /readyz.
type readiness struct {
	Status string `json:"status"`
	// Reasons holds what is wrong, by part.
	Reasons map[string]string `json:"reasons,omitempty"`
}

// ready responds with the result of a check.
func ready(check Check, logger *slog.Logger) http.HandlerFunc {
	check = shared(check, logger)
	return func(w http.ResponseWriter, r *http.Request) {
		found := check(r.Context())
		if len(found) == 0 {
			report(w, http.StatusOK, readiness{Status: "ready"})
			return
		}
		reasons := map[string]string{}
		for _, one := range found {
			reasons[one.Part] = one.Reason
		}
		report(w, http.StatusServiceUnavailable, readiness{"not ready", reasons})
	}
}

// sharedFor is how long a check's result is reused.
const sharedFor = 250 * time.Millisecond

// shared runs the check once for all requests that come while it runs and
// shortly after. Anyone may send such requests, as often as they like, and a
// check asks the broker and the database. The check continues when the request
// that started it ends.
func shared(check Check, logger *slog.Logger) Check {
	var mu sync.Mutex
	var found []Shortcoming
	var until time.Time
	return func(ctx context.Context) []Shortcoming {
		mu.Lock()
		defer mu.Unlock()
		if time.Now().Before(until) {
			return found
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Timeout)
		defer cancel()
		found = check(ctx)
		until = time.Now().Add(sharedFor)
		for _, one := range found {
			logger.Warn("not ready", "part", one.Part, "reason", one.Reason, "err", one.Err)
		}
		return found
	}
}

func report(w http.ResponseWriter, status int, body readiness) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
