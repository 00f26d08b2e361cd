package commands

import (
	"slices"

	"github.com/docketlog/docket/events"
)

// Seen is what the actor saw of each field before changing it; nil for a field
// that is to be changed whatever it says by now. Only fields that the command
// changes are looked at.
type Seen struct {
	Title       *string
	Description *string
	Priority    *events.Priority
	Due         *events.Date
	Labels      *[]string
}

// meanwhile collects the fields that a command would change although they say
// what the actor has not seen. A field that says what is wanted already is none
// of them: two people who want the same do not contradict each other.
type meanwhile []Problem

func (m *meanwhile) add(field string) {
	*m = append(*m, Problem{Field: field, Reason: ReasonChanged, Message: "has been changed since you saw it"})
}

// rejection refuses the whole command: who sent several fields saw them
// together, and half of what they decided may be wrong without the rest.
func (m meanwhile) rejection() *Rejection {
	if len(m) == 0 {
		return nil
	}
	return &Rejection{Code: CodeChanged, Message: "Somebody has changed this meanwhile; look at it again and decide anew", Problems: m}
}

// guard adds the field unless it says what was seen or what is wanted.
func guard[T comparable](m *meanwhile, field string, seen *T, now, wanted T) {
	if seen != nil && now != *seen && now != wanted {
		m.add(field)
	}
}

// guardList is guard for a field that is a list.
func guardList[T comparable](m *meanwhile, field string, seen *[]T, now, wanted []T) {
	if seen != nil && !slices.Equal(now, *seen) && !slices.Equal(now, wanted) {
		m.add(field)
	}
}
