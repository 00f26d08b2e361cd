package commands

import (
	"slices"

	"github.com/docketlog/docket/events"
)

// Seen holds the values that the actor saw before changing them; nil for a
// field that is to be changed whatever its current value. Only fields that the
// command changes are checked.
type Seen struct {
	Title       *string
	Description *string
	Priority    *events.Priority
	Due         *events.Date
	Labels      *[]string
}

// meanwhile collects the fields that a command would change although their
// current value is not the one the actor saw. A field that already has the
// wanted value is not included: two people who want the same do not conflict.
type meanwhile []Problem

func (m *meanwhile) add(field string) {
	*m = append(*m, Problem{Field: field, Reason: ReasonChanged, Message: "has changed since you saw it"})
}

// rejection refuses the whole command: the actor saw the fields together, so
// changing only some of them may be wrong.
func (m meanwhile) rejection() *Rejection {
	if len(m) == 0 {
		return nil
	}
	return &Rejection{Code: CodeChanged, Message: "The resource has changed since you saw it. Read it again and check your change against the current values.", Problems: m}
}

// guard adds the field unless it has the value that was seen or wanted.
func guard[T comparable](m *meanwhile, field string, seen *T, now, wanted T) {
	if seen != nil && now != *seen && now != wanted {
		m.add(field)
	}
}

// guardList is [guard] for a list field.
func guardList[T comparable](m *meanwhile, field string, seen *[]T, now, wanted []T) {
	if seen != nil && !slices.Equal(now, *seen) && !slices.Equal(now, wanted) {
		m.add(field)
	}
}
