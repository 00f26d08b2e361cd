package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
)

// Web serves the pages.
type Web struct {
	service       *service.Service
	accounts      *accounts.Accounts
	secureCookies bool
	taskForScript func(context.Context, commands.Outcome) any
	logger        *slog.Logger
	who           func(uuid.UUID) (accounts.Person, bool)
	routes        map[string]Route
	pulse         pulse
}

// Options configure [Web]. All are required except SecureCookies.
type Options struct {
	Service  *service.Service
	Accounts *accounts.Accounts
	// SecureCookies restricts the cookies to TLS connections.
	SecureCookies bool
	// TaskForScript returns the task an outcome is about, in the format of the
	// API, of which the scripts on the pages are clients.
	TaskForScript func(context.Context, commands.Outcome) any
	Logger        *slog.Logger
}

// Route is the handler of one pattern of the mux.
type Route struct {
	Handler http.HandlerFunc
	Rule    access.Rule
	Secrecy idempotency.Secrecy
}

// New creates the pages.
func New(options Options) *Web {
	w := &Web{
		service: options.Service, accounts: options.Accounts, secureCookies: options.SecureCookies,
		taskForScript: options.TaskForScript, logger: options.Logger, who: options.Accounts.Person,
	}
	w.routes = w.table()
	return w
}

// Routes returns every pattern, in the syntax of [http.ServeMux].
func (w *Web) Routes() map[string]Route { return w.routes }

// Has reports whether the pattern belongs to the pages, so that a refusal is
// shown as a page.
func (w *Web) Has(pattern string) bool {
	_, ok := w.routes[pattern]
	return ok
}

// contentSecurityPolicy allows only what Docket itself serves: no inline
// scripts or styles, no other origin, no framing.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Header sets the headers that all pages have.
func Header(h http.Header) {
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
}

// result is the result of a page's handler: something to show or, after a form,
// a redirect.
type result struct {
	show   templ.Component
	status int // HTTP status of the page, 0 for 200
	to     string
	done   *done
	cookie *http.Cookie
	at     events.Position // position of the change, for the page redirected to
}

// handler handles the request for a page.
type handler func(ctx context.Context, v *view, r *http.Request) (result, error)

// page adapts the handler to the mux.
func (w *Web) page(h handler) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		v := w.view(rw, r)
		if r.Method == http.MethodPost {
			if wrong := readForm(r); wrong != nil {
				w.refuse(rw, r, v, wrong)
				return
			}
			v.here = w.behind(r)
		}
		res, err := h(r.Context(), v, r)
		if err != nil {
			w.refuse(rw, r, v, err)
			return
		}
		if res.cookie != nil {
			http.SetCookie(rw, res.cookie)
		}
		if !res.at.IsZero() {
			http.SetCookie(rw, w.cookie(positionCookie, res.at.String(), 60))
		}
		if res.show == nil {
			if res.done != nil {
				http.SetCookie(rw, w.cookie(doneCookie, res.done.String(), 60))
			}
			// Not http.Redirect, which would clean the path and its query.
			rw.Header().Set("Location", res.to)
			rw.WriteHeader(http.StatusSeeOther)
			return
		}
		w.show(rw, r, v, res.show, res.status)
	}
}

// readForm reads a form's fields. It accepts only the encoding that [LiftKey]
// knows: in any other, a form sent twice would be executed twice.
func readForm(r *http.Request) *problem.Problem {
	if given := r.Header.Get("Content-Type"); given != "" {
		if kind, _, err := mime.ParseMediaType(given); err != nil || kind != formType {
			return problem.New(problem.MediaType, "Send the form as %s.", formType)
		}
	}
	if err := r.ParseForm(); err != nil {
		return problem.New(problem.MalformedBody, "The form cannot be parsed.")
	}
	for name, values := range r.PostForm {
		if !utf8.ValidString(name) || slices.ContainsFunc(values, func(s string) bool { return !utf8.ValidString(s) }) {
			return problem.New(problem.MalformedBody, "The form must be valid UTF-8.")
		}
	}
	return nil
}

