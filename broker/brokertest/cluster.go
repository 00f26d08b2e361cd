package brokertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/internal/testkit"
)

// Servers is a cluster of real NATS servers with JetStream that sync every
// write. Its methods may be called concurrently.
type Servers struct {
	mu      sync.Mutex
	options []*server.Options
	running []*server.Server // nil where stopped
}

// Cluster starts n clustered servers and returns once they have elected a
// leader and can place a stream of n replicas.
func Cluster(t testing.TB, n int) *Servers {
	t.Helper()
	c := &Servers{running: make([]*server.Server, n)}
	ports := freePorts(t, 2*n)
	var routes []*url.URL
	for i := range n {
		routes = append(routes, &url.URL{Scheme: "nats", Host: loopback(ports[n+i])})
	}
	for i := range n {
		c.options = append(c.options, &server.Options{
			ServerName: "node" + strconv.Itoa(i),
			Host:       "127.0.0.1",
			Port:       ports[i],
			Cluster:    server.ClusterOpts{Name: "brokertest", Host: "127.0.0.1", Port: ports[n+i]},
			Routes:     routes,
			JetStream:  true,
			StoreDir:   t.TempDir(),
			SyncAlways: true,
			NoLog:      true,
			NoSigs:     true,
			// Do not limit the store by the free space of a shared disk.
			JetStreamMaxStore: 1 << 40,
		})
	}
	t.Cleanup(func() {
		for i := range n {
			c.Stop(i)
		}
	})
	for i := range n {
		c.start(t, i)
	}
	c.await(t, "a leader that sees every server", func() (string, bool) {
		state := "no leader"
		for i, s := range c.running {
			if s.JetStreamIsLeader() {
				peers := len(s.JetStreamClusterPeers())
				if peers == n {
					return "", true
				}
				state = fmt.Sprintf("server %d leads and sees %d of %d servers", i, peers, n)
			}
		}
		return state, false
	})
	return c
}

// URL returns the addresses of all servers of the cluster, separated by commas.
func (c *Servers) URL() string {
	var urls []string
	for _, o := range c.options {
		urls = append(urls, "nats://"+loopback(o.Port))
	}
	return strings.Join(urls, ",")
}

// Conn connects to the cluster. The connection is closed when the test ends.
func (c *Servers) Conn(t testing.TB, opts ...nats.Option) *nats.Conn {
	t.Helper()
	nc, err := broker.Dial(t.Context(), c.URL(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return nc
}

// Stop stops server i and waits until it has stopped.
func (c *Servers) Stop(i int) {
	c.mu.Lock()
	s := c.running[i]
	c.running[i] = nil
	c.mu.Unlock()
	if s != nil {
		s.Shutdown()
		s.WaitForShutdown()
	}
}

// Restart stops server i and starts it with the same address and data.
func (c *Servers) Restart(t testing.TB, i int) {
	t.Helper()
	c.Stop(i)
	c.start(t, i)
}

// Leader waits until the stream has a leader among the running servers and
// returns its index.
func (c *Servers) Leader(t testing.TB, stream string) int {
	t.Helper()
	leader := -1
	c.await(t, "a leader of stream "+stream, func() (string, bool) {
		running := 0
		for i, s := range c.running {
			if s == nil {
				continue
			}
			running++
			if s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, stream) {
				leader = i
				return "", true
			}
		}
		return fmt.Sprintf("%d of %d servers run, and none leads it", running, len(c.running)), false
	})
	return leader
}

// Current waits until the stream is in sync on every running server.
func (c *Servers) Current(t testing.TB, stream string) {
	t.Helper()
	c.await(t, "current replicas of stream "+stream, func() (string, bool) {
		for i, s := range c.running {
			if s != nil && !s.JetStreamIsStreamCurrent(server.DEFAULT_GLOBAL_ACCOUNT, stream) {
				return fmt.Sprintf("server %d is behind", i), false
			}
		}
		return "", true
	})
}

// StepDown makes the stream's leader step down, so that the servers elect a new
// one.
func (c *Servers) StepDown(t testing.TB, nc *nats.Conn, stream string) {
	t.Helper()
	c.Leader(t, stream)
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	defer cancel()
	reply, err := nc.RequestWithContext(ctx, "$JS.API.STREAM.LEADER.STEPDOWN."+stream, nil)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Error *server.ApiError `json:"error"`
	}
	if err := json.Unmarshal(reply.Data, &answer); err != nil || answer.Error != nil {
		t.Fatalf("step down of stream %s: %v %v", stream, err, answer.Error)
	}
}

func (c *Servers) start(t testing.TB, i int) {
	t.Helper()
	// The server keeps and changes its options, so give it a copy.
	s, err := server.NewServer(c.options[i].Clone())
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(testkit.Limit) {
		t.Fatalf("waited %v for server %d to be ready for connections", testkit.Limit, i)
	}
	c.mu.Lock()
	c.running[i] = s
	c.mu.Unlock()
}

// await polls have, which runs under the lock.
func (c *Servers) await(t testing.TB, want string, have func() (state string, done bool)) {
	t.Helper()
	testkit.Eventually(t, want, func() (string, bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		return have()
	})
}

func freePorts(t testing.TB, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		// All ports stay open until the end, so that none is chosen twice.
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
