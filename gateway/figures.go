package gateway

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/docketlog/docket/gateway/api"
	"github.com/docketlog/docket/gateway/feed"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/web"
	"github.com/docketlog/docket/traces"
)

// figures holds the gateway's metrics. Routes are labelled by pattern and
// methods from a fixed list, so that clients cannot create new label values.
type figures struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
}

// Names and help texts of the metrics; docs/operations/metrics.md repeats them.
var (
	requestsTotal = prometheus.CounterOpts{
		Name: "docket_http_requests_total", Help: "HTTP requests, by route, method and status.",
	}
	requestSeconds = prometheus.HistogramOpts{
		Name: "docket_http_request_seconds", Help: "Time from the request header to the end of the response; excludes feeds.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}
	requestsInFlight = prometheus.GaugeOpts{
		Name: "docket_http_requests_in_flight", Help: "Requests in progress, including open feeds.",
	}
	feedSubscribers = prometheus.GaugeOpts{Name: "docket_feed_subscribers", Help: "Open feeds."}
	feedDropped     = prometheus.CounterOpts{
		Name: "docket_feed_dropped_total", Help: "Feeds closed because the client read too slowly.",
	}
)

// Figures returns every metric the gateway itself keeps, with its help text.
func Figures() iter.Seq2[string, string] {
	return func(yield func(name, help string) bool) {
		_ = yield(requestsTotal.Name, requestsTotal.Help) &&
			yield(requestSeconds.Name, requestSeconds.Help) &&
			yield(requestsInFlight.Name, requestsInFlight.Help) &&
			yield(feedSubscribers.Name, feedSubscribers.Help) &&
			yield(feedDropped.Name, feedDropped.Help)
	}
}

func newFigures(registry prometheus.Registerer, hub *feed.Hub) (*figures, error) {
	f := &figures{
		requests: prometheus.NewCounterVec(requestsTotal, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(requestSeconds, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(requestsInFlight),
	}
	subscribers := prometheus.NewGaugeFunc(feedSubscribers, func() float64 { return float64(hub.Subscribers()) })
	dropped := prometheus.NewCounterFunc(feedDropped, func() float64 { return float64(hub.Dropped()) })
	var errs []error
	for _, c := range []prometheus.Collector{f.requests, f.duration, f.inFlight, subscribers, dropped} {
		errs = append(errs, registry.Register(c))
	}
	return f, errors.Join(errs...)
}

// watched is a response writer that records status and size.
type watched struct {
	http.ResponseWriter
	pattern string
	status  int
	bytes   int64
	span    traces.Span
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap gives [http.ResponseController] the connection's own writer.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// patternOf records the route of the request.
func patternOf(w http.ResponseWriter, pattern string) {
	if watched, ok := w.(*watched); ok {
		watched.pattern = pattern
	}
}

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// untraced lists the routes polled constantly, whose traces are of no use.
var untraced = map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true}

// observed counts and logs requests, and answers for a handler that panicked.
// The log identifies no person: it has the route but no address, path or query.
func (g *Gateway) observed(next http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		g.figures.inFlight.Inc()
		watch := &watched{ResponseWriter: w}
		if g.options.Tracer.On() && !untraced[r.URL.Path] {
			var ctx context.Context
			ctx, watch.span = g.options.Tracer.Begin(r.Context(), r.Header.Get("Traceparent"), "request", traces.Serving)
			r = r.WithContext(ctx)
		}
		r = r.WithContext(problem.InWords(r.Context(), web.WordsFor(r)))
		defer g.observe(watch, r, began)
		defer g.recovered(watch, r)
		next(watch, r)
	})
}

func (g *Gateway) observe(watch *watched, r *http.Request, began time.Time) {
	g.figures.inFlight.Dec()
	method, route, took := r.Method, watch.pattern, time.Since(began)
	if !slices.Contains(methods, method) {
		method = "other"
	}
	if route == "" {
		route = "none"
	}
	watch.span.Rename(route)
	watch.span.Text("http.request.method", method)
	watch.span.Text("http.route", route)
	watch.span.Number("http.response.status_code", int64(watch.status))
	watch.span.End(watch.status >= http.StatusInternalServerError)
	g.figures.requests.WithLabelValues(route, method, strconv.Itoa(watch.status)).Inc()
	if route != api.Endless {
		g.figures.duration.WithLabelValues(route, method).Observe(took.Seconds())
	}
	if g.options.Logger.Enabled(r.Context(), slog.LevelInfo) {
		g.options.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("route", route), slog.String("method", method), slog.Int("status", watch.status),
			slog.Duration("took", took), slog.Int64("bytes", watch.bytes))
	}
}

// recovered is deferred: it turns a panic into an answer.
func (g *Gateway) recovered(watch *watched, r *http.Request) {
	fault := recover()
	if fault == nil {
		return
	}
	if fault == http.ErrAbortHandler {
		panic(fault)
	}
	p := problem.New(problem.Internal, "")
	p.Instance = "urn:uuid:" + uuid.NewString()
	g.options.Logger.Error("request panicked", slog.String("instance", p.Instance),
		slog.Any("err", fault), slog.String("stack", string(debug.Stack())))
	if watch.status != 0 {
		// The answer has begun and cannot be completed; the client must notice.
		panic(http.ErrAbortHandler)
	}
	p.Write(watch, r)
}
