package accounts

import (
	"errors"
	"fmt"
	"time"
)

// Errors of this package. Match them with errors.Is.
var (
	// ErrCredentials reports a wrong address or password. It does not reveal
	// which of them is wrong.
	ErrCredentials = errors.New("wrong address or password")
	// ErrUnauthenticated reports a secret that is not valid: it is unknown,
	// malformed, expired or revoked.
	ErrUnauthenticated = errors.New("not signed in")
	// ErrTooManyAttempts reports that the limit is reached; the error is a
	// [*TooManyAttempts], which says when to try again.
	ErrTooManyAttempts = errors.New("too many attempts")
	// ErrNotFound reports an account, session, token or saved filter that does
	// not exist, no longer exists, or belongs to another account.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable reports that the broker could not be reached. No access
	// was granted. A change may or may not have been written; a retry is safe.
	ErrUnavailable = errors.New("account store is unavailable")
)

// TooManyAttempts is [ErrTooManyAttempts] with the time until the next attempt.
type TooManyAttempts struct {
	// RetryAfter is how long attempts will be rejected. It is more than zero.
	RetryAfter time.Duration
}

func (e *TooManyAttempts) Error() string {
	return fmt.Sprintf("%s: try again in %s", ErrTooManyAttempts, e.RetryAfter.Round(time.Second))
}

func (e *TooManyAttempts) Unwrap() error { return ErrTooManyAttempts }
