package problem

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
)

// ContentType is the media type of every problem document.
const ContentType = "application/problem+json"

// Problem is a problem document (RFC 9457). It is an error, so that a handler
// returns it like any other.
type Problem struct {
	Type   string `json:"type" format:"uri-reference" doc:"A URI that identifies the code. It serves an explanation."`
	Title  string `json:"title" doc:"A short summary, the same for all problems with this code."`
	Status int    `json:"status" doc:"The HTTP status."`
	Code   Code   `json:"code" doc:"The kind of problem, for programs."`
	Detail string `json:"detail" doc:"What is wrong and what to do about it."`
	// Instance identifies one occurrence in Docket's own log; only faults have
	// one.
	Instance string  `json:"instance,omitempty" doc:"Identifies this occurrence in the server's log, for the operator."`
	Errors   []Field `json:"errors,omitempty" doc:"The invalid fields."`

	header http.Header
}

// Field describes what is wrong with one field of the request.
type Field struct {
	In      string `json:"in" enum:"body,path,query,header" doc:"The part of the request."`
	Field   string `json:"field" doc:"The field's name, such as title or labels[3]."`
	Message string `json:"message" doc:"What is wrong with the field."`

	// Reason and Args are the message in a form that can be translated.
	Reason Reason `json:"-"`
	Args   []any  `json:"-"`
}

// Reason is what is wrong with a field. [Reasons] lists the set.
type Reason string

// The reasons beside those of packages commands and accounts.
const (
	NoAccount  Reason = "no_account"   // no account has this address
	Elsewhere  Reason = "elsewhere"    // it exists, but not here
	Mistaken   Reason = "mistaken"     // differs from what is stored
	Misplaced  Reason = "misplaced"    // not valid in this place or combination
	Malformed  Reason = "malformed"    // not in the required format
	AtMost     Reason = "at_most"      // limit in characters
	AtMostMany Reason = "at_most_many" // limit in number
)

// Reasons lists every reason once, those of commands and accounts included.
func Reasons() []Reason {
	all := []Reason{NoAccount, Elsewhere, Mistaken, Misplaced, Malformed, AtMost, AtMostMany}
	for _, r := range commands.Reasons {
		all = append(all, Reason(r))
	}
	for _, code := range accounts.Codes {
		all = append(all, Reason(code))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// The parts of a request.
const (
	InBody   = "body"
	InPath   = "path"
	InQuery  = "query"
	InHeader = "header"
)

// New returns a problem of the code. Without a detail it uses the code's
// advice.
func New(code Code, format string, args ...any) *Problem {
	k, ok := kinds[code]
	if !ok {
		code, k = Internal, kinds[Internal]
	}
	p := &Problem{Type: code.Type(), Title: k.title, Status: k.status, Code: code, Detail: k.advice}
	if format != "" {
		p.Detail = fmt.Sprintf(format, args...)
	}
	if k.retryAfter > 0 {
		p.set("Retry-After", strconv.Itoa(k.retryAfter))
	}
	if code == Unauthenticated || code == WrongCredentials {
		p.set("WWW-Authenticate", `Bearer realm="docket"`)
	}
	return p
}

// Wrong returns an [Invalid] problem for one field.
func Wrong(in, field string, reason Reason, format string, args ...any) *Problem {
	return Fields(Field{in, field, fmt.Sprintf(format, args...), reason, args})
}

// Fields returns an [Invalid] problem for the fields.
func Fields(fields ...Field) *Problem {
	return New(Invalid, "").with(fields)
}

// with adds the fields, and repeats them in the detail for readers who see only
// that.
func (p *Problem) with(fields []Field) *Problem {
	p.Errors = append(p.Errors, fields...)
	parts := make([]string, 0, len(p.Errors))
	for _, f := range p.Errors {
		parts = append(parts, strings.TrimSpace(f.Field+" "+f.Message))
	}
	p.Detail = strings.Join(parts, "; ")
	return p
}

// RetryAfter sets when to retry, in whole seconds, rounded up.
func (p *Problem) RetryAfter(d time.Duration) *Problem {
	return p.set("Retry-After", strconv.FormatInt(int64(max(1, (d+time.Second-1)/time.Second)), 10))
}

// Allow lists the methods of a route.
func (p *Problem) Allow(methods []string) *Problem {
	return p.set("Allow", strings.Join(methods, ", "))
}

func (p *Problem) set(name, value string) *Problem {
	if p.header == nil {
		p.header = http.Header{}
	}
	p.header.Set(name, value)
	return p
}

// Error returns the code and the detail.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus and GetHeaders let huma answer with the problem.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders returns the headers of the problem.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType replaces the negotiated type: a problem is always JSON.
func (p *Problem) ContentType(string) string { return ContentType }

type contextKey struct{}

// InWords returns a copy of ctx with a function that translates its problems
// into the caller's language. tell must not change its argument.
func InWords(ctx context.Context, tell func(*Problem) *Problem) context.Context {
	return context.WithValue(ctx, contextKey{}, tell)
}

// Told returns the problem as translated by the context, if it has a
// translation.
func (p *Problem) Told(ctx context.Context) *Problem {
	if tell, ok := ctx.Value(contextKey{}).(func(*Problem) *Problem); ok {
		return tell(p)
	}
	return p
}

// Write answers the request with the problem, translated by its context.
func (p *Problem) Write(w http.ResponseWriter, r *http.Request) {
	p = p.Told(r.Context())
	header := w.Header()
	for name, values := range p.header {
		header[name] = values
	}
	header.Set("Content-Type", ContentType)
	header.Del("Content-Length")
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers only
	}
	w.WriteHeader(p.Status)
	// The client may have disconnected; then no one can receive the error.
	_, _ = w.Write(append(body, '\n'))
}
