package logtest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/docketlog/docket/events"
)

// followInBatches checks that the batch limit and the starting position do not
// affect the events received.
func (s *suite) followInBatches(t *testing.T) {
	start := s.end(t)
	head := newTask()
	var all []events.Envelope
	for range 10 {
		done := s.append(t, commit(head, 6))
		all, head = append(all, done.Events...), done.Head
	}
	end := s.end(t)
	for _, limit := range []int{1, 7, 60, 1000} {
		followed, _ := read(t, s.follow(t, start, limit), start, end, limit)
		if d := cmp.Diff(all, followed); d != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, d)
		}
	}
	for _, i := range []int{0, 31, 58} {
		after := all[i].Position
		followed, _ := read(t, s.follow(t, after, 7), after, end, 7)
		if d := cmp.Diff(all[i+1:], followed); d != "" {
			t.Errorf("after %s (-want +got):\n%s", after, d)
		}
	}
	if _, err := s.Log.Follow(within(t), start, 0); err == nil {
		t.Error("a limit of 0 is accepted")
	}
}

// followLive checks that an event is delivered immediately, even in a batch of
// one.
func (s *suite) followLive(t *testing.T) {
	start := s.end(t)
	feed := s.follow(t, start, 1000)
	head := newTask()
	for range 20 {
		done := s.append(t, commit(head, 1))
		b, err := feed.Next(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(done.Events, b.Events); d != "" {
			t.Fatalf("followed events differ from the appended ones (-want +got):\n%s", d)
		}
		if b.Head != b.End {
			t.Errorf("batch at the log's end %s has head %s", b.End, b.Head)
		}
		head = done.Head
	}
	// Several writers and the follower run concurrently.
	start = s.end(t)
	var acknowledged collect
	var g errgroup.Group
	for range 4 {
		g.Go(func() error { return write(within(t), s.Other, newTask().Aggregate, 25, acknowledged.add) })
	}
	followed, _ := read(t, feed, start, start.At(start.Sequence+100), 1000)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, done := range acknowledged.all {
		want := done.Events[0]
		got := followed[want.Position.Sequence-start.Sequence-1]
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("followed event differs from the appended one (-want +got):\n%s", d)
		}
	}
}

// followInterrupted checks that a cancelled Next loses no events.
func (s *suite) followInterrupted(t *testing.T) {
	feed := s.follow(t, s.end(t), 10)
	head := newTask()
	for range 5 {
		ctx, cancel := context.WithTimeout(within(t), 5*time.Millisecond)
		_, err := feed.Next(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Next without new events: %v, want the context's error", err)
		}
		done := s.append(t, commit(head, 1))
		ctx, cancel = context.WithCancel(within(t))
		cancel()
		if _, err := feed.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("Next with a cancelled context: %v, want the context's error", err)
		}
		b, err := feed.Next(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(done.Events, b.Events); d != "" {
			t.Fatalf("followed events differ from the appended ones (-want +got):\n%s", d)
		}
		head = done.Head
	}
	feed.Close()
	feed.Close()
}

func (s *suite) foreignPositions(t *testing.T) {
	end := s.end(t)
	for name, p := range map[string]events.Position{
		"another incarnation":              {Incarnation: strings.Repeat("z", len(end.Incarnation)), Sequence: 1},
		"beginning of another incarnation": {Incarnation: strings.Repeat("z", len(end.Incarnation))},
		"zero value":                       {},
		"beyond the end":                   end.At(end.Sequence + 1),
	} {
		feed, err := s.Log.Follow(within(t), p, 10)
		if !errors.Is(err, events.ErrIncarnation) {
			t.Errorf("%s: %v, want ErrIncarnation", name, err)
		}
		if err == nil {
			feed.Close()
		}
	}
}
