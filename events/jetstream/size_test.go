package jetstream

import (
	"testing"
	"time"

	"github.com/docketlog/docket/broker/brokertest"
)

// TestSizeCountsCurrentReplicas stops and restarts one of three servers.
func TestSizeCountsCurrentReplicas(t *testing.T) {
	t.Parallel()
	c := brokertest.Cluster(t, 3)
	l := open(t, c.Conn(t), Options{Replicas: 3})
	eventually := func(current int) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
			size, err := l.Size(t.Context())
			if err == nil && size.Copies == 3 && size.Current == current {
				if size.Ahead < 0 || size.Ahead > time.Minute {
					t.Errorf("Ahead is %s on a server of this machine, want 0 to 1m", size.Ahead)
				}
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%+v %v, want %d current copies", size, err, current)
			}
		}
	}
	eventually(3)
	gone := (c.Leader(t, DefaultStream) + 1) % 3
	c.Stop(gone)
	eventually(2)
	c.Restart(t, gone)
	eventually(3)
}

func TestSizeOfOneServer(t *testing.T) {
	t.Parallel()
	size, err := open(t, brokertest.Conn(t), Options{}).Size(t.Context())
	if err != nil || size.Copies != 1 || size.Current != 1 {
		t.Errorf("%+v, %v; want one replica", size, err)
	}
}
