package gateway

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/api"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/web"
)

// serve handles every request: headers, authentication, body, and then the
// route, unless the request is a retry whose answer is stored.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	g.harden(w.Header())
	_, pattern := g.mux.Handler(r)
	patternOf(w, pattern)
	if pattern == "" {
		g.lost(w, r)
		return
	}
	caller, err := g.admit(r, pattern)
	if err != nil {
		g.refuse(w, r, pattern, err)
		return
	}
	if tag, given := r.Header["If-Match"]; given && strings.TrimSpace(strings.Join(tag, "")) == "" {
		// An empty one means a lost precondition, not its absence.
		problem.Wrong(problem.InHeader, "If-Match", problem.Malformed, `must be one ETag from an earlier response, such as "12", or *`).Write(w, r)
		return
	}
	ctx := access.With(r.Context(), caller)
	ctx = access.WithClient(ctx, access.Client{Address: g.options.ClientAddress(r), Agent: r.UserAgent()})
	if pattern != api.Endless {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.options.Timeout)
		defer cancel()
	}
	r = r.WithContext(ctx)

	most := int64(access.MaxBody)
	if g.web.Has(pattern) {
		most = web.MaxBody
	}
	body, wrong := access.ReadBody(w, r, most)
	if wrong != nil {
		g.refuse(w, r, pattern, wrong)
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if g.web.Has(pattern) {
		web.LiftKey(r, body)
	}
	g.keeper.Serve(w, r, pattern, body, g.mux)
}

// harden sets the headers common to all answers.
func (g *Gateway) harden(header http.Header) {
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cache-Control", "no-store")
	if g.options.SecureCookies {
		// Two years, the period browsers require for their preload list.
		header.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// admit returns the caller of a request for a route, or the reason to refuse
// it.
func (g *Gateway) admit(r *http.Request, pattern string) (access.Caller, error) {
	caller, err := g.guard.Admit(r, pattern)
	if !g.unlimited[pattern] {
		// Refused requests count too, by address.
		if tooMany := g.limit.Take(caller.Account, g.options.ClientAddress(r)); tooMany != nil {
			err = tooMany
		}
	}
	return caller, err
}

// lost answers a request that matches no route.
func (g *Gateway) lost(w http.ResponseWriter, r *http.Request) {
	if web.WantsPage(r) {
		// A not-found page keeps the navigation.
		caller := g.guard.Recognise(r)
		if tooMany := g.limit.Take(caller.Account, g.options.ClientAddress(r)); tooMany != nil {
			g.refuse(w, r, "", tooMany)
			return
		}
		r = r.WithContext(access.With(r.Context(), caller))
	}
	g.refuse(w, r, "", g.unrouted(r))
}

// home is the pattern of the root address, for people and programs alike.
const home = "GET /{$}"

// refuse answers a request that reached no handler, in the format of its
// client: a page for pages and for browsers at an unknown address, a problem
// for programs, and the greeting for a program at the root address.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, pattern string, err error) {
	switch p := problem.From(err); {
	case pattern == home && !web.WantsPage(r) && p.Code == problem.Unauthenticated:
		g.greet(w, r)
	case g.web.Has(pattern), pattern == "" && web.WantsPage(r):
		g.web.Refuse(w, r, err)
	default:
		problem.Of(g.options.Logger, err).Write(w, r)
	}
}

// unrouted returns the problem of a request without a route: an unknown path,
// or only the wrong method.
func (g *Gateway) unrouted(r *http.Request) *problem.Problem {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := &http.Request{Method: method, Host: r.Host, URL: r.URL}
		if _, pattern := g.mux.Handler(other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 && !slices.Contains(allowed, r.Method) {
		return problem.New(problem.UnknownMethod, "This route accepts %s.", strings.Join(allowed, ", ")).Allow(allowed)
	}
	return problem.New(problem.UnknownRoute, "")
}
