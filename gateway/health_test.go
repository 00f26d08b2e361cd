package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *gateway.Options) { o.MaxBehind = time.Millisecond })
	nobody := &person{h: h}
	if got := nobody.get("/healthz").want(200).text("status"); got != "ok" {
		t.Errorf("healthz %q", got)
	}
	nobody.get("/readyz").want(200)
	ada := h.person("Ada")
	h.eventually("ready again", func() (any, bool) { a := nobody.get("/readyz"); return a, a.status == 200 })
	h.stopRows()
	ada.project("Engine")
	h.eventually("not ready", func() (any, bool) { a := nobody.get("/readyz"); return a, a.status == 503 })
	a := nobody.get("/readyz")
	if reason := a.json()["reasons"].(m)["rows"]; reason == nil || !strings.Contains(reason.(string), "behind") {
		t.Errorf("readyz: %s", a.body)
	}
	// Lagging rows do not make a gateway unready for commands.
	nobody.get("/readyz/commands").want(200)
	h.nc.Close()
	for _, path := range []string{"/readyz/commands", "/readyz"} {
		h.eventually(path+" names the log", func() (any, bool) {
			a := nobody.get(path)
			return a, a.status == 503 && a.json()["reasons"].(m)["log"] != nil
		})
	}
	nobody.get("/healthz").want(200)
	// No request can be authenticated, which is not the client's fault.
	h.eventually("unavailable", func() (any, bool) { a := ada.get("/api/v1/me"); return a, a.status == 503 })
}

func TestFigures(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	ada.get(project+"/nothing/of/this/kind", header{"X-Nothing", "1"}).want(404)
	ada.send("BREW", "/api/v1/projects", nil).want(405)
	ada.get("/api/v1/tasks/17").want(422)
	text := string(ada.get("/metrics").want(200).body)
	for _, want := range []string{
		`docket_http_requests_total{method="POST",route="POST /api/v1/projects",status="201"} 1`,
		`docket_http_requests_total{method="GET",route="none",status="404"} 1`,
		`docket_http_requests_total{method="other",route="none",status="405"} 1`,
		`docket_http_requests_total{method="GET",route="GET /api/v1/tasks/{id}",status="422"} 1`,
		`docket_http_request_seconds_count{method="POST",route="POST /api/v1/projects"} 1`,
		`docket_http_requests_in_flight 1`,
		`docket_feed_subscribers 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
	logged := h.logText()
	if !strings.Contains(logged, `route="POST /api/v1/projects"`) {
		t.Errorf("no access log: %s", logged)
	}
	for _, personal := range []string{"Ada", ada.email, "127.0.0.1", password, ada.secret, "of/this/kind"} {
		if strings.Contains(logged, personal) {
			t.Errorf("the log holds %q", personal)
		}
	}
}

// brokenLog fails in ways that a real log cannot be made to.
type brokenLog struct {
	events.Log
	end func() (events.Position, error)
}

func (l *brokenLog) End(context.Context) (events.Position, error) { return l.end() }

// TestFaults makes Docket itself fail: by an unknown error, and by a panic.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func() (events.Position, error){
		"error": func() (events.Position, error) { return events.Position{}, errors.New("secret inner workings") },
		"panic": func() (events.Position, error) { panic("secret inner workings") },
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			ada := h.person("Ada")
			options := h.options
			options.Registry = nil
			options.Log = &brokenLog{h.log, end}
			// Its feed does not run, so the request must include a position.
			broken, err := gateway.New(options)
			if err != nil {
				t.Fatal(err)
			}
			recorder := httptest.NewRecorder()
			broken.Handler().ServeHTTP(recorder, ada.request("GET", "/api/v1/me", nil))
			a := &answer{t: t, what: name, status: recorder.Code, header: recorder.Header(), body: recorder.Body.Bytes()}
			a.want(http.StatusInternalServerError).code("internal")
			instance := a.text("instance")
			if !strings.HasPrefix(instance, "urn:uuid:") || strings.Contains(string(a.body), "secret") {
				t.Errorf("problem: %s", a.body)
			}
			if logged := h.logText(); !strings.Contains(logged, instance) || !strings.Contains(logged, "secret inner workings") {
				t.Errorf("the log does not explain %s:\n%s", instance, logged)
			}
		})
	}
}

// TestOutcomesThatAreNotKnown answers with what the log returns when it is
// unavailable.
func TestOutcomesThatAreNotKnown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{events.ErrUnsettled, 503, "unsettled"},
		{events.ErrRefused, 507, "log_full"},
		{context.DeadlineExceeded, 503, "timed_out"},
	} {
		h := open(t)
		ada := h.person("Ada")
		options := h.options
		options.Registry = nil
		options.Log = &brokenLog{h.log, func() (events.Position, error) { return events.Position{}, c.err }}
		broken, err := gateway.New(options)
		if err != nil {
			t.Fatal(err)
		}
		recorder := httptest.NewRecorder()
		broken.Handler().ServeHTTP(recorder, ada.request("GET", "/api/v1/me", nil))
		a := &answer{t: t, what: c.code, status: recorder.Code, header: recorder.Header(), body: recorder.Body.Bytes()}
		a.want(c.status).code(c.code)
		if (a.header.Get("Retry-After") != "") != (c.status == 503) {
			t.Errorf("%s: Retry-After %q", c.code, a.header.Get("Retry-After"))
		}
	}
}
