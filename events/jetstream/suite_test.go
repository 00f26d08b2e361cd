package jetstream

import (
	"context"
	"testing"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/logtest"
	"github.com/docketlog/docket/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, nc *nats.Conn, o Options) *Log {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	defer cancel()
	l, err := Open(ctx, nc, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// store writes a message without the log's checks.
func store(nc *nats.Conn) func(context.Context, string, map[string][]string, []byte) (uint64, error) {
	return func(ctx context.Context, subject string, header map[string][]string, payload []byte) (uint64, error) {
		j, err := js.New(nc)
		if err != nil {
			return 0, err
		}
		ack, err := j.PublishMsg(ctx, &nats.Msg{Subject: subject, Header: header, Data: payload})
		if err != nil {
			return 0, err
		}
		return ack.Sequence, nil
	}
}

func TestEmbedded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	logtest.Run(t, embedded(t, dir, &b))
}

// TestRestarted runs the suite on a log that was written before a restart of the
// server.
func TestRestarted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	nc := brokertest.Connect(t, b)
	l := open(t, nc, Options{})
	head := events.Head{Aggregate: events.Task(someID(1))}
	var last events.Appended
	for i := range 20 {
		var err error
		if last, err = l.Append(t.Context(), comment(head, byte(i))); err != nil {
			t.Fatal(err)
		}
		head = last.Head
	}
	nc.Close()
	b.Stop()

	b = brokertest.StartIn(t, dir)
	target := embedded(t, dir, &b)
	loaded, now, err := target.Log.Load(t.Context(), events.Head{Aggregate: head.Aggregate})
	if err != nil || len(loaded) != 20 || now != head {
		t.Fatalf("after the restart: %d events, head %v, %v; want 20, %v", len(loaded), now, err, head)
	}
	if end, err := target.Log.End(t.Context()); err != nil || end != last.Events[0].Position {
		t.Fatalf("after the restart the log ends at %s, %v; want %s", end, err, last.Events[0].Position)
	}
	logtest.Run(t, target)
}

// embedded returns a target on the broker. Disturb replaces the broker by a new
// one in the same directory.
func embedded(t *testing.T, dir string, b **broker.Broker) logtest.Target {
	wire := new(brokertest.Wire)
	nc := brokertest.Remote(t, dir)
	return logtest.Target{
		Log:   open(t, nc, Options{}),
		Other: open(t, brokertest.Remote(t, dir), Options{}),
		Deaf:  open(t, brokertest.Remote(t, dir, nats.SetCustomDialer(wire)), Options{}),
		Lose:  wire.Lose,
		Cut:   wire.Cut,
		Store: store(nc),
		Disturb: func(t *testing.T) {
			(*b).Stop()
			next, err := broker.Start(t.Context(), broker.Options{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			*b = next
			t.Cleanup(next.Stop)
		},
	}
}

// TestReplicated runs the suite on three servers with three replicas. Disturb
// stops and restarts the leader.
func TestReplicated(t *testing.T) {
	t.Parallel()
	c := brokertest.Cluster(t, 3)
	wire := new(brokertest.Wire)
	nc := c.Conn(t)
	o := Options{Replicas: 3}
	logtest.Run(t, logtest.Target{
		Log:   open(t, nc, o),
		Other: open(t, c.Conn(t), o),
		Deaf:  open(t, c.Conn(t, nats.SetCustomDialer(wire)), o),
		Lose:  wire.Lose,
		Cut:   wire.Cut,
		Store: store(nc),
		Disturb: func(t *testing.T) {
			i := c.Leader(t, DefaultStream)
			c.Stop(i)
			c.Leader(t, DefaultStream)
			c.Restart(t, i)
			c.Current(t, DefaultStream)
			c.StepDown(t, nc, DefaultStream)
		},
	})
}
