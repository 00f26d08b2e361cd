package notifier

import (
	"context"

	"github.com/google/uuid"
)

// Person is the part of an account that a mail needs.
type Person struct {
	ID    uuid.UUID
	Name  string
	Email string
}

// People looks up the person behind an account. It returns false for an account
// that does not exist or whose data was erased, and an error if it cannot tell:
// the mail then waits. It may be called concurrently, and several times for one
// mail.
type People interface {
	Person(ctx context.Context, id uuid.UUID) (Person, bool, error)
}
