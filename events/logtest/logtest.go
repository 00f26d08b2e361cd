package logtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
)

// Target is a log under test and the ways to harm it.
type Target struct {
	Log events.Log
	// Other is the same log as opened by another process.
	Other events.Log
	// Store writes a message without the log's checks and returns its sequence.
	// A second writer after a change of leader can do the same, and so can any
	// other NATS client.
	Store func(ctx context.Context, subject string, header map[string][]string, payload []byte) (uint64, error)
	// Deaf is the same log over a separate connection. Between Lose and Cut it
	// sends but receives nothing; Cut closes the connection so that the client
	// reconnects.
	Deaf      events.Log
	Lose, Cut func()
	// Disturb stops a server that the log runs on, such as the leader of its
	// replicas, and restarts it before it returns.
	Disturb func(t *testing.T)
}

// Run tests one target. All parts share the target and run in order. The log may
// already hold events.
func Run(t *testing.T, target Target) {
	s := &suite{Target: target}
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"round trip", s.roundTrip},
		{"conflict", s.conflict},
		{"concurrent writers", s.concurrentWriters},
		{"repeated commit", s.repeatedCommit},
		{"several events", s.severalEvents},
		{"refused commit", s.refusedCommit},
		{"invalid commit", s.invalidCommit},
		{"lost acknowledgement", s.lostAcknowledgement},
		{"forked events", s.forkedEvents},
		{"own event off the chain", s.ownFork},
		{"malformed messages", s.malformedMessages},
		{"follow in any batches", s.followInBatches},
		{"follow live", s.followLive},
		{"follow interrupted", s.followInterrupted},
		{"foreign positions", s.foreignPositions},
		{"disturbed", s.disturbed},
	} {
		t.Run(part.name, part.run)
	}
}

type suite struct{ Target }

// within bounds a call. Nothing is asserted about time.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	t.Cleanup(cancel)
	return ctx
}

// newTask returns the head of an aggregate that has no events.
func newTask() events.Head { return events.Head{Aggregate: events.Task(uuid.New())} }

// commit returns a commit of n comments by one command.
func commit(head events.Head, n int) events.Commit {
	c := events.Commit{
		Head: head, Project: uuid.New(), Command: uuid.New(), Actor: uuid.New(), Causation: uuid.New(),
		Time:        time.Now(),
		TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	}
	for i := range n {
		c.Events = append(c.Events, events.CommentAdded{Comment: uuid.New(), Text: fmt.Sprintf("“%d” ünïcode\n", i)})
	}
	return c
}

func (s *suite) append(t *testing.T, c events.Commit) events.Appended {
	t.Helper()
	done, err := s.Log.Append(within(t), c)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// grow appends n commits of one event each.
func (s *suite) grow(t *testing.T, head events.Head, n int) ([]events.Envelope, events.Head) {
	t.Helper()
	var all []events.Envelope
	for range n {
		done := s.append(t, commit(head, 1))
		all, head = append(all, done.Events...), done.Head
	}
	return all, head
}

// wantHistory checks an aggregate's history in both processes.
func (s *suite) wantHistory(t *testing.T, a events.Aggregate, want []events.Envelope, head events.Head) {
	t.Helper()
	for name, log := range map[string]events.Log{"log": s.Log, "other": s.Other} {
		got, gotHead, err := log.Load(within(t), events.Head{Aggregate: a})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: history differs (-want +got):\n%s", name, d)
		}
		if d := cmp.Diff(head, gotHead); d != "" {
			t.Errorf("%s: head differs (-want +got):\n%s", name, d)
		}
	}
}

func (s *suite) end(t *testing.T) events.Position {
	t.Helper()
	end, err := s.Log.End(within(t))
	if err != nil {
		t.Fatal(err)
	}
	return end
}

func (s *suite) follow(t *testing.T, after events.Position, limit int) events.Feed {
	t.Helper()
	feed, err := s.Log.Follow(within(t), after, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(feed.Close)
	return feed
}

// read reads batches from the feed until end and checks the guarantees of every
// batch.
func read(t *testing.T, feed events.Feed, after, end events.Position, limit int) (all []events.Envelope, malformed int) {
	t.Helper()
	ctx := within(t)
	for at := after; at.Sequence < end.Sequence; {
		b, err := feed.Next(ctx)
		if err != nil {
			t.Fatalf("at %s of %s: %v", at, end, err)
		}
		if n := len(b.Events) + b.Malformed; n == 0 || n > limit {
			t.Fatalf("batch of %d messages, want 1 to %d", n, limit)
		}
		if got, want := b.End.Sequence, at.Sequence+uint64(len(b.Events)+b.Malformed); got != want || b.End.Incarnation != at.Incarnation {
			t.Fatalf("batch ends at %s, want sequence %d of %s: messages are missing or repeated", b.End, want, at.Incarnation)
		}
		for i := range b.Events {
			p := b.Events[i].Position
			if p.Incarnation != at.Incarnation || p.Sequence <= at.Sequence || p.Sequence > b.End.Sequence {
				t.Fatalf("event at %s is outside of its batch from %s to %s", p, at, b.End)
			}
			at = p
		}
		if b.Head.Sequence < b.End.Sequence {
			t.Fatalf("head %s is before the batch's end %s", b.Head, b.End)
		}
		if b.Stored.IsZero() {
			t.Fatal("batch has no time of storage")
		}
		all, malformed, at = append(all, b.Events...), malformed+b.Malformed, b.End
	}
	return all, malformed
}

// collect gathers the results of several goroutines.
type collect struct {
	mu  sync.Mutex
	all []events.Appended
}

func (c *collect) add(done events.Appended) {
	c.mu.Lock()
	c.all = append(c.all, done)
	c.mu.Unlock()
}

// write appends n commits to an aggregate that others also write to. On conflict
// it loads the new events and retries.
func write(ctx context.Context, log events.Log, a events.Aggregate, n int, done func(events.Appended)) error {
	head := events.Head{Aggregate: a}
	for range n {
		c := commit(head, 1)
		for {
			c.Head = head
			appended, err := log.Append(ctx, c)
			if err == nil {
				done(appended)
				head = appended.Head
				break
			}
			if !errors.Is(err, events.ErrConflict) {
				return err
			}
			if _, head, err = log.Load(ctx, head); err != nil {
				return err
			}
		}
	}
	return nil
}
