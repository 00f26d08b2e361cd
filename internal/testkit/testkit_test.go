package testkit

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// failing is a test that records its failure message. Fatalf ends the
// goroutine, as in a real test.
type failing struct {
	testing.TB
	said string
}

func (*failing) Helper() {}

func (f *failing) Fatalf(format string, args ...any) {
	f.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failure returns the failure message of a test that runs do, or "" if it does
// not fail.
func failure(do func(t testing.TB)) string {
	f := &failing{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		do(f)
	}()
	<-ended
	return f.said
}

func TestEventuallySaysWhatWasThere(t *testing.T) {
	t.Parallel()
	said := failure(func(t testing.TB) {
		EventuallyWithin(t, time.Millisecond, "seven rows", func() (int, bool) { return 3, false })
	})
	if !strings.Contains(said, "seven rows") || !strings.Contains(said, "have: 3") {
		t.Errorf("said %q", said)
	}
	said = failure(func(t testing.TB) {
		EventuallyWithin(t, time.Millisecond, "an answer", func() (error, bool) { return errors.New("no route"), false })
	})
	if !strings.Contains(said, "have: no route") {
		t.Errorf("said %q", said)
	}
}

func TestEventuallyEndsAtTheFirstSuccess(t *testing.T) {
	t.Parallel()
	tries := 0
	Eventually(t, "the third try", func() (int, bool) {
		tries++
		return tries, tries == 3
	})
	if tries != 3 {
		t.Errorf("%d tries, want 3", tries)
	}
}

func TestReceive(t *testing.T) {
	t.Parallel()
	values := make(chan int, 1)
	values <- 7
	if got := Receive(t, "a number", values); got != 7 {
		t.Errorf("received %d, want 7", got)
	}
	close(values)
	Closed(t, "the end", values)
	if said := failure(func(t testing.TB) { Receive(t, "another number", values) }); !strings.Contains(said, "another number") || !strings.Contains(said, "closed") {
		t.Errorf("said %q", said)
	}
}

func TestBufferTakesSeveralWriters(t *testing.T) {
	t.Parallel()
	var b Buffer
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 100 {
			fmt.Fprintln(&b, "one")
		}
	}()
	for range 100 {
		fmt.Fprintln(&b, "two")
		_ = b.String()
	}
	<-done
	if lines := strings.Count(b.String(), "\n"); lines != 200 {
		t.Errorf("%d lines, want 200", lines)
	}
	b.Reset()
	if b.String() != "" {
		t.Error("not empty after Reset")
	}
}
