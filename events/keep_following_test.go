package events_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docketlog/docket/events"
)

func TestKeepFollowing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		var pauses []time.Duration
		calls := 0
		err := events.KeepFollowing(t.Context(), func(context.Context) error {
			switch calls++; calls {
			case 9:
				time.Sleep(2 * time.Minute) // it was steady: the next pause is the first
			case 10:
				return fmt.Errorf("follow: %w", events.ErrIncarnation)
			}
			return broken
		}, func(err error, pause time.Duration) {
			if !errors.Is(err, broken) {
				t.Errorf("told of %v", err)
			}
			pauses = append(pauses, pause/time.Millisecond)
		})
		if !errors.Is(err, events.ErrIncarnation) {
			t.Errorf("ended with %v", err)
		}
		if want := []time.Duration{100, 200, 400, 800, 1600, 3200, 5000, 5000, 100}; !slices.Equal(pauses, want) {
			t.Errorf("paused for %d ms, want %d", pauses, want)
		}
	})
}

// TestKeepFollowingEnds ends the context while the log is followed and within a
// pause.
func TestKeepFollowingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, during := range []string{"following", "a pause"} {
			ctx, cancel := context.WithCancel(t.Context())
			calls := 0
			err := events.KeepFollowing(ctx, func(ctx context.Context) error {
				calls++
				if during == "following" {
					cancel()
					<-ctx.Done()
				}
				return errors.New("broken")
			}, func(error, time.Duration) { cancel() })
			if !errors.Is(err, context.Canceled) || calls != 1 {
				t.Errorf("during %s: %v after %d calls", during, err, calls)
			}
		}
	})
}
