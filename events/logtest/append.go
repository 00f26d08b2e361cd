package logtest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/docketlog/docket/events"
)

func (s *suite) roundTrip(t *testing.T) {
	start := s.end(t)
	first := commit(newTask(), 1)
	done := s.append(t, first)
	if done.Duplicate {
		t.Error("the first append is reported as a duplicate")
	}
	sealed, err := first.Seal()
	if err != nil {
		t.Fatal(err)
	}
	sealed[0].Position = start.At(start.Sequence + 1)
	if d := cmp.Diff(sealed, done.Events); d != "" {
		t.Errorf("appended events differ from the sealed ones (-want +got):\n%s", d)
	}
	all, head := s.grow(t, done.Head, 4)
	all = append(done.Events, all...)
	s.wantHistory(t, head.Aggregate, all, head)

	if end := s.end(t); end != all[4].Position {
		t.Errorf("log ends at %s, want %s", end, all[4].Position)
	}
	later, laterHead, err := s.Log.Load(within(t), done.Head)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(all[1:], later); d != "" || laterHead != head {
		t.Errorf("events loaded after the first differ (-want +got):\n%s", d)
	}
	none, same, err := s.Log.Load(within(t), head)
	if err != nil || len(none) != 0 || same != head {
		t.Errorf("load from the current head: %d events, head %v, %v; want none", len(none), same, err)
	}
	never := newTask()
	none, same, err = s.Log.Load(within(t), never)
	if err != nil || len(none) != 0 || same != never {
		t.Errorf("load an unknown aggregate: %d events, head %v, %v; want none", len(none), same, err)
	}
	followed, malformed := read(t, s.follow(t, start, 100), start, s.end(t), 100)
	if d := cmp.Diff(all, followed); d != "" || malformed != 0 {
		t.Errorf("followed events differ, %d malformed (-want +got):\n%s", malformed, d)
	}
}

func (s *suite) conflict(t *testing.T) {
	_, base := s.grow(t, newTask(), 2)
	all, head := s.grow(t, base, 1)
	before := s.end(t)
	for name, stale := range map[string]events.Commit{
		"one event":      commit(base, 1),
		"several events": commit(base, 3),
		"from nothing":   commit(events.Head{Aggregate: base.Aggregate}, 1),
	} {
		if _, err := s.Other.Append(within(t), stale); !errors.Is(err, events.ErrConflict) {
			t.Errorf("%s: %v, want ErrConflict", name, err)
		}
	}
	if after := s.end(t); after != before {
		t.Errorf("conflicting commits moved the log's end from %s to %s", before, after)
	}
	// The writer that lost loads the new events and succeeds.
	came, now, err := s.Other.Load(within(t), base)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(all, came); d != "" || now != head {
		t.Errorf("events loaded after a conflict differ (-want +got):\n%s", d)
	}
	if _, err := s.Other.Append(within(t), commit(now, 1)); err != nil {
		t.Error(err)
	}
}

