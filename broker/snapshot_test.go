package broker_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/brokertest"
)

// TestSnapshotComesBack copies a stream from one server to another. The stream
// has more pieces than are in transit at once, and a consumer in the middle of
// it.
func TestSnapshotComesBack(t *testing.T) {
	t.Parallel()
	from, to := brokertest.Conn(t), brokertest.Conn(t)
	js, err := jetstream.New(from)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}, Storage: jetstream.FileStorage})
	if err != nil {
		t.Fatal(err)
	}
	consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{Durable: "c", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 64<<10)
	const messages = 200 // 12 MiB
	for i := range messages {
		for j := range noise {
			noise[j] = byte(rand.Uint32())
		}
		if _, err := js.Publish(t.Context(), fmt.Sprint("s.", i), noise); err != nil {
			t.Fatal(err)
		}
	}
	first, err := consumer.Next()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.DoubleAck(t.Context()); err != nil {
		t.Fatal(err)
	}

	var of broker.Snapshot
	var content bytes.Buffer
	begun := func(s broker.Snapshot) error { of = s; return nil }
	if err := broker.TakeSnapshot(t.Context(), from, "S", begun, &content); err != nil {
		t.Fatal(err)
	}
	if content.Len() < messages*len(noise) {
		t.Fatalf("a snapshot of %d bytes", content.Len())
	}
	whole := content.Bytes()
	// Truncated content is an error, though a part of the stream may exist.
	if err := broker.RestoreSnapshot(t.Context(), to, "S", of, bytes.NewReader(whole[:len(whole)/2])); err == nil {
		t.Error("half a snapshot was restored")
	}
	there, err := jetstream.New(to)
	if err != nil {
		t.Fatal(err)
	}
	if err := there.DeleteStream(t.Context(), "S"); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		t.Fatal(err)
	}
	if err := broker.RestoreSnapshot(t.Context(), to, "S", of, bytes.NewReader(whole)); err != nil {
		t.Fatal(err)
	}
	var refused *broker.APIError
	if err := broker.RestoreSnapshot(t.Context(), to, "S", of, bytes.NewReader(whole)); !errors.As(err, &refused) {
		t.Errorf("restored over a stream that is there: %v", err)
	}
	last, err := there.Stream(t.Context(), "S")
	if err != nil || last.CachedInfo().State.Msgs != messages {
		t.Fatalf("%v, %+v", err, last.CachedInfo().State)
	}
	if m, err := last.GetMsg(t.Context(), messages); err != nil || !bytes.Equal(m.Data, noise) {
		t.Errorf("the last message is another: %v", err)
	}
	info, err := there.Consumer(t.Context(), "S", "c")
	if err != nil || info.CachedInfo().AckFloor.Stream != 1 {
		t.Errorf("the consumer does not stand where it stood: %v, %+v", err, info)
	}
	if err := broker.TakeSnapshot(t.Context(), from, "NONE", begun, &content); !errors.As(err, &refused) {
		t.Errorf("a snapshot of no stream: %v", err)
	}
	full := errors.New("full")
	if err := broker.TakeSnapshot(t.Context(), from, "S", begun, failing{full}); !errors.Is(err, full) {
		t.Errorf("written to what is full: %v", err)
	}
}

// failing is a writer that always fails.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestRestoreWaitsForListeners: a server of a cluster may reply before its
// subscription is known. The content it then receives must be complete.
func TestRestoreWaitsForListeners(t *testing.T) {
	t.Parallel()
	// A server without JetStream, and a client in its place that can subscribe
	// late.
	plain, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	plain.Start()
	t.Cleanup(func() { plain.Shutdown(); plain.WaitForShutdown() })
	late, err := nats.Connect(plain.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer late.Close()
	all := make(chan []byte, 1)
	_, err = late.Subscribe("$JS.API.STREAM.RESTORE.S", func(m *nats.Msg) {
		_ = m.Respond([]byte(`{"deliver_subject":"pieces"}`))
		time.Sleep(250 * time.Millisecond)
		var got []byte
		_, _ = late.Subscribe("pieces", func(m *nats.Msg) {
			if got = append(got, m.Data...); len(m.Data) > 0 {
				_ = m.Respond(nil)
				return
			}
			all <- got
			_ = m.Respond([]byte(`{"config":{}}`))
		})
	})
	if err == nil {
		err = late.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(plain.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	content := make([]byte, 100<<10)
	for i := range content {
		content[i] = byte(rand.Uint32())
	}
	if err := broker.RestoreSnapshot(t.Context(), nc, "S", broker.Snapshot{}, bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
	if got := <-all; !bytes.Equal(got, content) {
		t.Errorf("it was given %d bytes, not the %d there are", len(got), len(content))
	}
}
