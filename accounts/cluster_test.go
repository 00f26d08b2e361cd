package accounts

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker/brokertest"
)

// TestReplicatedBuckets runs on three brokers, which report conflicts with a
// different code than a single broker does. Any of them may be behind.
func TestReplicatedBuckets(t *testing.T) {
	t.Parallel()
	cluster := brokertest.Cluster(t, 3)
	h := &fixture{nc: cluster.Conn(t), log: newRecord(), clock: newClock()}
	tune := func(o *Options) { o.Replicas = 3; o.Limits.PerAccount = 5 }
	var processes []*Accounts
	for range 3 {
		processes = append(processes, h.openOn(t, cluster.Conn(t, nats.DontRandomize()), tune))
	}
	a, b := processes[0], processes[1]

	var running sync.WaitGroup
	for i := range 6 {
		running.Go(func() {
			r := Registration{Email: ada, Name: "Ada", Password: adaPassword}
			if _, err := processes[i%3].Register(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if n := len(h.log.events); n != 1 {
		t.Errorf("%d registrations in the log, want 1", n)
	}

	var tried atomic.Int64
	for i := range 15 {
		running.Go(func() {
			switch err := try(t, processes[i%3], bob, wrong, ""); {
			case errors.Is(err, ErrCredentials):
				tried.Add(1)
			case !errors.Is(err, ErrTooManyAttempts):
				t.Error(err)
			}
		})
	}
	running.Wait()
	if n := tried.Load(); n != 5 {
		t.Errorf("%d passwords were tried, want 5", n)
	}

	p, err := a.ByEmail(t.Context(), ada)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		s := signIn(t, a, ada)
		admitted(t, b, s.Secret)
		if err := a.RevokeSession(t.Context(), p.ID, s.ID); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the other process refuses", func() bool {
			_, err := b.Authenticate(t.Context(), s.Secret)
			return errors.Is(err, ErrUnauthenticated)
		})
	}

	s := signIn(t, a, ada)
	admitted(t, b, s.Secret)
	cluster.Stop(cluster.Leader(t, "KV_docket_sessions"))
	eventually(t, "the session outlives a broker", func() bool {
		_, err := b.Authenticate(t.Context(), s.Secret)
		return err == nil && remembered(b, s.Secret)
	})
	eventually(t, "the erasure gets through", func() bool {
		_, err := a.Erase(t.Context(), p.ID)
		return err == nil
	})
	eventually(t, "the other process refuses", func() bool {
		_, err := b.Authenticate(t.Context(), s.Secret)
		return errors.Is(err, ErrUnauthenticated)
	})
	if found := readable(t, allStreams(a), ada); found != "" {
		t.Errorf("still readable: %s", found)
	}
}
