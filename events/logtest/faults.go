package logtest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
)

// lostAcknowledgement lets a publish arrive and loses the answer.
func (s *suite) lostAcknowledgement(t *testing.T) {
	for _, n := range []int{1, 3} {
		_, base := s.grow(t, newTask(), 1)
		c := commit(base, n)

		// The caller times out and retries the commit later.
		s.Lose()
		ctx, cancel := context.WithCancel(within(t))
		gaveUp := make(chan error, 1)
		go func() {
			_, err := s.Deaf.Append(ctx, c)
			gaveUp <- err
		}()
		written := s.awaitHistory(t, base.Aggregate, n+1)
		cancel()
		if err := testkit.Receive(t, "the caller to give up", gaveUp); !errors.Is(err, events.ErrUnsettled) {
			t.Errorf("%d events, no answer: %v, want an unknown outcome", n, err)
		}
		s.Cut()
		done, err := s.Deaf.Append(within(t), c)
		if err != nil {
			t.Fatalf("%d events, retried: %v", n, err)
		}
		if d := cmp.Diff(written[1:], done.Events); d != "" || !done.Duplicate {
			t.Errorf("%d events, retried, duplicate %v (-want +got):\n%s", n, done.Duplicate, d)
		}
		s.wantHistory(t, base.Aggregate, written, done.Head)

		// The connection comes back while the caller waits.
		c = commit(done.Head, n)
		s.Lose()
		var g errgroup.Group
		g.Go(func() (err error) {
			done, err = s.Deaf.Append(within(t), c)
			return err
		})
		written = s.awaitHistory(t, base.Aggregate, 2*n+1)
		s.Cut()
		if err := g.Wait(); err != nil {
			t.Fatalf("%d events, reconnected: %v", n, err)
		}
		if d := cmp.Diff(written[n+1:], done.Events); d != "" || !done.Duplicate {
			t.Errorf("%d events, reconnected, duplicate %v (-want +got):\n%s", n, done.Duplicate, d)
		}
		s.wantHistory(t, base.Aggregate, written, done.Head)
	}
}

// awaitHistory waits until the aggregate has n events.
func (s *suite) awaitHistory(t *testing.T, a events.Aggregate, n int) []events.Envelope {
	t.Helper()
	var history []events.Envelope
	testkit.Eventually(t, fmt.Sprintf("%d events of %s", n, a), func() (int, bool) {
		var err error
		if history, _, err = s.Log.Load(within(t), events.Head{Aggregate: a}); err != nil {
			t.Fatalf("%d of %d events: %v", len(history), n, err)
		}
		return len(history), len(history) >= n
	})
	return history
}

// store writes a sealed commit without the log's checks.
func (s *suite) store(t *testing.T, c events.Commit, change func(*events.Envelope)) events.Envelope {
	t.Helper()
	sealed, err := c.Seal()
	if err != nil {
		t.Fatal(err)
	}
	e := sealed[0]
	if change != nil {
		change(&e)
	}
	sequence, err := s.Store(within(t), e.Aggregate.Subject(), e.Headers(), e.Payload)
	if err != nil {
		t.Fatal(err)
	}
	e.Position = s.end(t).At(sequence)
	return e
}

// forkedEvents stores messages on an aggregate's subject that do not continue
// its chain.
func (s *suite) forkedEvents(t *testing.T) {
	start := s.end(t)
	all, base := s.grow(t, newTask(), 2)
	winner, head := s.grow(t, base, 1)
	all = append(all, winner...)
	forks := []events.Envelope{
		s.store(t, commit(base, 1), nil), // a second writer's revision 3
		s.store(t, commit(head, 1), func(e *events.Envelope) { e.PrevHash = all[1].Hash() }), // follows another event
		s.store(t, commit(head, 1), func(e *events.Envelope) { e.Revision++ }),               // skips a revision
		s.store(t, commit(events.Head{Aggregate: head.Aggregate}, 1), nil),                   // starts at revision 1 again
	}
	head = head.Past(forks[3].Position.Sequence)
	s.wantHistory(t, head.Aggregate, all, head)

	// A writer that has not seen them gets a conflict, loads no new events, and
	// then succeeds.
	stale := head
	stale.Sequence = all[2].Position.Sequence
	c := commit(stale, 1)
	if _, err := s.Log.Append(within(t), c); !errors.Is(err, events.ErrConflict) {
		t.Errorf("append before the forks: %v, want ErrConflict", err)
	}
	came, now, err := s.Log.Load(within(t), stale)
	if err != nil || len(came) != 0 || now != head {
		t.Fatalf("loaded %d events, head %v, %v; want none, %v", len(came), now, err, head)
	}
	c.Head = now
	done := s.append(t, c)
	all = append(all, done.Events...)
	s.wantHistory(t, head.Aggregate, all, done.Head)

	// A forged event that continues the chain is accepted like any other.
	raw := s.store(t, commit(done.Head, 1), nil)
	all = append(all, raw)
	s.wantHistory(t, head.Aggregate, all, done.Head.After(&raw))

	// A follower receives every event and applies the same rule.
	followed, malformed := read(t, s.follow(t, start, 3), start, s.end(t), 3)
	if len(followed) != len(all)+len(forks) || malformed != 0 {
		t.Fatalf("followed %d events and %d malformed, want %d and none", len(followed), malformed, len(all)+len(forks))
	}
	var accepted []events.Envelope
	at := events.Head{Aggregate: head.Aggregate}
	for i := range followed {
		if at.Accepts(&followed[i]) == nil {
			accepted, at = append(accepted, followed[i]), at.After(&followed[i])
		}
	}
	if d := cmp.Diff(all, accepted); d != "" {
		t.Errorf("a follower and a load accept different events (-want +got):\n%s", d)
	}
}

