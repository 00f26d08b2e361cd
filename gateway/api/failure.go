package api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/problem"
)

func statusText(status int) string { return strconv.Itoa(status) }

// asProblem converts huma's own errors, about requests that do not match the
// documented schema, to problems. Huma's repeat the invalid value, which may be
// a password. All are translated into the caller's language.
func asProblem(ctx huma.Context, _ string, v any) (any, error) {
	switch v := v.(type) {
	case *huma.ErrorModel:
		return fromModel(v).Told(ctx.Context()), nil
	case *problem.Problem:
		return v.Told(ctx.Context()), nil
	}
	return v, nil
}

func fromModel(m *huma.ErrorModel) *problem.Problem {
	switch m.Status {
	case http.StatusBadRequest:
		if len(m.Errors) > 0 {
			return problem.New(problem.MalformedBody, "The request body is not valid JSON: %s.", m.Errors[0].Message)
		}
		return problem.New(problem.MalformedBody, "A request body is required.")
	case http.StatusUnsupportedMediaType:
		return problem.New(problem.MediaType, "")
	case http.StatusRequestEntityTooLarge:
		return problem.New(problem.BodyTooLarge, "The request body must not exceed %d bytes.", access.MaxBody)
	case http.StatusRequestTimeout:
		return problem.New(problem.BodyTooSlow, "")
	case http.StatusUnprocessableEntity:
		fields := make([]problem.Field, 0, len(m.Errors))
		for _, detail := range m.Errors {
			fields = append(fields, fieldOf(detail))
		}
		return problem.Fields(fields...)
	}
	return problem.New(problem.Internal, "")
}

// fieldOf names the field. Huma locates a missing or unknown field at its
// parent.
func fieldOf(d *huma.ErrorDetail) problem.Field {
	in, field, _ := strings.Cut(d.Location, ".")
	f := problem.Field{In: in, Field: field, Message: d.Message, Reason: problem.Malformed}
	var name string
	var bound int
	switch {
	case d.Message == validation.MsgUnexpectedProperty:
		f.Message = "is not a known field; remove it"
	case strings.Contains(d.Message, "unknown query parameter"):
		f.Message = "is not a known query parameter; remove it"
	case strings.HasPrefix(d.Message, "required "):
		f.Reason, f.Message = required, "is required"
	case scan(d.Message, validation.MsgExpectedRequiredProperty, &name):
		f.Field, f.Reason, f.Message = strings.TrimPrefix(field+"."+name, "."), required, "is required"
	case strings.Contains(strings.ToLower(d.Message), "uuid"):
		f.Message = "must be an ID, such as 01890a5d-ac96-774b-bcce-b302099a8057"
	default:
		switch {
		case scan(d.Message, validation.MsgExpectedMaxLength, &bound):
			f.Reason, f.Args, f.Message = problem.AtMost, []any{bound}, fmt.Sprintf("must be at most %d characters long", bound)
			return f
		case scan(d.Message, validation.MsgExpectedMaxItems, &bound):
			f.Reason, f.Args, f.Message = problem.AtMostMany, []any{bound}, fmt.Sprintf("must have at most %d items", bound)
			return f
		case scan(d.Message, validation.MsgExpectedMinItems, &bound):
			f.Message = fmt.Sprintf("must have %d or more items", bound)
			return f
		}
		f.Message = strings.TrimPrefix(f.Message, "invalid value: ")
		if rest, ok := strings.CutPrefix(f.Message, "invalid "); ok {
			f.Message = "must be a valid " + rest
		}
		if rest, ok := strings.CutPrefix(f.Message, "expected "); ok {
			for _, words := range []string{"string to be ", "value to be "} {
				rest = strings.TrimPrefix(rest, words)
			}
			f.Message = "must be " + withArticle(rest)
		}
	}
	return f
}

// withArticle returns huma's description of a value with the article it lacks,
// if it starts with the name of a type.
func withArticle(description string) string {
	switch kind, _, _ := strings.Cut(description, " "); kind {
	case "boolean", "number", "string":
		return "a " + description
	case "array", "integer", "object":
		return "an " + description
	}
	return description
}

const required = problem.Reason(commands.ReasonRequired)

func scan(text, format string, into any) bool {
	n, err := fmt.Sscanf(text, format, into)
	return err == nil && n == 1
}
