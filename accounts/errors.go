package accounts

import (
	"errors"
	"fmt"
	"time"
)

// Errors of this package. They are matched with errors.Is.
var (
	// ErrCredentials reports that address and password do not belong together.
	// It does not say which of them is wrong.
	ErrCredentials = errors.New("address or password is wrong")
	// ErrUnauthenticated reports a secret that lets nobody in: it is unknown,
	// malformed, expired or revoked.
	ErrUnauthenticated = errors.New("not signed in")
	// ErrTooManyAttempts reports that the limit is reached; the error is a
	// [*TooManyAttempts], which says when to try again.
	ErrTooManyAttempts = errors.New("too many attempts")
	// ErrNotFound reports an account, session, token or saved filter that does
	// not exist, or not any more, or that is somebody else's.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable reports that the broker could not be asked. Nobody was let
	// in; what was to be written is either written or not, and doing it again
	// is safe.
	ErrUnavailable = errors.New("account store cannot be reached")
)

// TooManyAttempts is [ErrTooManyAttempts] with the time to wait.
type TooManyAttempts struct {
	// RetryAfter is how long nothing will be accepted; more than zero.
	RetryAfter time.Duration
}

func (e *TooManyAttempts) Error() string {
	return fmt.Sprintf("%s: try again in %s", ErrTooManyAttempts, e.RetryAfter.Round(time.Second))
}

func (e *TooManyAttempts) Unwrap() error { return ErrTooManyAttempts }
