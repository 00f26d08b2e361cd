package accounts

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/internal/testkit"
)

func TestRevocationReachesOtherProcesses(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a, b := h.open(t), h.open(t)
	p := register(t, a, ada)
	s := signIn(t, a, ada)
	token, err := a.CreateToken(within(t), p.ID, TokenRequest{Name: "n", Scopes: allScopes})
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{s.Secret, token.Secret} {
		warm(t, "the secret is remembered", b, secret)
	}
	if err := a.RevokeSession(within(t), p.ID, s.ID); err != nil {
		t.Fatal(err)
	}
	if err := a.RevokeToken(within(t), p.ID, token.ID); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{s.Secret, token.Secret} {
		answered(t, "the other process refuses", b, secret, ErrUnauthenticated)
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
	p := proof{asked: time.Now().Add(time.Hour), last: 7} // so that belief does not end while the test runs
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
	const times = 10_000
	began, asked := time.Now(), uint64(0)
	for n := 0; n < times; {
		if time.Since(began) > testkit.Limit {
			t.Fatalf("only %d of %d secrets were answered from memory", n, times)
		}
		before, known := h.nc.Stats().OutMsgs, remembered(a, s.Secret)
		admitted(t, a, s.Secret)
		// On a busy machine the watches may fall behind, and memory be in doubt.
		if known && remembered(a, s.Secret) {
			asked += h.nc.Stats().OutMsgs - before
			n++
		}
	}
	// Each of three watches asks once a second.
	if may := times/100 + 3*uint64(time.Since(began)/pulse); asked > may {
		t.Errorf("%d requests for %d secrets, want %d at most", asked, times, may)
	}
}

// openOverWire opens two processes, the second over a connection that can fail.
func openOverWire(t *testing.T) (near, far *Accounts, wire *brokertest.Wire) {
	t.Helper()
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	h := &fixture{nc: brokertest.Connect(t, b), log: newRecord(), clock: newClock()}
	wire = new(brokertest.Wire)
	// Over the network, since a connection within the process needs no dialer.
	nc, err := broker.DialRunning(within(t), dir, nats.SetCustomDialer(wire), nats.ReconnectWait(10*time.Millisecond))
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
	warm(t, "the secret is remembered", far, s.Secret)
	wire.Lose()
	if err := near.RevokeSession(within(t), p.ID, s.ID); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the mute process lets no one in", func() (string, bool) {
		_, err := far.Authenticate(within(t), s.Secret)
		return "let in", err != nil
	})
	// It refuses because it cannot know, and goes on refusing.
	if _, err := far.Authenticate(within(t), s.Secret); !errors.Is(err, ErrUnavailable) {
		t.Errorf("want %v, have %v", ErrUnavailable, err)
	}
	wire.Cut()
	answered(t, "the process is back and knows", far, s.Secret, ErrUnauthenticated)
}

// TestRevocationDuringReconnect revokes a session while the connection is lost
// and restored between two comparisons.
func TestRevocationDuringReconnect(t *testing.T) {
	t.Parallel()
	near, far, wire := openOverWire(t)
	p := register(t, near, ada)
	for range 5 {
		s := signIn(t, near, ada)
		warm(t, "the secret is remembered", far, s.Secret)
		before := far.sessions.watch.breaks.Load()
		wire.Cut()
		if err := near.RevokeSession(within(t), p.ID, s.ID); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, fmt.Sprintf("more than %d breaks to be noticed", before), func() (uint64, bool) {
			breaks := far.sessions.watch.breaks.Load()
			return breaks, breaks > before
		})
		answered(t, "the process is back and knows", far, s.Secret, ErrUnauthenticated)
	}
	s := signIn(t, near, ada)
	warm(t, "memory is trusted again", far, s.Secret)
}

func TestAccountsSurviveBrokerRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := brokertest.StartIn(t, dir)
	nc, err := broker.DialRunning(within(t), dir, nats.ReconnectWait(10*time.Millisecond))
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
	testkit.Eventually(t, "the loss is noticed", func() (string, bool) {
		return "memory is trusted", !b.sessions.watch.live()
	})
	// On a busy machine the moment may be over before it is asked about.
	if _, err := b.Authenticate(within(t), kept.Secret); err != nil && b.sessions.watch.lately() {
		t.Errorf("a moment without a broker: %v", err)
	}
	answered(t, "no one is let in any more", b, kept.Secret, ErrUnavailable)
	if err := try(t, a, ada, adaPassword, ""); err == nil {
		t.Error("sign-in without a broker succeeded")
	}
	if q, ok := b.Person(p.ID); !ok || q != p {
		t.Errorf("person without a broker: %v", q)
	}

	brokertest.StartIn(t, dir) // on the same port
	warm(t, "the session is good again", b, kept.Secret)
	if err := a.RevokeSession(within(t), p.ID, gone.ID); err != nil {
		t.Fatal(err)
	}
	answered(t, "a later revocation is seen", b, gone.Secret, ErrUnauthenticated)
	if err := a.Rename(within(t), p.ID, "Lovelace"); err != nil {
		t.Fatal(err)
	}
	named(t, "a later name is seen", b, p.ID, "Lovelace")
	c, _, err := get[count](within(t), b.attempts.bucket, "account."+b.instance.addressKey(bob))
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
