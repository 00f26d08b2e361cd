package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/feed"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
)

// Options configure an [API]. All are required except SecureCookies.
type Options struct {
	Service  *service.Service
	Accounts *accounts.Accounts
	// Still reports whether a caller's credentials are still accepted; a feed
	// checks it while it is open.
	Still func(context.Context, access.Caller) error
	// SecureCookies restricts the session cookie to TLS connections.
	SecureCookies bool
	Logger        *slog.Logger
}

// API is the JSON interface.
type API struct {
	service       *service.Service
	accounts      *accounts.Accounts
	still         func(context.Context, access.Caller) error
	secureCookies bool
	logger        *slog.Logger

	routes  []route
	huma    huma.API
	openAPI []byte
}

// New returns the interface and registers its routes on the mux.
func New(mux *http.ServeMux, options Options) (*API, error) {
	a := &API{
		service: options.Service, accounts: options.Accounts, still: options.Still,
		secureCookies: options.SecureCookies, logger: options.Logger,
	}
	a.routes = a.table()
	a.huma = humago.New(mux, a.config())
	schemas := a.huma.OpenAPI().Components.Schemas
	schemas.Schema(reflect.TypeFor[problem.Problem](), true, "")
	for _, r := range a.routes {
		r.register(a.huma, a.operation(r))
	}
	// Huma describes its own error format, which no client receives.
	delete(schemas.Map(), "ErrorModel")
	delete(schemas.Map(), "ErrorDetail")
	var err error
	if a.openAPI, err = json.Marshal(a.huma.OpenAPI()); err != nil {
		return nil, fmt.Errorf("describe the API: %w", err)
	}
	return a, nil
}

// OpenAPI returns the OpenAPI 3.1 document, as JSON.
func (a *API) OpenAPI() []byte { return a.openAPI }

// Rules returns the authentication each route requires, by pattern.
func (a *API) Rules() map[string]access.Rule {
	rules := make(map[string]access.Rule, len(a.routes))
	for _, r := range a.routes {
		rules[r.pattern()] = r.rule
	}
	return rules
}

// Secrecy returns what must not be stored of each route, by pattern.
func (a *API) Secrecy() map[string]idempotency.Secrecy {
	secrecy := make(map[string]idempotency.Secrecy, len(a.routes))
	for _, r := range a.routes {
		secrecy[r.pattern()] = r.secrecy
	}
	return secrecy
}

func (a *API) config() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title:   "Docket",
				Version: "1",
				Description: "A task manager whose append-only event log is the source of truth. Every successful response includes `Docket-Position`, the log position it reflects; " +
					"a read that sends a position waits until the data includes it. Every write accepts an `Idempotency-Key` and can be retried with the same key. " +
					"Errors are problem documents (RFC 9457); their `detail` is in the language that `Accept-Language` requests, en or ko.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Servers: []*huma.Server{{URL: "/"}},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"token":  {Type: "http", Scheme: "bearer", Description: "The secret of a session or API token."},
					"cookie": {Type: "apiKey", In: "cookie", Name: access.CookieName(a.secureCookies), Description: "The secret of a session, in the cookie set at sign-in."},
				},
			},
			Tags: []*huma.Tag{
				{Name: "accounts", Description: "Accounts, sessions and API tokens."},
				{Name: "projects", Description: "Projects, boards and members."},
				{Name: "tasks", Description: "Tasks, assignees, comments, history and saved filters."},
				{Name: "feed", Description: "Changes in real time."},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{asProblem},
	}
}

// jsonFormat is JSON without the escapes that only HTML needs.
var jsonFormat = huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: json.Unmarshal}

// schemaName names the schemas of types whose Go name lacks their subject.
func schemaName(t reflect.Type, hint string) string {
	switch t {
	case reflect.TypeFor[feed.Body]():
		return "FeedEvent"
	case reflect.TypeFor[feed.Change]():
		return "FeedChange"
	case reflect.TypeFor[problem.Field]():
		return "ProblemField"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// fault converts a handler's error into the answer, and logs it if it is a
// fault of Docket.
func (a *API) fault(err error) error {
	var same *unchanged
	if errors.As(err, &same) {
		return same
	}
	return problem.Of(a.logger, err)
}
