package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
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
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/projections"
)

// soon is how long tests wait for what must happen; nothing is asserted about
// how long it takes.
const soon = time.Minute

// house is a whole Docket in one process, with the real things.
type house struct {
	t        testing.TB
	nc       *nats.Conn
	log      *jetstream.Log
	rows     *projections.Store
	accounts *accounts.Accounts
	commands *commands.Handler
	gateway  *gateway.Gateway
	server   *httptest.Server
	registry *prometheus.Registry
	logged   *strings.Builder
	logMu    *sync.Mutex
	// settle stops and starts the projector.
	stopRows func()
	options  gateway.Options
}

// open builds a house; change may change what its gateway is made of.
func open(t testing.TB, change ...func(*gateway.Options)) *house {
	t.Helper()
	return furnish(t, brokertest.Conn(t), filepath.Join(t.TempDir(), "rows.db"), change...)
}

// furnish builds a house on a broker that may have been used before.
func furnish(t testing.TB, nc *nats.Conn, rows string, change ...func(*gateway.Options)) *house {
	t.Helper()
	h := &house{t: t, nc: nc, logged: &strings.Builder{}, logMu: &sync.Mutex{}, registry: prometheus.NewRegistry()}
	logger := slog.New(slog.NewTextHandler(h, nil))
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait() })
	var err error
	if h.log, err = jetstream.Open(ctx, nc, jetstream.Options{}); err != nil {
		t.Fatal(err)
	}
	if h.rows, err = projections.Open(ctx, "sqlite:"+rows, projections.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.rows.Close() })
	if h.accounts, err = accounts.Open(ctx, nc, h.log, accounts.Options{
		Argon2: accounts.Argon2{Memory: 64, Passes: 1, Lanes: 1},
		Limits: accounts.Limits{PerAddress: 10_000, Registrations: 10_000},
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.accounts.Close)
	h.commands = commands.NewHandler(h.log, commands.Options{})
	stream, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := stream.CreateOrUpdateKeyValue(ctx, idempotency.BucketConfig(1))
	if err != nil {
		t.Fatal(err)
	}
	h.options = gateway.Options{
		Commands: h.commands, Accounts: h.accounts, Rows: h.rows, Log: h.log, Idempotency: bucket,
		Metrics: promhttp.HandlerFor(h.registry, promhttp.HandlerOpts{}), Registry: h.registry, Logger: logger,
	}
	for _, c := range change {
		c(&h.options)
	}
	if h.gateway, err = gateway.New(h.options); err != nil {
		t.Fatal(err)
	}
	run := func(f func(context.Context) error) (stop func()) {
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		running.Go(func() { defer close(done); _ = f(ctx) })
		return func() { cancel(); <-done }
	}
	run(h.commands.Run)
	run(h.gateway.Run)
	h.stopRows = run(projections.NewProjector(h.rows, h.log, projections.ProjectorOptions{}).Run)

	h.server = httptest.NewUnstartedServer(nil)
	h.server.Config = h.gateway.Server("")
	h.server.Start()
	t.Cleanup(func() { cancel(); h.server.Close() })
	h.eventually("ready", func() bool {
		r, err := http.Get(h.server.URL + "/readyz")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	return h
}

// Write takes the gateway's log.
func (h *house) Write(p []byte) (int, error) {
	h.logMu.Lock()
	defer h.logMu.Unlock()
	return h.logged.Write(p)
}

func (h *house) logText() string {
	h.logMu.Lock()
	defer h.logMu.Unlock()
	return h.logged.String()
}

func (h *house) eventually(what string, ok func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(soon); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("never came: %s\n%s", what, h.logText())
		}
	}
}

// end is the position of the log.
func (h *house) end() events.Position {
	h.t.Helper()
	end, err := h.log.End(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	return end
}

// person is somebody signed in.
type person struct {
	h       *house
	email   string
	account string
	secret  string
}

const password = "correct horse battery"

// person registers and signs somebody in.
func (h *house) person(name string) *person {
	h.t.Helper()
	p := &person{h: h, email: strings.ToLower(name) + "@example.org"}
	p.post("/api/v1/accounts", m{"email": p.email, "name": name, "password": password}).want(202)
	p.signIn()
	return p
}

func (p *person) signIn() {
	p.h.t.Helper()
	a := p.post("/api/v1/sessions", m{"email": p.email, "password": password}).want(201)
	p.secret, p.account = a.text("token"), a.text("account")
}

// with is the same person with another secret.
func (p *person) with(secret string) *person {
	q := *p
	q.secret = secret
	return &q
}

type m = map[string]any

// header is a request header, given among the arguments of a request.
type header struct{ name, value string }

// raw is a body sent as it is.
type raw string

// answer is what came back.
type answer struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	body   []byte
}

