package events

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// Kind is the kind of an aggregate.
type Kind string

// The aggregates Docket keeps.
const (
	KindAccount Kind = "account"
	KindProject Kind = "project"
	KindTask    Kind = "task"
)

// Kinds lists every kind once.
var Kinds = []Kind{KindAccount, KindProject, KindTask}

// subjectRoot is the first token of every event's subject.
const subjectRoot = "events"

// AllSubjects matches the subject of every event.
const AllSubjects = subjectRoot + ".>"

// Aggregate identifies one consistency boundary: an account, project or task,
// whose events are numbered and chained separately from all others.
type Aggregate struct {
	Kind Kind
	ID   uuid.UUID
}

// Account returns the aggregate of the account with the given id.
func Account(id uuid.UUID) Aggregate { return Aggregate{KindAccount, id} }

// Project returns the aggregate of the project with the given id.
func Project(id uuid.UUID) Aggregate { return Aggregate{KindProject, id} }

// Task returns the aggregate of the task with the given id.
func Task(id uuid.UUID) Aggregate { return Aggregate{KindTask, id} }

// Subject returns the literal subject that holds this aggregate's events and no
// others, such as events.task.0192….
func (a Aggregate) Subject() string {
	return subjectRoot + "." + string(a.Kind) + "." + a.ID.String()
}

// String returns the kind and the id, for messages to people.
func (a Aggregate) String() string { return string(a.Kind) + " " + a.ID.String() }

// IsZero reports whether a is the zero value, which identifies nothing.
func (a Aggregate) IsZero() bool { return a == Aggregate{} }

// ParseSubject is the inverse of [Aggregate.Subject]. It accepts only the
// canonical form, so that one aggregate never has two subjects.
func ParseSubject(subject string) (Aggregate, error) {
	rest, ok := strings.CutPrefix(subject, subjectRoot+".")
	if !ok {
		return Aggregate{}, fmt.Errorf("subject %q does not start with %q", subject, subjectRoot+".")
	}
	kind, text, ok := strings.Cut(rest, ".")
	if !ok {
		return Aggregate{}, fmt.Errorf("subject %q has no aggregate id", subject)
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return Aggregate{}, fmt.Errorf("subject %q: %w", subject, err)
	}
	a := Aggregate{Kind(kind), id}
	switch a.Kind {
	case KindAccount, KindProject, KindTask:
	default:
		return Aggregate{}, fmt.Errorf("subject %q: unknown kind %q", subject, kind)
	}
	if a.Subject() != subject {
		return Aggregate{}, fmt.Errorf("subject %q is not in canonical form", subject)
	}
	return a, nil
}
