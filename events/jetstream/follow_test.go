package jetstream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
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

// next reads batches from the feed until it has n events.
func next(t *testing.T, feed events.Feed, n int) []events.Envelope {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
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

// TestFeedSurvivesLostConsumer deletes the feed's consumer repeatedly.
func TestFeedSurvivesLostConsumer(t *testing.T) {
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
		t.Errorf("followed events differ (-want +got):\n%s", d)
	}
	feed.Close()
	testkit.Eventually(t, "no consumers left behind", func() ([]string, bool) {
		left := consumers(t, l)
		return left, len(left) == 0
	})
}

// TestFeedSurvivesLostDelivery loses events in transit to the feed, including the
// last one of the log, so that no later event reveals the gap.
func TestFeedSurvivesLostDelivery(t *testing.T) {
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
		t.Errorf("followed events differ (-want +got):\n%s", d)
	}
}

// TestReplacedStreamIsDetected replaces the stream of a log that is open.
func TestReplacedStreamIsDetected(t *testing.T) {
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
		t.Fatalf("both streams have incarnation %s", l.Incarnation())
	}
	// The new log is longer, so it has an event at the feed's sequence.
	for n := byte(0); n < 3; n++ {
		mustAppend(t, other, comment(events.Head{Aggregate: events.Task(someID(10 + n))}, n))
	}
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	defer cancel()
	if b, err := feed.Next(ctx); !errors.Is(err, events.ErrIncarnation) {
		t.Errorf("feed continues with %v, %v; want ErrIncarnation", b, err)
	}
	if _, err := l.End(ctx); !errors.Is(err, events.ErrIncarnation) {
		t.Errorf("end: %v, want ErrIncarnation", err)
	}
	if _, err := l.Append(ctx, comment(head, 9)); !errors.Is(err, events.ErrConflict) {
		t.Errorf("append based on the old incarnation: %v, want ErrConflict", err)
	}
}

// TestDamagedLogIsReported follows a log with a missing message, which means that
// its files are damaged. The feed must stop there with an error.
func TestDamagedLogIsReported(t *testing.T) {
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
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	defer cancel()
	if b, err := feed.Next(ctx); err == nil || !strings.Contains(err.Error(), "sequence 3 is missing") {
		t.Errorf("feed continues with %v, %v; want an error about sequence 3", b, err)
	}
	if _, err := Open(ctx, nc, Options{}); err == nil || !strings.Contains(err.Error(), "messages are missing") {
		t.Errorf("open: %v, want an error about missing messages", err)
	}
}

// TestSlowReaderMissesNothing stores many messages before it reads the feed.
func TestSlowReaderMissesNothing(t *testing.T) {
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
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	defer cancel()
	testkit.Eventually(t, fmt.Sprintf("%d messages to be stored", total), func() (events.Position, bool) {
		end, err := l.End(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return end, end.Sequence == total
	})
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

// TestFeedReadsReplicasWithoutConsumer follows a replicated log while no consumer
// can be created. The feed reads events from the replicas, in order, once, and
// with the same metadata as from a consumer. A later consumer that starts at an
// earlier sequence causes no repetitions.
func TestFeedReadsReplicasWithoutConsumer(t *testing.T) {
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
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	defer cancel()
	for at := uint64(1); at < 26; {
		b, err := f.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		ordered(b.Events, at+1)
		at += uint64(len(b.Events))
		if b.End != l.at(at) || b.Head.Sequence < at || b.Head.Sequence > 26 || b.Stored.IsZero() || time.Since(b.Stored) > time.Hour {
			t.Errorf("batch has end %s, head %s and time of storage %s; want end %s", b.End, b.Head, b.Stored, l.at(at))
		}
	}
	if f.source != nil {
		t.Fatal("the feed has a consumer, so the test proves nothing")
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
		t.Error("the feed does not use the consumer")
	}
}
