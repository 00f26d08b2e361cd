package retry

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Timeout is how long one attempt of [Until] may take before the next is made.
const Timeout = 2 * time.Second

// The bounds of a [Backoff] that sets none.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// Backoff paces the attempts of one caller: the pause between two doubles from
// the first to the longest. The zero value is ready, and pauses for 5 to 250
// milliseconds. It is used by one goroutine.
type Backoff struct {
	// First and Longest bound the pauses; 0 means the default.
	First, Longest time.Duration

	next time.Duration
}

// Next is how long the next pause lasts.
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

// Wait pauses and reports whether there is another attempt: ctx has not ended.
// The pause is a half to the whole of [Backoff.Next], so that many waiting
// callers do not return at once.
func (b *Backoff) Wait(ctx context.Context) bool {
	half := b.Next() / 2
	return Pause(ctx, half+rand.N(max(half, 1)))
}

// Reset makes the next pause the first again.
func (b *Backoff) Reset() { b.next = 0 }

// Pause waits and reports whether ctx has not ended meanwhile.
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

// Until calls do, for [Timeout] at most each time, until it wants no more or ctx
// ends. It returns the last error, with ctx's cause if that ended it.
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