// behind returns the page a form was sent from, as far as the request says so.
// The address of the form itself usually cannot be opened.
func (w *Web) behind(r *http.Request) string {
	fallback := "/"
	if w.Has(strings.Replace(r.Pattern, http.MethodPost, http.MethodGet, 1)) {
		fallback = r.URL.RequestURI()
	}
	return local(r.PostForm.Get("back"), fallback)
}

func (w *Web) show(rw http.ResponseWriter, r *http.Request, v *view, body templ.Component, status int) {
	Header(rw.Header())
	h := rw.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Language, Cookie")
	if !v.at.IsZero() {
		h.Set(service.PositionHeader, v.at.String())
	}
	if status != 0 {
		rw.WriteHeader(status)
	}
	if err := body.Render(r.Context(), rw); err != nil && r.Context().Err() == nil {
		// Part of the page is already sent; all that can be reported is that it
		// is cut off.
		w.logger.Debug("page was cut off", "err", err)
		panic(http.ErrAbortHandler)
	}
}

// Refuse answers a request, for a page or an unknown path, that reached no
// handler. Reading a page without a session redirects to the sign-in page.
func (w *Web) Refuse(rw http.ResponseWriter, r *http.Request, err error) {
	w.refuse(rw, r, w.view(rw, r), err)
}

func (w *Web) refuse(rw http.ResponseWriter, r *http.Request, v *view, err error) {
	p := problem.Of(w.logger, err)
	if p.Code == problem.Unauthenticated && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		to := "/sign-in"
		if r.URL.Path != "/" {
			to += "?next=" + url.QueryEscape(r.URL.RequestURI())
		}
		rw.Header().Set("Location", to)
		rw.WriteHeader(http.StatusSeeOther)
		return
	}
	for name, values := range p.GetHeaders() {
		rw.Header()[name] = values
	}
	rw.Header().Del("WWW-Authenticate") // the browser's own dialog must not appear on a page
	v.name("problem")
	if v.signedIn() && v.projects == nil && p.Status < http.StatusInternalServerError {
		// Navigation is shown if possible; the problem is shown in any case.
		if err := around(r.Context(), v); err != nil {
			w.logger.Debug("problem page shown without navigation", "err", err)
		}
	}
	w.show(rw, r, v, problemPage(v, p), p.Status)
}

// WantsPage reports whether the client is a browser that displays the response.
func WantsPage(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// The cookies of the pages, besides the session cookie. None of them grants
// access.
const (
	positionCookie = "docket_position" // the last position the browser has written, so that it reads its own writes
	doneCookie     = "docket_done"     // the result of a form, shown once by the next page
	languageCookie = "docket_language"
	themeCookie    = "docket_theme"
	zoneCookie     = "docket_zone" // the browser's time zone, set by the script
)

const year = 365 * 24 * 3600

func (w *Web) cookie(name, value string, seconds int) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: w.secureCookies, SameSite: http.SameSiteLaxMode}
}

// local returns the path and query of an address on this site, or fallback if
// the address leads anywhere else.
func local(address, fallback string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		!strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.ContainsAny(address, "\\\r\n\t") {
		return fallback
	}
	return address
}

// person returns an account's name, as the pages show it.
func (w *Web) person(id uuid.UUID) accounts.Person {
	p, ok := w.who(id)
	if !ok {
		p.ID, p.Name = id, accounts.ErasedName
	}
	return p
}

// keyField is the form field that carries the Idempotency-Key.
const keyField = "key"

// formType is the media type of the forms that browsers send.
const formType = "application/x-www-form-urlencoded"

// MaxBody is the largest body of a form, in bytes: a description of the largest
// size twice, old and new, in characters of three bytes, each of which a form
// encodes as nine.
const MaxBody = 2 * access.MaxBody

// LiftKey copies a form's key to where the gateway looks for it, combined with
// the content of the form: a form that is sent again corrected, from the page
// that reported the error, is a new request and not a repetition. body is the
// request's whole body.
func LiftKey(r *http.Request, body []byte) {
	if r.Method != http.MethodPost || r.Header.Get(idempotency.Header) != "" ||
		!strings.HasPrefix(r.Header.Get("Content-Type"), formType) {
		return
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil || fields.Get(keyField) == "" {
		return
	}
	digest := sha256.Sum256(append([]byte(r.URL.Path+"\x00"), body...))
	r.Header.Set(idempotency.Header, hex.EncodeToString(digest[:]))
}
