package jetstream

import (
	"fmt"
	"testing"
	"time"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/internal/testkit"
)

// TestSizeCountsCurrentReplicas stops and restarts one of three servers.
func TestSizeCountsCurrentReplicas(t *testing.T) {
	t.Parallel()
	c := brokertest.Cluster(t, 3)
	l := open(t, c.Conn(t), Options{Replicas: 3})
	eventually := func(current int) {
		t.Helper()
		var size Size
		testkit.Eventually(t, fmt.Sprintf("%d current of 3 copies", current), func() (string, bool) {
			var err error
			size, err = l.Size(t.Context())
			return fmt.Sprintf("%+v, %v", size, err), err == nil && size.Copies == 3 && size.Current == current
		})
		if size.Ahead < 0 || size.Ahead > time.Minute {
			t.Errorf("the clock of this machine is %s ahead of itself", size.Ahead)
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
