package accounts

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/internal/testkit"
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
			if err := sure(t, "a registration", func(ctx context.Context) error {
				_, err := processes[i%3].Register(ctx, r)
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if n := h.log.size(); n != 1 {
		t.Errorf("%d events, want 1", n)
	}

	// Of an attempt without an answer it is not known whether it counts.
	var tried, unknown atomic.Int64
	for i := range 15 {
		running.Go(func() {
			switch err := sure(t, "an answer to an attempt", func(ctx context.Context) error {
				_, err := processes[i%3].SignIn(ctx, Credentials{Email: bob, Password: wrong})
				if errors.Is(err, ErrUnavailable) {
					unknown.Add(1)
				}
				return err
			}); {
			case errors.Is(err, ErrCredentials):
				tried.Add(1)
			case !errors.Is(err, ErrTooManyAttempts):
				t.Error(err)
			}
		})
	}
	running.Wait()
	if n, m := tried.Load(), unknown.Load(); n > 5 || n+m < 5 {
		t.Errorf("%d passwords were tried, and %d may count beside, want 5", n, m)
	}

	p := byEmail(t, a, ada)
	for range 10 {
		s := signIn(t, a, ada)
		admitted(t, b, s.Secret)
		again := false
		if err := sure(t, "a revocation", func(ctx context.Context) error {
			err := a.RevokeSession(ctx, p.ID, s.ID)
			if again && errors.Is(err, ErrNotFound) {
				return nil // the first request came through, and its answer did not
			}
			again = true
			return err
		}); err != nil {
			t.Fatal(err)
		}
		answered(t, "the other process refuses", b, s.Secret, ErrUnauthenticated)
	}

	s := signIn(t, a, ada)
	admitted(t, b, s.Secret)
	cluster.Stop(cluster.Leader(t, "KV_docket_sessions"))
	warm(t, "the session outlives a broker", b, s.Secret)
	testkit.Eventually(t, "the erasure gets through", func() (error, bool) {
		_, err := a.Erase(t.Context(), p.ID)
		return err, err == nil
	})
	answered(t, "the other process refuses", b, s.Secret, ErrUnauthenticated)
	if found := readable(t, allStreams(a), ada); found != "" {
		t.Errorf("still readable: %s", found)
	}
}
