package accounts

import (
	"context"
	"errors"
	"time"

	"github.com/docketlog/docket/broker/retry"
)

// Limits bounds how often somebody may try. Each limit counts within windows
// of fixed length, in a bucket all processes share. Zero fields take their
// value from [DefaultLimits].
type Limits struct {
	// Window is how long attempts count, at most [MaxWindow]. All processes
	// should agree on it.
	Window time.Duration
	// PerAccount bounds wrong passwords for one mail address, known or not,
	// from one network address, and those of somebody signed in.
	PerAccount int
	// PerAccountTotal bounds wrong passwords for one mail address, known or
	// not, from all network addresses together. It is not applied to those the
	// person has signed in from, see [Accounts.SignIn].
	PerAccountTotal int
	// PerAddress bounds wrong passwords from one network address.
	PerAddress int
	// Registrations bounds registrations from one network address.
	Registrations int
	// Lookups bounds how many mail addresses that nobody has one account may
	// look up.
	Lookups int
}

// MaxWindow is how long the bucket keeps a count, and so the longest window.
const MaxWindow = 24 * time.Hour

// DefaultLimits stop guessing and let an office sign in through one address.
var DefaultLimits = Limits{
	Window: 15 * time.Minute, PerAccount: 10, PerAccountTotal: 100, PerAddress: 100, Registrations: 100, Lookups: 30,
}

// attempts counts. An attempt is counted before it is made, so that a crash, a
// cancelled request or a hundred of them at once gain nothing. What succeeds
// takes back its own count and no other: signing in to one's own account does
// not clear the way for more guesses at somebody else's.
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

// take counts an attempt, or fails with a [*TooManyAttempts] and counts
// nothing: a window ends when it was to end, however often one tries.
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

// giveBack takes one attempt out of the window it was counted in.
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

// change is one compare-and-set, tried until it meets the revision it read.
// Somebody succeeds in every round, so the rounds are bounded by the number of
// attempts made at once.
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
