package events

import (
	"context"
	"errors"
	"time"

	"github.com/docketlog/docket/broker/retry"
)

const (
	// firstRestart and longestRestart bound the pause before a reader of the log
	// begins again.
	firstRestart   = 100 * time.Millisecond
	longestRestart = 5 * time.Second
	// steady is how long a reader has to run for its next failure to count as
	// the first.
	steady = time.Minute
)

// KeepFollowing calls follow, which reads the log until it no longer can, and
// calls it again after each failure. The pause between two calls doubles from
// 100 milliseconds to 5 seconds, and is the shortest again once follow has run
// for a minute. interrupted is called with each failure and the pause that
// follows it.
//
// It returns ctx's error when ctx ends, and follow's error if that is
// [ErrIncarnation]: the log was replaced by another, and what was read of the
// former one is no longer valid.
func KeepFollowing(ctx context.Context, follow func(context.Context) error, interrupted func(err error, pause time.Duration)) error {
	pace := retry.Backoff{First: firstRestart, Longest: longestRestart}
	for {
		began := time.Now()
		err := follow(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, ErrIncarnation) {
			return err
		}
		if time.Since(began) > steady {
			pace.Reset()
		}
		pause := pace.Next()
		interrupted(err, pause)
		if !retry.Pause(ctx, pause) {
			return ctx.Err()
		}
	}
}
