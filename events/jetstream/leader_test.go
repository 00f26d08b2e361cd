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

// unchecked dials a server and renames the header of the expected sequence, so
// that the server does not check it, as a newly elected leader may not.
type unchecked struct{}

func (unchecked) Dial(network, address string) (net.Conn, error) {
	c, err := net.Dial(network, address)
	return uncheckedConn{c}, err
}

type uncheckedConn struct{ net.Conn }

func (c uncheckedConn) Write(p []byte) (int, error) {
	// The new name has the same length, because the protocol counts bytes.
	return c.Conn.Write(bytes.ReplaceAll(p, []byte(headerExpectedSequence), []byte("X"+headerExpectedSequence[1:])))
}

// TestAcknowledgedForkIsAConflict lets the server acknowledge a write that does
// not continue the chain. The caller gets a conflict and not a success that no
// reader would accept, and a retry succeeds.
func TestAcknowledgedForkIsAConflict(t *testing.T) {
	t.Parallel()
	for _, several := range []bool{false, true} {
		dir := t.TempDir()
		b := brokertest.StartIn(t, dir)
		l := open(t, brokertest.Connect(t, b), Options{})
		loser := open(t, brokertest.Remote(t, dir, nats.SetCustomDialer(unchecked{})), Options{})
		loser.replicas = 3 // as on a stream whose leader can change

		base := mustAppend(t, l, comment(events.Head{Aggregate: events.Task(someID(1))}, 1)).Head
		winner := mustAppend(t, l, comment(base, 2))
		c := comment(base, 3)
		if several {
			c.Events = append(c.Events, events.TaskDeleted{})
		}
		if _, err := loser.Append(t.Context(), c); !errors.Is(err, events.ErrConflict) {
			t.Fatalf("acknowledged off the chain: %v, want ErrConflict", err)
		}
		end, err := l.End(t.Context())
		if want := uint64(2 + len(c.Events)); err != nil || end.Sequence != want {
			t.Fatalf("log ends at %s, %v; want %d: the server did not accept the fork", end, err, want)
		}
		came, now, err := loser.Load(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(winner.Events, came); d != "" {
			t.Errorf("accepted events differ (-want +got):\n%s", d)
		}
		c.Head = now
		done := mustAppend(t, loser, c)
		if done.Duplicate {
			t.Error("the fork is reported as the command's outcome")
		}
		loaded, head, err := l.Load(t.Context(), winner.Head)
		if err != nil || head != done.Head {
			t.Errorf("head %v, %v; want %v", head, err, done.Head)
		}
		if d := cmp.Diff(done.Events, loaded); d != "" {
			t.Errorf("loaded events differ from the appended ones (-want +got):\n%s", d)
		}
	}
}
