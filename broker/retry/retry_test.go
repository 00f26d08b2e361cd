package retry_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/docketlog/docket/broker/retry"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	next := func(b *retry.Backoff, n int) (all []time.Duration) {
		for range n {
			all = append(all, b.Next()/time.Millisecond)
		}
		return all
	}
	var zero retry.Backoff
	if got, want := next(&zero, 8), []time.Duration{5, 10, 20, 40, 80, 160, 250, 250}; !slices.Equal(got, want) {
		t.Errorf("the zero value pauses for %d ms, want %d", got, want)
	}
	b := retry.Backoff{First: 100 * time.Millisecond, Longest: time.Second}
	if got, want := next(&b, 6), []time.Duration{100, 200, 400, 800, 1000, 1000}; !slices.Equal(got, want) {
		t.Errorf("pauses for %d ms, want %d", got, want)
	}
	b.Reset()
	if got := b.Next(); got != b.First {
		t.Errorf("after a reset it pauses for %v", got)
	}
}

// TestWait checks that Wait pauses for at least half of the pause, and not at
// all once the context has ended.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := retry.Backoff{First: time.Second, Longest: time.Second}
		for range 20 {
			began := time.Now()
			if !b.Wait(t.Context()) {
				t.Fatal("there is no other attempt although the context has not ended")
			}
			if took := time.Since(began); took < time.Second/2 || took > time.Second {
				t.Errorf("paused for %v", took)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if began := time.Now(); b.Wait(ctx) || time.Since(began) > 0 {
			t.Error("there is another attempt after the end of the context")
		}
	})
}

func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away, refused := errors.New("away"), errors.New("refused")
		calls := 0
		err := retry.Until(t.Context(), func(ctx context.Context) (bool, error) {
			if calls++; calls == 3 {
				return false, refused
			}
			<-ctx.Done() // an attempt that is never answered
			return true, away
		})
		if !errors.Is(err, refused) || calls != 3 {
			t.Errorf("%v after %d calls, want the refusal after 3", err, calls)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err = retry.Until(ctx, func(context.Context) (bool, error) { return true, away })
		if !errors.Is(err, away) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ended with %v, want the last error and the context's", err)
		}
	})
}
