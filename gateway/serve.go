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

// serve is the way every request walks: headers, the door, its body, and then the
// route, unless the same request was answered before.
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
		// An empty one is a guard that got lost on the way, not its absence.
		problem.Wrong(problem.InHeader, "If-Match", problem.Malformed, `must be one ETag as it was given, such as "12", or *`).Write(w, r)
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

// harden sets the headers that every answer has, whatever it is.
func (g *Gateway) harden(header http.Header) {
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cache-Control", "no-store")
	if g.options.SecureCookies {
		// Two years, as long as browsers ask for of those they know beforehand.
		header.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}
}

// admit lets a request for a route in, or says why not.
func (g *Gateway) admit(r *http.Request, pattern string) (access.Caller, error) {
	caller, err := g.guard.Admit(r, pattern)
	if !g.unlimited[pattern] {
		// Who is not let in has asked too, and is counted by the address.
		if tooMany := g.limit.Take(caller.Account, g.options.ClientAddress(r)); tooMany != nil {
			err = tooMany
		}
	}
	return caller, err
}

// lost answers a request for no route.
func (g *Gateway) lost(w http.ResponseWriter, r *http.Request) {
	if web.WantsPage(r) {
		// Who has lost the way keeps what stands around every page.
		caller := g.guard.Recognise(r)
		if tooMany := g.limit.Take(caller.Account, g.options.ClientAddress(r)); tooMany != nil {
			g.refuse(w, r, "", tooMany)
			return
		}
		r = r.WithContext(access.With(r.Context(), caller))
	}
	g.refuse(w, r, "", g.unrouted(r))
}

// home is the pattern of the address that people and programs alike begin with.
const home = "GET /{$}"

// refuse answers a request that came to no handler, each sort of client in its
// own way: pages and lost browsers with a page, programs with a problem, and
// who looks at the address with a program is told what is here.
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

// unrouted says what is wrong with a request for no route: the path, or only
// the method.
func (g *Gateway) unrouted(r *http.Request) *problem.Problem {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := &http.Request{Method: method, Host: r.Host, URL: r.URL}
		if _, pattern := g.mux.Handler(other); pattern != "" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 && !slices.Contains(allowed, r.Method) {
		return problem.New(problem.UnknownMethod, "This route takes %s.", strings.Join(allowed, ", ")).Allow(allowed)
	}
	return problem.New(problem.UnknownRoute, "")
}
