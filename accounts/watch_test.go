package accounts

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/brokertest"
)

func TestRevocationReachesOtherProcesses(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a, b := h.open(t), h.open(t)
	p := register(t, a, ada)
	s := signIn(t, a, ada)
	token, err := a.CreateToken(t.Context(), p.ID, TokenRequest{Name: "n", Scopes: allScopes})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{s.Secret, token.Secret} {
		eventually(t, "the secret is remembered", func() bool {
			_, err := b.Authenticate(t.Context(), secret)
			return err == nil && remembered(b, secret)
		})
	}
	if err := a.RevokeSession(t.Context(), p.ID, s.ID); err != nil {
		t.Fatal(err)
	}
	if err := a.RevokeToken(t.Context(), p.ID, token.ID); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{s.Secret, token.Secret} {
		eventually(t, "the other process refuses", func() bool {
			_, err := b.Authenticate(t.Context(), secret)
			return errors.Is(err, ErrUnauthenticated)
		})
	}
}

// remembered reports whether the secret is in the cache and the cache is trusted.
func remembered(a *Accounts, secret string) bool {
	p := a.sessions
	if secret[:len(PrefixToken)] == PrefixToken {
		p = a.tokens
	}
	_, ok := p.cache.get(credentialID(sum(secret)))
	return ok && p.watch.live()
}

// TestOldComparisonIsNotTrusted checks that a comparison that began before the
// connection broke does not count after it.
func TestOldComparisonIsNotTrusted(t *testing.T) {
	t.Parallel()
	w := newWatch(nil, nil, memory{})
	p := proof{asked: time.Now(), last: 7}
	w.settle(6, p)
	if w.live() {
		t.Error("trusted while behind")
	}
	w.settle(7, p)
	if !w.live() {
		t.Error("not trusted although it has seen everything")
	}
	w.distrust()
	w.settle(7, p)
	if w.live() {
		t.Error("trusted because of a comparison before the break")
	}
	w.settle(7, proof{asked: time.Now().Add(-trust), breaks: 1, last: 7})
	if w.live() {
		t.Error("trusted because of an old comparison")
	}
}

func TestCachedSecretsCauseNoRequests(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	register(t, a, ada)
	s := signIn(t, a, ada)
	admitted(t, a, s.Secret)
	asked := h.nc.Stats().OutMsgs
	const times = 10_000
	for range times {
		admitted(t, a, s.Secret)
	}
	// The watches send one request a second.
	if n := h.nc.Stats().OutMsgs - asked; n > times/100 {
		t.Errorf("%d requests for %d secrets", n, times)
	}
}

