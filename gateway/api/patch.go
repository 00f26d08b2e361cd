package api

import (
	"bytes"
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway/problem"
)

// Field is a member of a JSON merge patch (RFC 7396): omitted, null, or a
// value.
type Field[T any] struct {
	Given bool
	Null  bool
	Value T
}

// UnmarshalJSON is called only for a field that is present, null included.
func (f *Field[T]) UnmarshalJSON(data []byte) error {
	f.Given = true
	if bytes.Equal(data, []byte("null")) {
		f.Null = true
		return nil
	}
	return json.Unmarshal(data, &f.Value)
}

// Schema returns the schema of the value, or null.
func (f Field[T]) Schema(r huma.Registry) *huma.Schema {
	s := *r.Schema(reflect.TypeFor[T](), true, "")
	s.Nullable = s.Ref == ""
	return &s
}

// pointer returns the value to set, nil for an omitted field. Null means the
// zero value: it clears the field.
func (f Field[T]) pointer() *T {
	if !f.Given {
		return nil
	}
	return &f.Value
}

// nulls collects the fields that are null but cannot be cleared.
type nulls []problem.Field

func refuse[T any](n *nulls, name string, f Field[T]) {
	if f.Null {
		*n = append(*n, problem.Field{In: problem.InBody, Field: name, Message: "must not be null; omit it to keep the current value", Reason: problem.Reason(commands.ReasonRequired)})
	}
}

func (n nulls) err() error {
	if len(n) == 0 {
		return nil
	}
	return problem.Fields(n...)
}
