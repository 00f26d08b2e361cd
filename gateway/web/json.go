package web

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/projections"
)

// jsonBody shows a value as JSON, to the scripts.
type jsonBody struct{ value any }

// Render writes the value.
func (b jsonBody) Render(_ context.Context, w io.Writer) error {
	if h, ok := w.(http.ResponseWriter); ok {
		h.Header().Set("Content-Type", "application/json")
	}
	return json.NewEncoder(w).Encode(b.value)
}

// wantsJSON reports whether a script asks.
func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

// pathID reads an id in the path; whatever is none leads nowhere.
func pathID(r *http.Request, name string) (uuid.UUID, error) {
	id, err := uuid.Parse(r.PathValue(name))
	if err != nil {
		return uuid.Nil, projections.ErrNotFound
	}
	return id, nil
}

func problemOf(v *view, err error) *problem.Problem { return problem.Of(v.web.api.Logger, err) }

// problemText says a problem to people: in their language what sort it is and
// what to do, and what exactly is wrong where only the command can say it.
func (v *view) problemText(p *problem.Problem) string {
	text := v.T("problem." + string(p.Code))
	if text == "problem."+string(p.Code) {
		text = p.Title + ". " + p.Detail
	}
	if len(p.Errors) > 0 && p.Code != problem.Code("changed_meanwhile") {
		text += " " + p.Detail
	}
	return text
}

func itoa[N ~int | ~int64 | ~uint64](n N) string { return strconv.FormatInt(int64(n), 10) }
