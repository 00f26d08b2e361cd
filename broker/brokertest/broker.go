package brokertest

import (
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker"
)

// Start starts a broker for the test. It syncs every write and stops when the
// test ends.
func Start(t testing.TB) *broker.Broker {
	t.Helper()
	return StartIn(t, t.TempDir())
}

// StartIn is [Start] with the given data directory, for tests that restart a
// broker.
func StartIn(t testing.TB, dir string) *broker.Broker {
	t.Helper()
	b, err := broker.Start(t.Context(), broker.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Stop)
	return b
}

// Conn starts a broker and connects to it.
func Conn(t testing.TB) *nats.Conn {
	t.Helper()
	return Connect(t, Start(t))
}

// Connect connects to a broker within the process. The connection is closed when
// the test ends.
func Connect(t testing.TB, b *broker.Broker, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := b.Connect(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// Remote connects to the running broker with the given data directory, in the same
// way as another process. The connection is closed when the test ends.
func Remote(t testing.TB, dir string, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := broker.DialRunning(t.Context(), dir, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}
