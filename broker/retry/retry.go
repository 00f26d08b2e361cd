package retry

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Timeout is the longest that one attempt of [Until] may take before the next.
const Timeout = 2 * time.Second

// These are the default bounds of a [Backoff].
const (
	firstPause   = 5 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// Backoff paces the attempts of one caller: the pause doubles from First to
// Longest. The zero value is ready to use and pauses for 5 to 250 milliseconds.
// It is for use by one goroutine.
type Backoff struct {
	// First and Longest bound the pauses; 0 means the default.
	First, Longest time.Duration

	next time.Duration
}

// Next returns the duration of the next pause.
func (b *Backoff) Next() time.Duration {
	first, longest := b.First, b.Longest
	if first <= 0 {
		first = firstPause
	}
	if longest <= 0 {
		longest = longestPause
	}
	b.next = min(max(2*b.next, first), longest)
	return b.next
}

// Wait pauses and reports whether to make another attempt, which is until ctx
// has ended. The pause is between half and all of [Backoff.Next], so that many
// waiting callers do not return at once.
func (b *Backoff) Wait(ctx context.Context) bool {
	half := b.Next() / 2
	return Pause(ctx, half+rand.N(max(half, 1)))
}

// Reset starts over with the first pause.
func (b *Backoff) Reset() { b.next = 0 }

// Pause waits for d and reports whether ctx is still active.
func Pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Until calls do, with [Timeout] for each attempt, until it asks for no more or
// ctx ends. It returns the last error, with ctx's cause if ctx ended it.
func Until(ctx context.Context, do func(context.Context) (again bool, err error)) error {
	var pace Backoff
	for {
		attempt, cancel := context.WithTimeout(ctx, Timeout)
		again, err := do(attempt)
		cancel()
		if !again || err == nil {
			return err
		}
		if !pace.Wait(ctx) {
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}
