package testkit

import (
	"fmt"
	"testing"
	"time"
)

// Limit is how long a test waits for something that a quiet machine does in
// well under a second. It is no expectation of speed: it ends a test whose
// condition will never hold, and is long enough for a machine that does much
// else meanwhile.
const Limit = 3 * time.Minute

// Pause is for tests to sleep between two questions to another program: asked
// without one, a program that is not ready would only take longer.
const Pause = 50 * time.Millisecond

// interval is the pause between two tries of [Eventually].
const interval = 5 * time.Millisecond

// Eventually calls have until it reports done, and fails the test at once with
// what was wanted and what was there last if that takes longer than [Limit].
// have runs on the test's goroutine; it may take its time, and a call that has
// begun is never cut off.
func Eventually[T any](t testing.TB, want string, have func() (state T, done bool)) {
	t.Helper()
	EventuallyWithin(t, Limit, want, have)
}

// EventuallyWithin is [Eventually] with a limit of its own, for what takes
// longer than others even on a quiet machine.
func EventuallyWithin[T any](t testing.TB, limit time.Duration, want string, have func() (state T, done bool)) {
	t.Helper()
	began := time.Now()
	for tries := 1; ; tries++ {
		state, done := have()
		if done {
			return
		}
		if waited := time.Since(began); waited > limit {
			t.Fatalf("waited %v (%d tries) for: %s\nhave: %s", waited.Round(time.Second), tries, want, describe(state))
		}
		time.Sleep(interval)
	}
}

// Receive takes the next value of a channel, and fails the test with what was
// wanted if none comes within [Limit] or the channel is closed.
func Receive[T any](t testing.TB, want string, from <-chan T) T {
	t.Helper()
	timeout := time.NewTimer(Limit)
	defer timeout.Stop()
	select {
	case value, open := <-from:
		if !open {
			t.Fatalf("wanted %s\nhave: a closed channel", want)
		}
		return value
	case <-timeout.C:
		t.Fatalf("waited %v for: %s\nhave: nothing received", Limit, want)
		panic("unreachable")
	}
}

// Closed waits until a channel is closed, and fails the test with what was
// wanted if that takes longer than [Limit].
func Closed[T any](t testing.TB, want string, channel <-chan T) {
	t.Helper()
	timeout := time.NewTimer(Limit)
	defer timeout.Stop()
	for {
		select {
		case _, open := <-channel:
			if !open {
				return
			}
		case <-timeout.C:
			t.Fatalf("waited %v for: %s\nhave: the channel is open", Limit, want)
		}
	}
}

func describe(state any) string {
	switch state := state.(type) {
	case error:
		return state.Error()
	case string:
		return state
	}
	return fmt.Sprintf("%+v", state)
}
