package notifier

import "github.com/google/uuid"

// Person is what a mail needs to know of an account.
type Person struct {
	ID    uuid.UUID
	Name  string
	Email string
}

// People finds the person behind an account. It reports false for an account
// that does not exist or whose data was erased. It may be called concurrently
// and is expected to answer from memory.
type People interface {
	Person(id uuid.UUID) (Person, bool)
}
