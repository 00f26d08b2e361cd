package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/api"
	"github.com/docketlog/docket/gateway/feed"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/gateway/web"
	"github.com/docketlog/docket/gateway/web/assets"
	"github.com/docketlog/docket/projections"
	"github.com/docketlog/docket/traces"
)

// Options configure a [Gateway]. The first five are required.
type Options struct {
	Commands *commands.Handler
	Accounts *accounts.Accounts
	Rows     service.Rows
	Log      events.Log
	// Idempotency stores answers; see [idempotency.BucketConfig].
	Idempotency jetstream.KeyValue

	// Replicas reports the state of the databases if the rows have several.
	Replicas func() []projections.Replica
	// BaseURL is the address that people use, if a proxy makes it differ from the
	// one in their requests.
	BaseURL string
	// SecureCookies restricts the session cookie to TLS connections and protects
	// it from neighbouring hosts.
	SecureCookies bool
	// ClientAddress returns the network address of a request's client, the key
	// for rate limits; nil means the connection's address. Behind a proxy it must
	// return what the proxy reports, in a way that only the proxy can set.
	ClientAddress func(*http.Request) string
	// RequestsPerSecond is the sustained limit per person, or per network address
	// for clients that are not signed in; bursts of up to five times are allowed.
	// 0 means no limit.
	RequestsPerSecond int
	// MemberTimeout is the timeout for a read to check membership in the log
	// before the rows decide alone; 0 means one second.
	MemberTimeout time.Duration
	// Timeout is the timeout of every answer except the feed; 0 means 15 seconds.
	Timeout time.Duration
	// MaxBehind is how long the rows may be behind the log before the gateway is
	// not ready; 0 means one minute.
	MaxBehind time.Duration
	// Metrics answers /metrics; nil disables the route.
	Metrics http.Handler
	// Registry registers the gateway's own metrics; nil means they are not
	// exported.
	Registry prometheus.Registerer
	Logger   *slog.Logger
	Tracer   traces.Tracer
}

func (o Options) withDefaults() (Options, error) {
	if o.Commands == nil || o.Accounts == nil || o.Rows == nil || o.Log == nil || o.Idempotency == nil {
		return o, errors.New("commands, accounts, rows, log and idempotency are required")
	}
	if o.ClientAddress == nil {
		o.ClientAddress = func(r *http.Request) string { return r.RemoteAddr }
	}
	if o.Timeout <= 0 {
		o.Timeout = 15 * time.Second
	}
	if o.MaxBehind <= 0 {
		o.MaxBehind = time.Minute
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// Gateway answers HTTP requests.
type Gateway struct {
	options Options
	mux     *http.ServeMux
	guard   *access.Guard
	limit   *access.Limit
	// unlimited lists the routes without a rate limit: those that cost very
	// little, or that monitoring must always reach.
	unlimited map[string]bool
	keeper    *idempotency.Keeper
	hub       *feed.Hub
	api       *api.API
	web       *web.Web
	figures   *figures
	handler   http.Handler
	still     standstill
}

// New returns a gateway. It answers at once; the feed starts with
// [Gateway.Run].
func New(options Options) (*Gateway, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("create gateway: %w", err)
	}
	g := &Gateway{
		options: options,
		mux:     http.NewServeMux(),
		limit:   access.NewLimit(options.RequestsPerSecond), unlimited: map[string]bool{assets.Pattern: true},
		hub: feed.NewHub(options.Log, feed.Options{Logger: options.Logger}),
	}
	s := service.New(service.Options{
		Commands: options.Commands, Accounts: options.Accounts, Rows: options.Rows, Log: options.Log, Feed: g.hub,
		Replicas: options.Replicas, MemberTimeout: options.MemberTimeout, Logger: options.Logger,
	})
	g.api, err = api.New(g.mux, api.Options{
		Service: s, Accounts: options.Accounts, SecureCookies: options.SecureCookies, Logger: options.Logger,
		Still: func(ctx context.Context, c access.Caller) error { return g.guard.Still(ctx, c) },
	})
	if err != nil {
		return nil, fmt.Errorf("create gateway: %w", err)
	}
	rules, secrecy := g.api.Rules(), g.api.Secrecy()
	g.web = web.New(web.Options{
		Service: s, Accounts: options.Accounts, SecureCookies: options.SecureCookies, Logger: options.Logger,
		TaskForScript: func(ctx context.Context, o commands.Outcome) any { return g.api.Task(ctx, o) },
	})
	for pattern, route := range g.web.Routes() {
		g.mux.HandleFunc(pattern, route.Handler)
		rules[pattern], secrecy[pattern] = route.Rule, route.Secrecy
	}
	for _, open := range []map[string]http.HandlerFunc{g.monitoring(), g.references()} {
		for pattern, handler := range open {
			g.mux.HandleFunc(pattern, handler)
			rules[pattern] = access.Open
		}
	}
	for pattern := range g.monitoring() {
		g.unlimited[pattern] = true
	}
	if g.guard, err = access.NewGuard(options.Accounts, rules, options.BaseURL, options.SecureCookies); err != nil {
		return nil, fmt.Errorf("create gateway: %w", err)
	}
	g.keeper = idempotency.NewKeeper(options.Idempotency, secrecy, options.Logger)
	if g.figures, err = newFigures(options.Registry, g.hub); err != nil {
		return nil, fmt.Errorf("create gateway: %w", err)
	}
	g.handler = g.observed(g.serve)
	return g, nil
}

// Handler answers requests. It works with any server; [Gateway.Server] has safe
// limits.
func (g *Gateway) Handler() http.Handler { return g.handler }

// Run keeps the feed going until ctx ends, and then ends all open feeds. It
// returns ctx's error.
func (g *Gateway) Run(ctx context.Context) error { return g.hub.Run(ctx) }

// OpenAPI returns the OpenAPI 3.1 document, as JSON.
func (g *Gateway) OpenAPI() []byte { return g.api.OpenAPI() }

// Server returns an HTTP server for the gateway on the address, with limits
// against slow clients. Its Shutdown ends the feeds and waits for every other
// answer.
func (g *Gateway) Server(address string) *http.Server {
	s := &http.Server{
		Addr:              address,
		Handler:           g.handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       20 * time.Second,
		WriteTimeout:      g.options.Timeout + 15*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(g.options.Logger.Handler(), slog.LevelDebug),
	}
	s.RegisterOnShutdown(g.hub.Close)
	return s
}
