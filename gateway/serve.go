package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/api"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/web"
)

// bodyPatience is how long a body may take to arrive.
const bodyPatience = 10 * time.Second

// serve is the way every request walks.
func (g *Gateway) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cache-Control", "no-store")
	if g.options.SecureCookies {
		// Two years, as long as browsers ask for of those they know beforehand.
		header.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}

	_, pattern := g.mux.Handler(r)
	patternOf(w, pattern)
	if pattern == "" {
		if web.WantsPage(r) {
			// Who has lost the way keeps what stands around every page.
			caller := g.guard.Recognise(r)
			if tooMany := g.limit.Take(caller.Account, g.options.ClientAddress(r)); tooMany != nil {
				g.refuse(w, r, pattern, tooMany)
				return
			}
			r = r.WithContext(access.With(r.Context(), caller))
		}
		g.refuse(w, r, pattern, g.unrouted(r))
		return
	}
	caller, err := g.guard.Admit(r, pattern)
	if !g.unlimited[pattern] {
		// Who is not let in has asked too, and is counted by the address.
		if tooMany := g.limit.Take(caller.Account, g.options.ClientAddress(r)); tooMany != nil {
			err = tooMany
		}
	}
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
	ctx = api.WithClient(ctx, g.options.ClientAddress(r), r.UserAgent())
	if pattern != api.Endless {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, g.options.Timeout)
		defer cancel()
	}
	r = r.WithContext(ctx)

	most := int64(api.MaxBody)
	if g.web.Has(pattern) {
		most = web.MaxBody
	}
	body, wrong := readBody(w, r, most)
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

// readBody takes the whole body, of at most so many bytes, so that everything after it works on bytes
// that are there, and gives the connection its own pace back.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, *problem.Problem) {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > most {
		w.Header().Set("Connection", "close")
		return nil, problem.New(problem.BodyTooLarge, "The body may have %d bytes, it has %d.", most, r.ContentLength)
	}
	control := http.NewResponseController(w)
	// Not every writer has deadlines; a server's has.
	_ = control.SetReadDeadline(time.Now().Add(bodyPatience))
	body := make([]byte, 0, max(512, r.ContentLength+1))
	buffer := bytes.NewBuffer(body)
	_, err := buffer.ReadFrom(http.MaxBytesReader(w, r.Body, most))
	if err == nil {
		_ = control.SetReadDeadline(time.Time{})
	} else {
		// The server would wait for the rest before it answers, for as long as
		// a byte arrives now and then.
		w.Header().Set("Connection", "close")
		_ = control.SetReadDeadline(time.Now())
	}
	var tooLarge *http.MaxBytesError
	var slow interface{ Timeout() bool }
	switch {
	case errors.As(err, &tooLarge):
		return nil, problem.New(problem.BodyTooLarge, "The body may have %d bytes.", most)
	case errors.As(err, &slow) && slow.Timeout():
		return nil, problem.New(problem.BodyTooSlow, "")
	case err != nil:
		return nil, problem.New(problem.MalformedBody, "The body broke off.")
	case !utf8.Valid(buffer.Bytes()):
		// The decoder would quietly replace what is not.
		return nil, problem.New(problem.MalformedBody, "The body is not UTF-8.")
	}
	return buffer.Bytes(), nil
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
