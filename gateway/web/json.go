package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/i18n"
	"github.com/docketlog/docket/projections"
)

// jsonBody renders a value as JSON, for the scripts.
type jsonBody struct{ value any }

// Render writes the value.
func (b jsonBody) Render(_ context.Context, w io.Writer) error {
	if h, ok := w.(http.ResponseWriter); ok {
		h.Header().Set("Content-Type", "application/json")
	}
	return json.NewEncoder(w).Encode(b.value)
}

// wantsJSON reports whether the request comes from a script.
func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

// pathID reads an id from the path; anything that is not an id is answered as
// not found.
func pathID(r *http.Request, name string) (uuid.UUID, error) {
	id, err := uuid.Parse(r.PathValue(name))
	if err != nil {
		return uuid.Nil, projections.ErrNotFound
	}
	return id, nil
}

// personID reads an account id; it returns the zero id if the text is not one.
func personID(text string) uuid.UUID {
	id, _ := uuid.Parse(text)
	return id
}

func problemOf(v *view, err error) *problem.Problem { return problem.Of(v.web.logger, err) }

// problemText describes a problem to users in their language: its kind and what
// to do, and the details where only the command knows them.
func (v *view) problemText(p *problem.Problem) string {
	text := v.T("problem." + string(p.Code))
	if text == "problem."+string(p.Code) {
		text = p.Title + ". " + p.Detail
	}
	if p.Code != problem.Invalid && p.Code != problem.Code(commands.CodeLimit) {
		return text // the code says enough
	}
	for i, f := range p.Errors {
		if i > 0 {
			text += ";"
		}
		text += " " + v.fieldProblem(f)
	}
	return text
}

// fieldProblem says what is wrong with a field, and names the field.
func (v *view) fieldProblem(f problem.Field) string {
	field, at := fieldIndex.ReplaceAllString(f.Field, ""), ""
	field, _, _ = strings.Cut(strings.TrimPrefix(field, "seen."), ".")
	if n := fieldIndex.FindStringSubmatch(f.Field); n != nil {
		index, _ := strconv.Atoi(n[1])
		at = " " + itoa(index+1)
	}
	key := "wrong." + field + "." + string(f.Reason)
	if !i18n.Has(key) {
		key = "wrong." + string(f.Reason)
	}
	if !i18n.Has(key) {
		key = "wrong.malformed"
	}
	text := v.T(key, f.Args...)
	if field == "" {
		return text
	}
	name := v.T("field." + field)
	if name == "field."+field {
		name = field
	}
	return name + at + ": " + text
}

// fieldIndex returns the position of a field among several of its name.
var fieldIndex = regexp.MustCompile(`\[(\d+)\]`)

// WordsFor translates problems for programs into the language they request
// (Accept-Language), as the pages do: the scripts show these texts to users.
// Clients that request no supported language get the original texts, in
// English.
func WordsFor(r *http.Request) func(*problem.Problem) *problem.Problem {
	asked, spoken := i18n.Match(r.Header.Get("Accept-Language"))
	return func(p *problem.Problem) *problem.Problem {
		if !spoken {
			return p
		}
		told := *p
		told.Detail = (&view{language: asked}).problemText(p)
		return &told
	}
}

func itoa[N ~int | ~int64 | ~uint64](n N) string { return strconv.FormatInt(int64(n), 10) }
