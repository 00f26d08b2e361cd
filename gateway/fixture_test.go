package gateway_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/gateway/gatewaytest"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/projections"
)

// house is a whole Docket in one process, built from real components.
type house struct {
	t        testing.TB
	nc       *nats.Conn
	log      *jetstream.Log
	rows     *projections.Store
	commands *commands.Handler
	gateway  *gateway.Gateway
	server   *httptest.Server
	stopRows func()
	options  gateway.Options

	logText    func() string
	eventually func(want string, have func() (state any, done bool))
	end        func() events.Position
}

// open builds a house; change may change the gateway's options.
func open(t testing.TB, change ...func(*gateway.Options)) *house {
	t.Helper()
	return furnished(t, gatewaytest.Open(t, change...))
}

// furnish builds a house on a broker that may have been used before.
func furnish(t testing.TB, nc *nats.Conn, rows string, change ...func(*gateway.Options)) *house {
	t.Helper()
	return furnished(t, gatewaytest.Furnish(t, nc, rows, change...))
}

func furnished(t testing.TB, h *gatewaytest.House) *house {
	return &house{
		t: t, nc: h.Conn, log: h.Log, rows: h.Rows, commands: h.Commands, gateway: h.Gateway,
		server: h.Server, stopRows: h.StopRows, options: h.Options,
		logText: h.Logged, eventually: h.Eventually, end: h.End,
	}
}

// person is a signed-in user.
type person struct {
	h       *house
	email   string
	account string
	secret  string
}

const password = "correct horse battery"

// person registers a user and signs them in.
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

// with returns the same person with another secret.
func (p *person) with(secret string) *person {
	q := *p
	q.secret = secret
	return &q
}

type m = map[string]any

// header is a request header, passed among the arguments of a request.
type header struct{ name, value string }

// raw is a body sent unchanged.
type raw string

// answer is a response.
type answer struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	body   []byte
	// again repeats the request, for requests that only read.
	again func() *answer
}

func (a *answer) String() string { return fmt.Sprintf("%d %s", a.status, a.body) }

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
	if method == http.MethodGet {
		as := *p
		a.again = func() *answer { return as.send(method, path, body, headers...) }
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
	if a.status == http.StatusServiceUnavailable && status != a.status && a.again != nil {
		// Rows or broker lag on a busy machine, and the client should retry.
		testkit.Eventually(a.t, fmt.Sprintf("%s: status %d", a.what, status), func() (*answer, bool) {
			a = a.again()
			return a, a.status != http.StatusServiceUnavailable
		})
	}
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

// code asserts the problem's code, and that it names the given fields.
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

// at returns the header that waits for the position the answer reflects.
func (a *answer) at() header {
	a.t.Helper()
	p := a.header.Get("Docket-Position")
	if p == "" {
		a.t.Fatalf("%s: no Docket-Position", a.what)
	}
	return header{"Docket-Position", p}
}

// project creates a project.
func (p *person) project(name string) (path string, a *answer) {
	p.h.t.Helper()
	a = p.post("/api/v1/projects", m{"name": name}).want(201)
	return "/api/v1/projects/" + a.text("id"), a
}

// task creates a task in a project.
func (p *person) task(project, title string) (path string, a *answer) {
	p.h.t.Helper()
	a = p.post(project+"/tasks", m{"title": title}).want(201)
	return "/api/v1/tasks/" + a.text("id"), a
}
