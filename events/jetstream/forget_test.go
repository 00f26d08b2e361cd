package jetstream

import (
	"bytes"
	"errors"
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
)

// forgetful dials a server that does not check the expected sequence, as one
// that has just become leader may not: the header is renamed on the way.
type forgetful struct{}

func (forgetful) Dial(network, address string) (net.Conn, error) {
	c, err := net.Dial(network, address)
	return forgetfulConn{c}, err
}

type forgetfulConn struct{ net.Conn }

func (c forgetfulConn) Write(p []byte) (int, error) {
	// Of the same length, for the protocol counts bytes.
	return c.Conn.Write(bytes.ReplaceAll(p, []byte(headerExpectedSequence), []byte("X"+headerExpectedSequence[1:])))
}

// TestForgetfulLeader has a write acknowledged that lies off the chain. The
// caller learns of a conflict, not of a success that no reader would believe,
// and writes its command on the next try.
func TestForgetfulLeader(t *testing.T) {
	t.Parallel()
	for _, several := range []bool{false, true} {
		dir := t.TempDir()
		b := brokertest.StartIn(t, dir)
		l := open(t, brokertest.Connect(t, b), Options{})
		loser := open(t, brokertest.Remote(t, dir, nats.SetCustomDialer(forgetful{})), Options{})
		loser.replicas = 3 // believes in leaders that change

		base := mustAppend(t, l, comment(events.Head{Aggregate: events.Task(someID(1))}, 1)).Head
		winner := mustAppend(t, l, comment(base, 2))
		c := comment(base, 3)
		if several {
			c.Events = append(c.Events, events.TaskDeleted{})
		}
		if _, err := loser.Append(t.Context(), c); !errors.Is(err, events.ErrConflict) {
			t.Fatalf("acknowledged off the chain: %v, want a conflict", err)
		}
		end, err := l.End(t.Context())
		if want := uint64(2 + len(c.Events)); err != nil || end.Sequence != want {
			t.Fatalf("log ends at %s, %v; want the write at %d: the test forges nothing", end, err, want)
		}
		came, now, err := loser.Load(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(winner.Events, came); d != "" {
			t.Errorf("what counts (-want +got):\n%s", d)
		}
		c.Head = now
		done := mustAppend(t, loser, c)
		if done.Duplicate {
			t.Error("the write off the chain was taken for the command's outcome")
		}
		loaded, head, err := l.Load(t.Context(), winner.Head)
		if err != nil || head != done.Head {
			t.Errorf("head %v, %v; want %v", head, err, done.Head)
		}
		if d := cmp.Diff(done.Events, loaded); d != "" {
			t.Errorf("appended differs from loaded (-want +got):\n%s", d)
		}
	}
}
