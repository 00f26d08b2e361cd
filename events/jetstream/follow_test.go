package jetstream

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/events"
)

func follow(t *testing.T, l *Log, after events.Position) events.Feed {
	t.Helper()
	feed, err := l.Follow(t.Context(), after, 10)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(feed.Close)
	return feed
}

// next takes batches off the feed until it has n events.
func next(t *testing.T, feed events.Feed, n int) []events.Envelope {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var all []events.Envelope
	for len(all) < n {
		b, err := feed.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b.Events...)
	}
	return all
}

func consumers(t *testing.T, l *Log) []string {
	t.Helper()
	s, err := client(t, l).Stream(t.Context(), DefaultStream)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range s.ConsumerNames(t.Context()).Name() {
		names = append(names, name)
	}
	return names
}

// TestLostConsumer takes the feed's consumer away, again and again.
func TestLostConsumer(t *testing.T) {
	t.Parallel()
	l := open(t, brokertest.Conn(t), Options{})
	feed := follow(t, l, l.at(0))
	head := events.Head{Aggregate: events.Task(someID(1))}
	var want, got []events.Envelope
	for n := byte(0); n < 5; n++ {
		for _, name := range consumers(t, l) {
			if err := client(t, l).DeleteConsumer(t.Context(), DefaultStream, name); err != nil && !errors.Is(err, js.ErrConsumerNotFound) {
				t.Fatal(err)
			}
		}
		done := mustAppend(t, l, comment(head, n))
		want, head = append(want, done.Events...), done.Head
		got = append(got, next(t, feed, 1)...)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("followed differs (-want +got):\n%s", d)
	}
	feed.Close()
	for deadline := time.Now().Add(time.Minute); len(consumers(t, l)) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("consumers left behind: %v", consumers(t, l))
		}
	}
}

// TestLostDelivery loses events on their way to the feed, the last of the log
// among them: nothing that comes later shows the gap.
func TestLostDelivery(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	writer := open(t, brokertest.Connect(t, b), Options{})
	wire := new(brokertest.Wire)
	reader := open(t, brokertest.Remote(t, dir, nats.SetCustomDialer(wire)), Options{})
	feed := follow(t, reader, reader.at(0))
	head := events.Head{Aggregate: events.Task(someID(1))}
	var want []events.Envelope
	for n := byte(0); n < 6; n++ {
		if n == 3 {
			wire.Lose()
		}
		done := mustAppend(t, writer, comment(head, n))
		want, head = append(want, done.Events...), done.Head
	}
	wire.Cut()
	if d := cmp.Diff(want, next(t, feed, 6)); d != "" {
		t.Errorf("followed differs (-want +got):\n%s", d)
	}
}

