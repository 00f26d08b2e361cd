package testkit

import (
	"fmt"
	"testing"
	"time"
)

// Limit is how long a test waits for something that takes well under a second
// on an idle machine. It is not a performance requirement: it ends a test whose
// condition will never hold, and is long enough for a busy machine.
const Limit = 3 * time.Minute

// Pause is the sleep of tests between two polls of another program. Polling
// without a pause would only slow down a program that is starting.
const Pause = 50 * time.Millisecond

// interval is the pause between two calls of [Eventually].
const interval = 5 * time.Millisecond

// Eventually calls have until it reports done. If that takes longer than
// [Limit], it fails the test at once with what was wanted and the last state.
// have runs on the test's goroutine; a running call is never interrupted,
// however long it takes.
func Eventually[T any](t testing.TB, want string, have func() (state T, done bool)) {
	t.Helper()
	EventuallyWithin(t, Limit, want, have)
}

// EventuallyWithin is [Eventually] with its own limit, for conditions that take
// longer even on an idle machine.
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

// Receive returns the next value of a channel. It fails the test with what was
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

// Closed waits until a channel is closed. It fails the test with what was
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
