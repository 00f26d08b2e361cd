package gateway

import (
	"fmt"
	"net/http"

	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/operations"
)

// monitoring returns the routes for probes and Prometheus. They have no rate
// limit, because a probe that is refused would take the process out of service;
// their work is shared among all who ask at the same time.
func (g *Gateway) monitoring() map[string]http.HandlerFunc {
	return operations.Routes(operations.Options{
		Ready:   map[string]operations.Check{"/readyz": g.unready, "/readyz/commands": g.unreadyForCommands},
		Metrics: g.options.Metrics, Logger: g.options.Logger,
	})
}

// references returns the routes with the API's description.
func (g *Gateway) references() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /openapi.json":                  g.describe,
		"GET " + problem.TypePath + "{code}": explain,
	}
}

func (g *Gateway) describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
	w.Header().Set("Cache-Control", "public, max-age=300")
	// Generators and pages of other origins may read this public document.
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_, _ = w.Write(g.api.OpenAPI())
}

// greeting is the text for people who open the address.
const greeting = `Docket is running.

Sign in:        curl -s %[1]s/api/v1/sessions -H 'Content-Type: application/json' -d '{"email":"…","password":"…"}'
Register:       curl -s %[1]s/api/v1/accounts -H 'Content-Type: application/json' -d '{"email":"…","name":"…","password":"…"}'
API reference:  %[1]s/openapi.json
Readiness:      %[1]s/readyz
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
