package brokertest

import (
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker"
)

// Start runs a broker of its own for the test, syncing every write.
func Start(t testing.TB) *broker.Broker {
	t.Helper()
	return StartIn(t, t.TempDir())
}

// StartIn is [Start] on a data folder of the caller's, for tests that stop a
// broker and start it again.
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

// Connect connects to a broker within the process for as long as the test runs.
func Connect(t testing.TB, b *broker.Broker, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := b.Connect(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// Remote connects to the broker that runs on the data folder the way another
// process would, for as long as the test runs.
func Remote(t testing.TB, dir string, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := broker.DialRunning(t.Context(), dir, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}
