package accounts

import (
	"context"
	"errors"
	"time"

	"github.com/docketlog/docket/broker/retry"
)

// Limits limit the number of attempts. Each limit counts within windows of fixed
// length, in a bucket that all processes share. Zero fields have the value in
// [DefaultLimits].
type Limits struct {
	// Window is the length of a window, at most [MaxWindow]. All processes
	// should use the same value.
	Window time.Duration
	// PerAccount limits wrong passwords for one mail address from one network
	// address, whether or not the mail address has an account. It also limits
	// wrong passwords that a signed-in person enters.
	PerAccount int
	// PerAccountTotal limits wrong passwords for one mail address from all
	// network addresses together, whether or not it has an account. It does not
	// apply to networks the person has signed in from, see [Accounts.SignIn].
	PerAccountTotal int
	// PerAddress limits wrong passwords from one network address.
	PerAddress int
	// Registrations limits registrations from one network address.
	Registrations int
	// Lookups limits how many mail addresses without an account one account
	// may look up.
	Lookups int
}

// MaxWindow is the longest window. The bucket keeps counts for this time.
const MaxWindow = 24 * time.Hour

// DefaultLimits prevent guessing but allow an office to sign in from one network
// address.
var DefaultLimits = Limits{
	Window: 15 * time.Minute, PerAccount: 10, PerAccountTotal: 100, PerAddress: 100, Registrations: 100, Lookups: 30,
}

// attempts counts attempts. An attempt is counted before it is made, so that
// crashes, cancelled requests and concurrent requests do not allow more attempts.
// A success takes back only its own count: signing in to one account does not
// allow more guesses at another.
type attempts struct {
	bucket *bucket
	window time.Duration
	now    func() time.Time
}

type count struct {
	Begun time.Time `json:"begun"`
	Count int       `json:"count"`
}

// ticket is a counted attempt.
type ticket struct {
	key   string
	begun time.Time
}

// take counts an attempt. If the limit is reached, it fails with a
// [*TooManyAttempts] and counts nothing: further attempts do not extend a window.
func (a *attempts) take(ctx context.Context, key string, limit int) (ticket, error) {
	var taken ticket
	err := a.change(ctx, key, func(c *count) error {
		now := a.now()
		if end := c.Begun.Add(a.window); !now.Before(end) || now.Before(c.Begun.Add(-a.window)) {
			*c = count{Begun: now.UTC()}
		} else if c.Count >= limit {
			return &TooManyAttempts{RetryAfter: end.Sub(now)}
		}
		c.Count++
		taken = ticket{key, c.Begun}
		return nil
	})
	return taken, err
}

// giveBack removes an attempt from the window it was counted in.
func (a *attempts) giveBack(ctx context.Context, t ticket) error {
	return a.change(ctx, t.key, func(c *count) error {
		if !c.Begun.Equal(t.begun) || c.Count == 0 {
			return errUnchanged
		}
		c.Count--
		return nil
	})
}

var errUnchanged = errors.New("nothing to change")

// change is a compare-and-set that is retried on conflict. One writer succeeds in
// every round, so the number of concurrent attempts limits the rounds.
func (a *attempts) change(ctx context.Context, key string, f func(*count) error) error {
	pace := retry.Backoff{First: time.Millisecond, Longest: 20 * time.Millisecond}
	for {
		c, revision, err := get[count](ctx, a.bucket, key)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err := f(&c); err != nil {
			if errors.Is(err, errUnchanged) {
				return nil
			}
			return err
		}
		if revision == 0 {
			_, err = a.bucket.create(ctx, key, c)
		} else {
			_, err = a.bucket.update(ctx, key, c, revision)
		}
		if !errors.Is(err, errMoved) {
			return err
		}
		if !pace.Wait(ctx) {
			return a.bucket.fault("count", ctx.Err())
		}
	}
}
