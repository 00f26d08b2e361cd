package jetstream

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
)

func client(t *testing.T, l *Log) js.JetStream {
	t.Helper()
	j, err := js.New(l.nc)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestConcurrentOpensAgree opens the same new log from several processes.
func TestConcurrentOpensAgree(t *testing.T) {
	t.Parallel()
	c := brokertest.Cluster(t, 3)
	var mu sync.Mutex
	found := make(map[string]int)
	var wg sync.WaitGroup
	for range 6 {
		nc := c.Conn(t)
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
			defer cancel()
			l, err := Open(ctx, nc, Options{Replicas: 3})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			found[l.Incarnation()]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(found) != 1 {
		t.Errorf("incarnations by number of processes: %v, want one for all", found)
	}
	for incarnation := range found {
		if _, err := events.ParsePosition(incarnation + "-0"); err != nil || len(incarnation) != 8 {
			t.Errorf("incarnation %q is not valid in a position: %v", incarnation, err)
		}
	}
	// A later process finds the same log, and gets an error if it wants more replicas.
	nc := c.Conn(t)
	if l := open(t, nc, Options{}); found[l.Incarnation()] == 0 || l.replicas != 3 {
		t.Errorf("opened later: incarnation %s with %d replicas", l.Incarnation(), l.replicas)
	}
	if _, err := Open(t.Context(), nc, Options{Replicas: 5}); err == nil || !strings.Contains(err.Error(), "replicas") {
		t.Errorf("open with five replicas: %v, want an error about replicas", err)
	}
}

// TestOpenReportsUnsafeSettings opens streams that were created with other
// settings.
func TestOpenReportsUnsafeSettings(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	j, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	good := js.StreamConfig{
		Name: DefaultStream, Subjects: []string{events.AllSubjects}, Discard: js.DiscardNew, DenyDelete: true, DenyPurge: true,
		AllowDirect: true, AllowAtomicPublish: true, Metadata: map[string]string{metadataIncarnation: "abc"},
	}
	for _, c := range []struct {
		change func(*js.StreamConfig)
		want   []string
	}{
		{func(*js.StreamConfig) {}, nil},
		{func(c *js.StreamConfig) { c.MaxBytes = 1 << 30 }, nil},
		{func(c *js.StreamConfig) { c.Metadata = nil }, []string{metadataIncarnation}},
		{func(c *js.StreamConfig) { c.Metadata = map[string]string{metadataIncarnation: "A-1"} }, []string{metadataIncarnation}},
		{func(c *js.StreamConfig) { c.Subjects = []string{"events.task.*"} }, []string{"subjects"}},
		{func(c *js.StreamConfig) { c.Subjects = append(c.Subjects, "other") }, []string{"subjects"}},
		{func(c *js.StreamConfig) { c.Storage = js.MemoryStorage }, []string{"storage"}},
		{func(c *js.StreamConfig) { c.Retention = js.InterestPolicy }, []string{"retention"}},
		{func(c *js.StreamConfig) { c.Discard = js.DiscardOld }, []string{"discard"}},
		{func(c *js.StreamConfig) { c.MaxAge = time.Hour }, []string{"max age"}},
		{func(c *js.StreamConfig) { c.MaxMsgsPerSubject = 5 }, []string{"per subject"}},
		{func(c *js.StreamConfig) { c.DenyDelete = false }, []string{"deny delete"}},
		{func(c *js.StreamConfig) { c.DenyPurge = false }, []string{"deny purge"}},
		{func(c *js.StreamConfig) { c.DenyPurge, c.AllowRollup = false, true }, []string{"deny purge", "rollup"}},
		{func(c *js.StreamConfig) { c.AllowMsgTTL = true }, []string{"TTL"}},
		{func(c *js.StreamConfig) { c.NoAck, c.AllowAtomicPublish = true, false }, []string{"no ack", "atomic"}},
		{func(c *js.StreamConfig) { c.AllowDirect = false }, []string{"allow direct"}},
		{func(c *js.StreamConfig) { c.PersistMode, c.AllowAtomicPublish = js.AsyncPersistMode, false }, []string{"persist mode", "atomic"}},
		{func(c *js.StreamConfig) { c.FirstSeq = 10 }, []string{"missing"}},
	} {
		config := good
		c.change(&config)
		recreate(t, func() error {
			_, err := j.CreateStream(t.Context(), config)
			return err
		})
		_, err := Open(t.Context(), nc, Options{})
		if (err == nil) != (c.want == nil) {
			t.Errorf("%q: %v", c.want, err)
		}
		for _, want := range c.want {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%v does not contain %q", err, want)
			}
		}
		if err := j.DeleteStream(t.Context(), config.Name); err != nil {
			t.Fatal(err)
		}
	}
}

// recreate creates a stream after one of the same name was deleted. The server
// removes files in the background and fails until it is done.
func recreate(t *testing.T, create func() error) {
	t.Helper()
	testkit.Eventually(t, "the stream to be made", func() (error, bool) {
		err := create()
		return err, err == nil
	})
}

func TestOpenWithoutServer(t *testing.T) {
	t.Parallel()
	b := brokertest.Start(t)
	nc := brokertest.Connect(t, b)
	b.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, nc, Options{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("open without a server: %v, want context.DeadlineExceeded", err)
	}
}

// TestEventsCannotBeRemoved asks the server for operations that the stream must
// refuse.
func TestEventsCannotBeRemoved(t *testing.T) {
	t.Parallel()
	l := open(t, brokertest.Conn(t), Options{})
	head := events.Head{Aggregate: events.Task(someID(1))}
	if _, err := l.Append(t.Context(), comment(head, 1)); err != nil {
		t.Fatal(err)
	}
	s, err := client(t, l).Stream(t.Context(), DefaultStream)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteMsg(t.Context(), 1); err == nil {
		t.Error("an event was deleted")
	}
	if err := s.SecureDeleteMsg(t.Context(), 1); err == nil {
		t.Error("an event was erased")
	}
	if err := s.Purge(t.Context()); err == nil {
		t.Error("the log was purged")
	}
	config := s.CachedInfo().Config
	config.DenyDelete, config.DenyPurge = false, false
	if _, err := client(t, l).UpdateStream(t.Context(), config); err == nil {
		t.Error("deny delete and deny purge were disabled")
	}
	if loaded, _, err := l.Load(t.Context(), head); err != nil || len(loaded) != 1 {
		t.Errorf("loaded %d events, %v; want 1", len(loaded), err)
	}
}
