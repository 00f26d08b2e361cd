package gatewaytest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/accounts/password"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/projections"
)

// House is a whole Docket in one process.
type House struct {
	// URL is the gateway's address. It stays the same when the server stops and
	// starts again.
	URL  string
	Conn *nats.Conn
	Log  *jetstream.Log
	Rows *projections.Store
	// RowsFile is the file with the rows, for tests that change them directly.
	RowsFile string
	Accounts *accounts.Accounts
	Commands *commands.Handler
	Gateway  *gateway.Gateway
	Registry *prometheus.Registry
	// Options are the gateway's options.
	Options gateway.Options
	// Server is the listening server; nil while it is stopped.
	Server *httptest.Server
	// StopRows stops the projector for good, and returns when it has stopped.
	StopRows func()

	t      testing.TB
	logged testkit.Buffer
}

// Open builds a house on its own broker and rows; change may change the
// gateway's options.
func Open(t testing.TB, change ...func(*gateway.Options)) *House {
	t.Helper()
	return Furnish(t, brokertest.Conn(t), filepath.Join(t.TempDir(), "rows.db"), change...)
}

// Furnish builds a house on a broker that may have been used before, ready to
// answer.
func Furnish(t testing.TB, nc *nats.Conn, rows string, change ...func(*gateway.Options)) *House {
	t.Helper()
	h := &House{t: t, Conn: nc, RowsFile: rows, Registry: prometheus.NewRegistry()}
	logger := slog.New(slog.NewTextHandler(&h.logged, nil))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait() })
	var err error
	if h.Log, err = jetstream.Open(ctx, nc, jetstream.Options{}); err != nil {
		t.Fatal(err)
	}
	if h.Rows, err = projections.Open(ctx, "sqlite:"+rows, projections.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Rows.Close() })
	if h.Accounts, err = accounts.Open(ctx, nc, h.Log, accounts.Options{
		Argon2: password.Cost{Memory: 64, Passes: 1, Lanes: 1},
		Limits: accounts.Limits{PerAddress: 10_000, Registrations: 10_000},
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Accounts.Close)
	h.Commands = commands.NewHandler(h.Log, commands.Options{})
	stream, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := stream.CreateOrUpdateKeyValue(ctx, idempotency.BucketConfig(1))
	if err != nil {
		t.Fatal(err)
	}
	h.Options = gateway.Options{
		Commands: h.Commands, Accounts: h.Accounts, Rows: h.Rows, Log: h.Log, Idempotency: bucket,
		// Timeouts are not under test unless a test sets them.
		Timeout: time.Minute, MemberTimeout: time.Minute,
		Metrics: promhttp.HandlerFor(h.Registry, promhttp.HandlerOpts{}), Registry: h.Registry, Logger: logger,
	}
	for _, c := range change {
		c(&h.Options)
	}
	if h.Gateway, err = gateway.New(h.Options); err != nil {
		t.Fatal(err)
	}
	run := func(f func(context.Context) error) (stop func()) {
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		running.Go(func() { defer close(done); _ = f(ctx) })
		return func() { cancel(); <-done }
	}
	run(h.Commands.Run)
	run(h.Gateway.Run)
	h.StopRows = run(projections.NewProjector(h.Rows, h.Log, projections.ProjectorOptions{}).Run)

	h.listen("127.0.0.1:0")
	t.Cleanup(func() {
		cancel()
		if h.Server != nil {
			h.Server.Close()
		}
	})
	h.Ready()
	return h
}

func (h *House) listen(address string) {
	h.t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		h.t.Fatal(err)
	}
	h.Server = &httptest.Server{Listener: listener, Config: h.Gateway.Server("")}
	h.Server.Start()
	h.URL = h.Server.URL
}

// StopServer simulates a network failure: it closes all connections and refuses
// new ones.
func (h *House) StopServer() {
	h.t.Helper()
	if h.Server == nil {
		h.t.Fatal("the server is stopped already")
	}
	// Close the listener first, or a client reconnects while the others are being
	// closed.
	_ = h.Server.Listener.Close()
	h.Server.CloseClientConnections()
	h.Server.Close()
	h.Server = nil
}

// StartServer listens again on the same address.
func (h *House) StartServer() {
	h.t.Helper()
	if h.Server != nil {
		h.t.Fatal("the server is running already")
	}
	h.listen(strings.TrimPrefix(h.URL, "http://"))
	h.Ready()
}

// Ready waits until the gateway reports that it is ready.
func (h *House) Ready() {
	h.t.Helper()
	h.Eventually("ready", func() (any, bool) {
		r, err := h.Server.Client().Get(h.URL + "/readyz")
		if err != nil {
			return err, false
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		return fmt.Sprintf("%s %s %v", r.Status, body, err), r.StatusCode == http.StatusOK
	})
}

// Logged returns the gateway's log output.
func (h *House) Logged() string { return h.logged.String() }

// Eventually is [testkit.Eventually] that also shows the gateway's log.
func (h *House) Eventually(want string, have func() (state any, done bool)) {
	h.t.Helper()
	testkit.Eventually(h.t, want, func() (seen, bool) {
		state, done := have()
		return seen{state, h}, done
	})
}

// seen is a state, shown with the gateway's log up to then.
type seen struct {
	state any
	in    *House
}

func (s seen) String() string {
	return fmt.Sprintf("%+v\nthe gateway logged:\n%s", s.state, s.in.Logged())
}

// End returns the position of the log.
func (h *House) End() events.Position {
	h.t.Helper()
	end, err := h.Log.End(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return end
}