// TestAnotherLife replaces the stream under a log that is open.
func TestAnotherLife(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	l := open(t, nc, Options{})
	feed := follow(t, l, l.at(0))
	head := mustAppend(t, l, comment(events.Head{Aggregate: events.Task(someID(1))}, 1)).Head
	next(t, feed, 1)
	if err := client(t, l).DeleteStream(t.Context(), DefaultStream); err != nil {
		t.Fatal(err)
	}
	var other *Log
	recreate(t, func() (err error) {
		other, err = Open(t.Context(), nc, Options{})
		return err
	})
	if other.Incarnation() == l.Incarnation() {
		t.Fatalf("both lives are called %s", l.Incarnation())
	}
	// The new one is longer than the position, so a sequence would fit.
	for n := byte(0); n < 3; n++ {
		mustAppend(t, other, comment(events.Head{Aggregate: events.Task(someID(10 + n))}, n))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if b, err := feed.Next(ctx); !errors.Is(err, events.ErrIncarnation) {
		t.Errorf("feed goes on with %v, %v; want ErrIncarnation", b, err)
	}
	if _, err := l.End(ctx); !errors.Is(err, events.ErrIncarnation) {
		t.Errorf("end: %v, want ErrIncarnation", err)
	}
	if _, err := l.Append(ctx, comment(head, 9)); !errors.Is(err, events.ErrConflict) {
		t.Errorf("append based on the old life: %v, want a conflict", err)
	}
}

// TestDamagedLog follows a log that lacks a message, which no log of Docket's
// can unless its files were damaged: it stops there and says so.
func TestDamagedLog(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	j, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	s, err := j.CreateStream(t.Context(), js.StreamConfig{Name: DefaultStream, Subjects: []string{events.AllSubjects}, AllowDirect: true,
		Metadata: map[string]string{metadataIncarnation: "damaged"}})
	if err != nil {
		t.Fatal(err)
	}
	l := &Log{nc: nc, js: j, stream: DefaultStream, incarnation: "damaged", replicas: 1, log: discard, publishWait: retry.Timeout}
	head := events.Head{Aggregate: events.Task(someID(1))}
	for n := byte(1); n <= 5; n++ {
		head = mustAppend(t, l, comment(head, n)).Head
	}
	if err := s.DeleteMsg(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	feed := follow(t, l, l.at(0))
	next(t, feed, 2)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if b, err := feed.Next(ctx); err == nil || !strings.Contains(err.Error(), "lacks sequence 3") {
		t.Errorf("followed on with %v, %v; want to be told of sequence 3", b, err)
	}
	if _, err := Open(ctx, nc, Options{}); err == nil || !strings.Contains(err.Error(), "messages are missing") {
		t.Errorf("opened: %v, want to be told of what is missing", err)
	}
}

// TestSlowReader lets the feed wait with much before it, and reads it after.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	l := open(t, nc, Options{})
	feed := follow(t, l, l.at(0))
	const total = 3_000
	payload := make([]byte, 2_000)
	for range total {
		if err := nc.Publish(events.Task(someID(1)).Subject(), payload); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		end, err := l.End(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if end.Sequence == total {
			break
		}
	}
	malformed := 0
	for malformed < total {
		b, err := feed.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		malformed += b.Malformed
		if int(b.End.Sequence) != malformed {
			t.Fatalf("batch ends at %s after %d messages", b.End, malformed)
		}
	}
}

// TestFeedWithoutAConsumer follows a replicated log while no consumer can be made:
// what happens is read from the replicas, in order, once, and with what a consumer
// would say of it; so it is when there is a consumer again, which begins earlier.
func TestFeedWithoutAConsumer(t *testing.T) {
	t.Parallel()
	l := open(t, brokertest.Cluster(t, 3).Conn(t), Options{Replicas: 3})
	head := mustAppend(t, l, comment(events.Head{Aggregate: events.Task(someID(1))}, 1)).Head
	f := follow(t, l, l.at(0)).(*feed)
	next(t, f, 1)
	f.drop()
	f.opening = &opening{done: make(chan struct{}), cancel: func() {}}
	for n := byte(2); n <= 26; n++ { // several batches
		head = mustAppend(t, l, comment(head, n)).Head
	}
	ordered := func(got []events.Envelope, first uint64) {
		t.Helper()
		for i, e := range got {
			if want := l.at(first + uint64(i)); e.Position != want || e.Revision != want.Sequence {
				t.Errorf("event %d is at %s with revision %d, want %s", i, e.Position, e.Revision, want)
			}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for at := uint64(1); at < 26; {
		b, err := f.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		ordered(b.Events, at+1)
		at += uint64(len(b.Events))
		if b.End != l.at(at) || b.Head.Sequence < at || b.Head.Sequence > 26 || b.Stored.IsZero() || time.Since(b.Stored) > time.Hour {
			t.Errorf("a batch ends at %s of %s and was stored at %s, want %s", b.End, b.Head, b.Stored, l.at(at))
		}
	}
	if f.source != nil {
		t.Fatal("there was a consumer: the test has tried nothing")
	}

	source, err := f.begin(ctx, 20)
	if err != nil {
		t.Fatal(err)
	}
	f.opening.source = source
	close(f.opening.done)
	mustAppend(t, l, comment(head, 27))
	ordered(next(t, f, 1), 27)
	if f.source == nil {
		t.Error("the consumer is not used")
	}
}
