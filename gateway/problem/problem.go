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

// ContentType is that of every problem document.
const ContentType = "application/problem+json"

// Problem is a problem document (RFC 9457). It is an error, so that a handler
// returns it like any other.
type Problem struct {
	Type   string `json:"type" format:"uri-reference" doc:"Identifies the code; the gateway serves an explanation there."`
	Title  string `json:"title" doc:"The code in words, the same for all problems of it."`
	Status int    `json:"status" doc:"The HTTP status."`
	Code   Code   `json:"code" doc:"Why, for programs."`
	Detail string `json:"detail" doc:"What is wrong here and what to do about it."`
	// Instance names one occurrence in Docket's own log; only faults have one.
	Instance string  `json:"instance,omitempty" doc:"The occurrence's number, for the operator."`
	Errors   []Field `json:"errors,omitempty" doc:"The fields at fault."`

	header http.Header
}

// Field is what is wrong with one field of the request.
type Field struct {
	In      string `json:"in" enum:"body,path,query,header" doc:"The part of the request."`
	Field   string `json:"field" doc:"The field's name, such as title or labels[3]."`
	Message string `json:"message" doc:"What is wrong with it."`

	// Reason and Args are the message for who says it in another language.
	Reason Reason `json:"-"`
	Args   []any  `json:"-"`
}

// Reason is what is wrong with a field. The set is that of [Reasons].
type Reason string

// The reasons beside those of packages commands and accounts.
const (
	NoAccount  Reason = "no_account"   // nobody has an account with this address
	Elsewhere  Reason = "elsewhere"    // it is, but not here
	Mistaken   Reason = "mistaken"     // not what is on record
	Misplaced  Reason = "misplaced"    // given where, or together with what, it makes no sense
	Malformed  Reason = "malformed"    // not of the shape it has
	AtMost     Reason = "at_most"      // characters allowed
	AtMostMany Reason = "at_most_many" // allowed
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

// New makes a problem of the code. Without a detail it is the code's advice.
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

// Wrong is the problem [Invalid] of one field.
func Wrong(in, field string, reason Reason, format string, args ...any) *Problem {
	return Fields(Field{in, field, fmt.Sprintf(format, args...), reason, args})
}

// Fields is the problem [Invalid] of the fields.
func Fields(fields ...Field) *Problem {
	return New(Invalid, "").with(fields)
}

// with adds the fields, and says them in the detail too: it is what a person
// sees who looks at nothing else.
func (p *Problem) with(fields []Field) *Problem {
	p.Errors = append(p.Errors, fields...)
	parts := make([]string, 0, len(p.Errors))
	for _, f := range p.Errors {
		parts = append(parts, strings.TrimSpace(f.Field+" "+f.Message))
	}
	p.Detail = strings.Join(parts, "; ")
	return p
}

// RetryAfter says when to try again, in whole seconds, rounded up.
func (p *Problem) RetryAfter(d time.Duration) *Problem {
	return p.set("Retry-After", strconv.FormatInt(int64(max(1, (d+time.Second-1)/time.Second)), 10))
}

// Allow lists the methods a route has.
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

// Error is the detail.
func (p *Problem) Error() string { return string(p.Code) + ": " + p.Detail }

// GetStatus and GetHeaders let huma answer with the problem.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders are the headers that go with the problem.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType replaces the negotiated type: a problem is always JSON.
func (p *Problem) ContentType(string) string { return ContentType }

type contextKey struct{}

// InWords gives the context who tells its problems: in the language of whoever
// asks. tell leaves what it is given as it is.
func InWords(ctx context.Context, tell func(*Problem) *Problem) context.Context {
	return context.WithValue(ctx, contextKey{}, tell)
}

// Told is the problem in the words of the context, if it has any.
func (p *Problem) Told(ctx context.Context) *Problem {
	if tell, ok := ctx.Value(contextKey{}).(func(*Problem) *Problem); ok {
		return tell(p)
	}
	return p
}

// Write answers the request with the problem, in the words of its context.
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
	// Whoever asked may be gone; there is nobody to tell.
	_, _ = w.Write(append(body, '\n'))
}