func (p *person) get(path string, headers ...header) *answer {
	p.h.t.Helper()
	return p.send("GET", path, nil, headers...)
}

func (p *person) post(path string, body any, headers ...header) *answer {
	p.h.t.Helper()
	return p.send("POST", path, body, headers...)
}

func (p *person) patch(path string, body any, headers ...header) *answer {
	p.h.t.Helper()
	return p.send("PATCH", path, body, headers...)
}

func (p *person) delete(path string, headers ...header) *answer {
	p.h.t.Helper()
	return p.send("DELETE", path, nil, headers...)
}

func (p *person) send(method, path string, body any, headers ...header) *answer {
	p.h.t.Helper()
	r := p.request(method, path, body, headers...)
	res, err := p.h.server.Client().Do(r)
	if err != nil {
		p.h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	a := &answer{t: p.h.t, what: method + " " + path, status: res.StatusCode, header: res.Header}
	if a.body, err = io.ReadAll(res.Body); err != nil {
		p.h.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (p *person) request(method, path string, body any, headers ...header) *http.Request {
	p.h.t.Helper()
	var reader io.Reader
	switch body := body.(type) {
	case nil:
	case raw:
		reader = strings.NewReader(string(body))
	default:
		text, err := json.Marshal(body)
		if err != nil {
			p.h.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(p.h.t.Context(), method, p.h.server.URL+path, reader)
	if err != nil {
		p.h.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if p.secret != "" {
		r.Header.Set("Authorization", "Bearer "+p.secret)
	}
	for _, h := range headers {
		if h.value == "" {
			r.Header.Del(h.name)
		} else {
			r.Header.Set(h.name, h.value)
		}
	}
	return r
}

func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.what, a.status, status, a.body)
	}
	if status >= 400 {
		if got := a.header.Get("Content-Type"); got != "application/problem+json" {
			a.t.Fatalf("%s: content type %q of a problem", a.what, got)
		}
		if a.json()["type"] != "/problems/"+a.text("code") || a.json()["title"] == "" || a.json()["detail"] == "" || int(a.json()["status"].(float64)) != status {
			a.t.Fatalf("%s: not a whole problem: %s", a.what, a.body)
		}
	}
	return a
}

// code asserts the problem's code, and that it names the fields given.
func (a *answer) code(code string, fields ...string) *answer {
	a.t.Helper()
	if got := a.text("code"); got != code {
		a.t.Fatalf("%s: code %q, want %q: %s", a.what, got, code, a.body)
	}
	for _, field := range fields {
		if !strings.Contains(string(a.body), `"field":"`+field+`"`) {
			a.t.Fatalf("%s: does not name %q: %s", a.what, field, a.body)
		}
	}
	return a
}

func (a *answer) json() m {
	a.t.Helper()
	var v m
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %v: %s", a.what, err, a.body)
	}
	return v
}

func (a *answer) text(field string) string {
	a.t.Helper()
	return fmt.Sprint(a.json()[field])
}

func (a *answer) items() []m {
	a.t.Helper()
	var v struct {
		Items []m `json:"items"`
	}
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %v: %s", a.what, err, a.body)
	}
	return v.Items
}

// at is the header that waits for what the answer rests on.
func (a *answer) at() header {
	a.t.Helper()
	p := a.header.Get("Docket-Position")
	if p == "" {
		a.t.Fatalf("%s: no Docket-Position", a.what)
	}
	return header{"Docket-Position", p}
}

// project makes a project.
func (p *person) project(name string) (path string, a *answer) {
	p.h.t.Helper()
	a = p.post("/api/v1/projects", m{"name": name}).want(201)
	return "/api/v1/projects/" + a.text("id"), a
}

// task makes a task in a project.
func (p *person) task(project, title string) (path string, a *answer) {
	p.h.t.Helper()
	a = p.post(project+"/tasks", m{"title": title}).want(201)
	return "/api/v1/tasks/" + a.text("id"), a
}