func (s *suite) concurrentWriters(t *testing.T) {
	const writers, each = 8, 8
	a := newTask().Aggregate
	var acknowledged collect
	g, ctx := errgroup.WithContext(within(t))
	for i := range writers {
		log := s.Log
		if i%2 == 1 {
			log = s.Other
		}
		g.Go(func() error { return write(ctx, log, a, each, acknowledged.add) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	s.wantOnce(t, a, acknowledged.all)
}

// wantOnce checks that the aggregate's history consists of the acknowledged
// commits, each once, at the acknowledged position.
func (s *suite) wantOnce(t *testing.T, a events.Aggregate, acknowledged []events.Appended) {
	t.Helper()
	history, _, err := s.Log.Load(within(t), events.Head{Aggregate: a})
	if err != nil {
		t.Fatal(err)
	}
	if len(history) != len(acknowledged) {
		t.Errorf("history has %d events, want %d", len(history), len(acknowledged))
	}
	byID := make(map[uuid.UUID]events.Envelope)
	for i, e := range history {
		if e.Revision != uint64(i)+1 {
			t.Fatalf("event number %d has revision %d", i+1, e.Revision)
		}
		byID[e.ID] = e
	}
	for _, done := range acknowledged {
		if d := cmp.Diff(done.Events[0], byID[done.Events[0].ID]); d != "" {
			t.Errorf("acknowledged event differs from history (-want +got):\n%s", d)
		}
	}
}

func (s *suite) repeatedCommit(t *testing.T) {
	for _, n := range []int{1, 3} {
		_, base := s.grow(t, newTask(), 1)
		first := commit(base, n)
		done := s.append(t, first)

		want := done
		want.Duplicate = true
		wantRepeat := func(when string) {
			t.Helper()
			for _, log := range []events.Log{s.Log, s.Other} {
				again, err := log.Append(within(t), first)
				if err != nil {
					t.Errorf("%d events, %s: %v", n, when, err)
				} else if d := cmp.Diff(want, again); d != "" {
					t.Errorf("%d events, %s (-want +got):\n%s", n, when, d)
				}
			}
		}
		before := s.end(t)
		wantRepeat("immediately")
		if after := s.end(t); after != before {
			t.Errorf("the repeated commit moved the log's end from %s to %s", before, after)
		}
		s.grow(t, done.Head, 20)
		wantRepeat("after later commits")
	}
}

func (s *suite) severalEvents(t *testing.T) {
	before, base := s.grow(t, newTask(), 1)
	done := s.append(t, commit(base, 7))
	for i, e := range done.Events {
		if want := base.Revision + uint64(i) + 1; e.Revision != want {
			t.Errorf("event %d has revision %d, want %d", i, e.Revision, want)
		}
		if want := done.Events[0].Position.Sequence + uint64(i); e.Position.Sequence != want {
			t.Errorf("event %d is at %s, want sequence %d", i, e.Position, want)
		}
	}
	s.wantHistory(t, base.Aggregate, append(before, done.Events...), done.Head)

	most := s.append(t, commit(newTask(), events.MaxCommit))
	s.wantHistory(t, most.Head.Aggregate, most.Events, most.Head)

	var g errgroup.Group
	var acknowledged collect
	for range 16 {
		g.Go(func() error {
			done, err := s.Log.Append(within(t), commit(newTask(), 5))
			acknowledged.add(done)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, done := range acknowledged.all {
		s.wantHistory(t, done.Head.Aggregate, done.Events, done.Head)
	}
}

func (s *suite) refusedCommit(t *testing.T) {
	all, head := s.grow(t, newTask(), 1)
	big := commit(head, 1)
	big.Events[0] = events.CommentAdded{Comment: uuid.New(), Text: strings.Repeat("x", 8<<20)}
	if _, err := s.Log.Append(within(t), big); !errors.Is(err, events.ErrRefused) {
		t.Errorf("8 MiB event: %v, want ErrRefused", err)
	}
	last := commit(head, 3)
	last.Events[2] = big.Events[0]
	if _, err := s.Log.Append(within(t), last); !errors.Is(err, events.ErrRefused) {
		t.Errorf("8 MiB event as the last of three: %v, want ErrRefused", err)
	}
	s.wantHistory(t, head.Aggregate, all, head)
}

func (s *suite) invalidCommit(t *testing.T) {
	before := s.end(t)
	for name, invalidate := range map[string]func(*events.Commit){
		"no events":           func(c *events.Commit) { c.Events = nil },
		"no command":          func(c *events.Commit) { c.Command = uuid.Nil },
		"event of other kind": func(c *events.Commit) { c.Events[0] = events.ProjectArchived{} },
		"too many events":     func(c *events.Commit) { *c = commit(c.Head, events.MaxCommit+1) },
		"no aggregate":        func(c *events.Commit) { c.Head = events.Head{} },
		"no time":             func(c *events.Commit) { c.Time = time.Time{} },
		"no actor":            func(c *events.Commit) { c.Actor = uuid.Nil },
	} {
		c := commit(newTask(), 1)
		invalidate(&c)
		if _, err := s.Log.Append(within(t), c); err == nil {
			t.Errorf("%s: the commit was appended, want an error", name)
		}
	}
	if after := s.end(t); after.Sequence > before.Sequence {
		t.Errorf("invalid commits moved the log's end from %s to %s", before, after)
	}
}
