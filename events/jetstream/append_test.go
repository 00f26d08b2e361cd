package jetstream

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
)

func mustAppend(t *testing.T, l *Log, c events.Commit) events.Appended {
	t.Helper()
	done, err := l.Append(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestCommandDecidedAgainKeepsItsFirstOutcome appends a command that was written
// before and was decided again on a later state.
func TestCommandDecidedAgainKeepsItsFirstOutcome(t *testing.T) {
	t.Parallel()
	l := open(t, brokertest.Conn(t), Options{})
	first := mustAppend(t, l, comment(events.Head{Aggregate: events.Task(someID(1))}, 1))
	second := mustAppend(t, l, comment(first.Head, 2))
	want := first
	want.Duplicate = true

	again := comment(second.Head, 1)
	again.Events = []events.Event{events.CommentAdded{Comment: someID(9), Text: "something else"}}
	if d := cmp.Diff(want, mustAppend(t, l, again)); d != "" {
		t.Errorf("one event (-want +got):\n%s", d)
	}
	again.Events = append(again.Events, events.TaskDeleted{})
	if d := cmp.Diff(want, mustAppend(t, l, again)); d != "" {
		t.Errorf("two events (-want +got):\n%s", d)
	}
}

// TestConfirmDetectsAnEarlierWrite has two writes acknowledged after the same
// head, as a replicated stream can do. Only the first is on the chain.
func TestConfirmDetectsAnEarlierWrite(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	l := open(t, nc, Options{})
	head := mustAppend(t, l, comment(events.Head{Aggregate: events.Task(someID(1))}, 1)).Head
	var acknowledged []uint64
	var attempts []attempt
	for n := byte(2); n <= 3; n++ {
		c := comment(head, n)
		sealed, err := c.Seal()
		if err != nil {
			t.Fatal(err)
		}
		sequence, err := store(nc)(t.Context(), head.Aggregate.Subject(), sealed[0].Headers(), sealed[0].Payload)
		if err != nil {
			t.Fatal(err)
		}
		acknowledged = append(acknowledged, sequence)
		attempts = append(attempts, attempt{log: l, commit: &c, sealed: sealed})
	}
	for i, want := range []bool{true, false} {
		if got, err := attempts[i].confirm(t.Context(), acknowledged[i]); err != nil || got != want {
			t.Errorf("writer %d is on the chain: %v, %v; want %v", i, got, err, want)
		}
	}
	if forks := l.Stats().Forks; forks != 1 {
		t.Errorf("%d forks counted, want 1", forks)
	}
}

// TestFullLogRefusesCommits fills a log whose size an operator has limited.
func TestFullLogRefusesCommits(t *testing.T) {
	t.Parallel()
	l := open(t, brokertest.Conn(t), Options{})
	s, err := client(t, l).Stream(t.Context(), DefaultStream)
	if err != nil {
		t.Fatal(err)
	}
	config := s.CachedInfo().Config
	config.MaxBytes = 4096
	if _, err := client(t, l).UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	head := events.Head{Aggregate: events.Task(someID(1))}
	for n := byte(1); ; n++ {
		done, err := l.Append(t.Context(), comment(head, n))
		if errors.Is(err, events.ErrRefused) {
			break
		}
		if err != nil || n == 100 {
			t.Fatalf("commit %d: %v, want ErrRefused before commit 100", n, err)
		}
		head = done.Head
	}
	several := comment(head, 101)
	several.Events = append(several.Events, several.Events[0])
	if _, err := l.Append(t.Context(), several); !errors.Is(err, events.ErrRefused) {
		t.Errorf("several events: %v, want ErrRefused", err)
	}
	// Once there is room again, the log accepts commits.
	config.MaxBytes = -1
	if _, err := client(t, l).UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, l, comment(head, 102))
}

// TestInvalidTraceParentIsOmitted appends with trace parents that would not be
// read back as they were hashed.
func TestInvalidTraceParentIsOmitted(t *testing.T) {
	t.Parallel()
	l := open(t, brokertest.Conn(t), Options{})
	good := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	head := events.Head{Aggregate: events.Task(someID(1))}
	for i, c := range []struct{ given, want string }{
		{good, good}, {"", ""}, {" " + good, ""}, {good + "\r\nce-actor: x", ""}, {"\x00", ""}, {"a\nb", ""},
	} {
		commit := comment(head, byte(i))
		commit.TraceParent = c.given
		done := mustAppend(t, l, commit)
		loaded, now, err := l.Load(t.Context(), head)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(done.Events, loaded); d != "" || now != done.Head || loaded[0].TraceParent != c.want {
			t.Errorf("%q (-appended +loaded):\n%s", c.given, d)
		}
		head = done.Head
	}
}

func TestClosedConnectionFails(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	l := open(t, nc, Options{})
	nc.Close()
	if _, err := l.Append(t.Context(), comment(events.Head{Aggregate: events.Task(someID(1))}, 1)); !errors.Is(err, events.ErrUnsettled) {
		t.Errorf("append: %v, want ErrUnsettled", err)
	}
	if _, _, err := l.Load(t.Context(), events.Head{Aggregate: events.Task(someID(1))}); err == nil {
		t.Error("load over a closed connection succeeded")
	}
}

func TestStats(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	l := open(t, nc, Options{})
	start := events.Head{Aggregate: events.Task(someID(1))}
	done := mustAppend(t, l, comment(start, 1))
	mustAppend(t, l, comment(start, 1))
	if _, err := l.Append(t.Context(), comment(start, 2)); !errors.Is(err, events.ErrConflict) {
		t.Fatal(err)
	}
	c := comment(start, 3)
	sealed, err := c.Seal()
	if err != nil {
		t.Fatal(err)
	}
	write := store(nc)
	if _, err := write(t.Context(), start.Aggregate.Subject(), sealed[0].Headers(), sealed[0].Payload); err != nil {
		t.Fatal(err)
	}
	if _, err := write(t.Context(), start.Aggregate.Subject(), nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Load(t.Context(), done.Head); err != nil {
		t.Fatal(err)
	}
	want := Stats{Appended: 1, Duplicates: 1, Conflicts: 1, Forks: 1, Malformed: 1}
	if d := cmp.Diff(want, l.Stats()); d != "" {
		t.Errorf("counters differ (-want +got):\n%s", d)
	}
}

func TestJudgeErrorCodes(t *testing.T) {
	for code, want := range map[js.ErrorCode]verdict{
		10071: conflict, 10164: conflict, 10201: duplicate, 10054: refused, 10077: refused, 10109: refused,
		10008: unknown, 10158: unknown, 10163: unknown, 10176: unknown, 10210: unknown, 65000: unknown,
	} {
		if got := judge(&apiError{Code: code, Description: "any text"}); got != want {
			t.Errorf("code %d: verdict %d, want %d", code, got, want)
		}
	}
}

// TestUnsoundServerSettlesNothing reads from a server that can no longer store
// messages. It still returns the event, which does not prove that it is durable.
func TestUnsoundServerSettlesNothing(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	var down atomic.Bool
	l := open(t, nc, Options{Sound: func() bool { return !down.Load() }})
	head := events.Head{Aggregate: events.Task(someID(1))}
	mustAppend(t, l, comment(head, 1))
	if again := mustAppend(t, l, comment(head, 1)); !again.Duplicate {
		t.Fatal("a repeated append is not reported as a duplicate")
	}
	down.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := l.Append(ctx, comment(head, 1)); !errors.Is(err, events.ErrUnsettled) {
		t.Errorf("append: %v, want ErrUnsettled", err)
	}
	if _, _, err := l.Load(t.Context(), head); !errors.Is(err, events.ErrUnsettled) {
		t.Errorf("load: %v, want ErrUnsettled", err)
	}
}