// ownFork stores the command's own event off the chain, as happens when two
// leaders each accept a write.
func (s *suite) ownFork(t *testing.T) {
	_, base := s.grow(t, newTask(), 1)
	all, head := s.grow(t, base, 1)
	c := commit(base, 1)
	lost := s.store(t, c, nil)
	c.Head = head.Past(lost.Position.Sequence)
	done := s.append(t, c)
	if done.Duplicate || done.Events[0].Revision != head.Revision+1 {
		t.Errorf("appended %+v, want new revision %d", done, head.Revision+1)
	}
	came, _, err := s.Log.Load(within(t), base)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(append(all, done.Events...), came); d != "" {
		t.Errorf("history differs (-want +got):\n%s", d)
	}
}

// malformedMessages stores messages on event subjects that are not events.
func (s *suite) malformedMessages(t *testing.T) {
	start := s.end(t)
	all, head := s.grow(t, newTask(), 1)
	subject := head.Aggregate.Subject()
	c := commit(head, 1)
	sealed, err := c.Seal()
	if err != nil {
		t.Fatal(err)
	}
	noRevision := sealed[0].Headers()
	delete(noRevision, "ce-revision")
	delete(noRevision, "Nats-Msg-Id")
	malformed := []struct {
		subject string
		header  map[string][]string
		payload []byte
	}{
		{subject, nil, []byte("hello")},
		{subject, noRevision, sealed[0].Payload},
		{subject, map[string][]string{"Status": {"204"}}, nil},
		{subject, map[string][]string{"Status": {"100"}}, nil},
		{subject, map[string][]string{"Status": {"404"}, "Nats-Sequence": {"1"}, "Nats-Last-Sequence": {"9"}}, nil},
		{"events.task.not-an-id", sealed[0].Headers(), sealed[0].Payload},
		{"events.task." + uuid.New().String(), nil, nil},
	}
	for _, m := range malformed {
		sequence, err := s.Store(within(t), m.subject, m.header, m.payload)
		if err != nil {
			t.Fatal(err)
		}
		if m.subject == subject {
			head = head.Past(sequence)
		}
	}
	s.wantHistory(t, head.Aggregate, all, head)
	more, head := s.grow(t, head, 2)
	all = append(all, more...)
	s.wantHistory(t, head.Aggregate, all, head)
	for _, limit := range []int{1, 100} {
		followed, n := read(t, s.follow(t, start, limit), start, s.end(t), limit)
		if d := cmp.Diff(all, followed); d != "" || n != len(malformed) {
			t.Errorf("followed %d malformed messages, want %d (-want +got):\n%s", n, len(malformed), d)
		}
	}
}

// disturbed writes and follows while the log's servers fail.
func (s *suite) disturbed(t *testing.T) {
	start := s.end(t)
	feed := s.follow(t, start, 10)
	stop := make(chan struct{})
	var g errgroup.Group
	histories := make([]collect, 4)
	for i := range histories {
		log := s.Log
		if i%2 == 1 {
			log = s.Other
		}
		g.Go(func() error {
			a := events.Task(uuid.New())
			for {
				select {
				case <-stop:
					return nil
				default:
				}
				if err := write(within(t), log, a, 1, histories[i].add); err != nil {
					return err
				}
			}
		})
	}
	for range 2 {
		s.grow(t, newTask(), 10)
		s.Disturb(t)
	}
	s.grow(t, newTask(), 10)
	close(stop)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	end := s.end(t)
	followed, _ := read(t, feed, start, end, 10)
	again, _ := read(t, s.follow(t, start, 1000), start, end, 1000)
	if d := cmp.Diff(again, followed); d != "" {
		t.Errorf("the disturbed follower received different events (-want +got):\n%s", d)
	}
	for i := range histories {
		all := histories[i].all
		if len(all) == 0 {
			t.Errorf("writer %d wrote nothing", i)
			continue
		}
		s.wantOnce(t, all[0].Head.Aggregate, all)
	}
}
