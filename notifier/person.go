package notifier

import (
	"context"

	"github.com/google/uuid"
)

// Person is what a mail needs to know of an account.
type Person struct {
	ID    uuid.UUID
	Name  string
	Email string
}

// People finds the person behind an account. It reports false for an account
// that does not exist or whose data was erased, and an error where it cannot
// tell: then the mail waits. It may be called concurrently, several times for
// one mail.
type People interface {
	Person(ctx context.Context, id uuid.UUID) (Person, bool, error)
}