// openOverWire opens two processes, the second over a connection that can fail.
func openOverWire(t *testing.T) (near, far *Accounts, wire *brokertest.Wire) {
	t.Helper()
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	h := &fixture{nc: brokertest.Connect(t, b), log: newRecord(), clock: newClock()}
	wire = new(brokertest.Wire)
	// A connection within the process would not use the dialer.
	nc, err := broker.DialRunning(t.Context(), dir, nats.SetCustomDialer(wire), nats.ReconnectWait(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	return h.open(t), h.openOn(t, nc), wire
}

// TestRevocationWhilePacketsAreLost revokes a session while the other process
// receives nothing, which looks the same as a bucket without changes.
func TestRevocationWhilePacketsAreLost(t *testing.T) {
	t.Parallel()
	near, far, wire := openOverWire(t)
	p := register(t, near, ada)
	s := signIn(t, near, ada)
	eventually(t, "the secret is remembered", func() bool {
		admitted(t, far, s.Secret)
		return remembered(far, s.Secret)
	})
	wire.Lose()
	if err := near.RevokeSession(t.Context(), p.ID, s.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mute process lets nobody in", func() bool {
		_, err := far.Authenticate(t.Context(), s.Secret)
		return err != nil
	})
	// It rejects because its cache is stale, and keeps rejecting.
	if _, err := far.Authenticate(t.Context(), s.Secret); !errors.Is(err, ErrUnavailable) {
		t.Errorf("want %v, have %v", ErrUnavailable, err)
	}
	wire.Cut()
	eventually(t, "the process is back and knows", func() bool {
		_, err := far.Authenticate(t.Context(), s.Secret)
		return errors.Is(err, ErrUnauthenticated)
	})
}

// TestRevocationDuringReconnect revokes a session while the connection is lost
// and restored between two comparisons.
func TestRevocationDuringReconnect(t *testing.T) {
	t.Parallel()
	near, far, wire := openOverWire(t)
	p := register(t, near, ada)
	for range 5 {
		s := signIn(t, near, ada)
		eventually(t, "the secret is remembered", func() bool {
			_, err := far.Authenticate(t.Context(), s.Secret)
			return err == nil && remembered(far, s.Secret)
		})
		before := far.sessions.watch.breaks.Load()
		wire.Cut()
		if err := near.RevokeSession(t.Context(), p.ID, s.ID); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the break is noticed", func() bool { return far.sessions.watch.breaks.Load() > before })
		eventually(t, "the process is back and knows", func() bool {
			_, err := far.Authenticate(t.Context(), s.Secret)
			return errors.Is(err, ErrUnauthenticated)
		})
	}
	s := signIn(t, near, ada)
	eventually(t, "memory is trusted again", func() bool {
		_, err := far.Authenticate(t.Context(), s.Secret)
		return err == nil && remembered(far, s.Secret)
	})
}

func TestAccountsSurviveBrokerRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := brokertest.StartIn(t, dir)
	nc, err := broker.DialRunning(t.Context(), dir, nats.ReconnectWait(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	h := &fixture{nc: nc, log: newRecord(), clock: newClock()}
	a, b := h.open(t), h.open(t)
	p := register(t, a, ada)
	kept, gone := signIn(t, a, ada), signIn(t, a, ada)
	admitted(t, b, kept.Secret)
	admitted(t, b, gone.Secret)
	if err := try(t, a, bob, wrong, ""); !errors.Is(err, ErrCredentials) {
		t.Fatal(err)
	}

	first.Stop()
	eventually(t, "the loss is noticed", func() bool { return !b.sessions.watch.live() })
	if _, err := b.Authenticate(t.Context(), kept.Secret); err != nil {
		t.Errorf("shortly after the broker stopped: %v", err)
	}
	eventually(t, "nobody is let in any more", func() bool {
		_, err := b.Authenticate(t.Context(), kept.Secret)
		return errors.Is(err, ErrUnavailable)
	})
	if err := try(t, a, ada, adaPassword, ""); err == nil {
		t.Error("sign-in without a broker succeeded")
	}
	if q, ok := b.Person(p.ID); !ok || q != p {
		t.Errorf("person without a broker: %v", q)
	}

	brokertest.StartIn(t, dir) // on the same port
	eventually(t, "the session is good again", func() bool {
		_, err := b.Authenticate(t.Context(), kept.Secret)
		return err == nil && remembered(b, kept.Secret)
	})
	if err := a.RevokeSession(t.Context(), p.ID, gone.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a later revocation is seen", func() bool {
		_, err := b.Authenticate(t.Context(), gone.Secret)
		return errors.Is(err, ErrUnauthenticated)
	})
	if err := a.Rename(t.Context(), p.ID, "Lovelace"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a later name is seen", func() bool {
		q, _ := b.Person(p.ID)
		return q.Name == "Lovelace"
	})
	c, _, err := get[count](t.Context(), b.attempts.bucket, "account."+b.instance.addressKey(bob))
	if err != nil || c.Count != 1 {
		t.Errorf("%d attempts after the restart, %v, want 1", c.Count, err)
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	h := newFixture(b)
	a := h.open(b, func(o *Options) { o.Now = nil })
	register(b, a, ada)
	s := signIn(b, a, ada)
	b.Run("warm", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := a.Authenticate(b.Context(), s.Secret); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("warm_parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if _, err := a.Authenticate(b.Context(), s.Secret); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			a.sessions.cache.clear()
			if _, err := a.Authenticate(b.Context(), s.Secret); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("forged", func(b *testing.B) {
		forged := s.Secret[:len(s.Secret)-4] + "AAAA"
		for b.Loop() {
			if _, err := a.Authenticate(b.Context(), forged); err == nil {
				b.Fatal("a forged secret is accepted")
			}
		}
	})
}

func sum(secret string) [32]byte { return sha256.Sum256([]byte(secret)) }
