package accounts

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"
)

const (
	home    = "192.0.2.1:4711"
	mallory = "198.51.100.7:666"
)

// guess tries wrong passwords until the limit is reached, and returns how many
// were checked.
func guess(t *testing.T, a *Accounts, email, address string) int {
	t.Helper()
	for n := range 1000 {
		switch err := try(t, a, email, wrong, address); {
		case errors.Is(err, ErrTooManyAttempts):
			return n
		case !errors.Is(err, ErrCredentials):
			t.Fatal(err)
		}
	}
	t.Fatal("guessing is not limited")
	return 0
}

func TestGuessingDoesNotLockOutOtherNetworks(t *testing.T) {
	t.Parallel()
	a := newFixture(t).open(t)
	register(t, a, ada)
	if n := guess(t, a, ada, mallory); n != DefaultLimits.PerAccount {
		t.Errorf("%d guesses, want %d", n, DefaultLimits.PerAccount)
	}
	// Ada has not signed in before, so no network is known.
	if err := try(t, a, ada, adaPassword, home); err != nil {
		t.Errorf("from another network: %v", err)
	}
}

// guessFromEverywhere guesses from many networks until the address's total limit
// is reached.
func guessFromEverywhere(t *testing.T, a *Accounts, email string) (guesses int) {
	t.Helper()
	for i := range 50 {
		n := guess(t, a, email, fmt.Sprintf("203.0.113.%d", i))
		guesses += n
		if n == 0 {
			return guesses
		}
	}
	t.Fatal("guessing from many networks is not limited")
	return 0
}

func TestGuessingFromManyNetworksIsLimited(t *testing.T) {
	t.Parallel()
	for _, email := range []string{ada, bob} { // bob is unknown
		t.Run(email, func(t *testing.T) {
			t.Parallel()
			h := newFixture(t)
			a := h.open(t, func(o *Options) { o.Limits.PerAccount = 3; o.Limits.PerAccountTotal = 10 })
			register(t, a, ada)
			if n := guessFromEverywhere(t, a, email); n != 10 {
				t.Errorf("%d guesses, want 10", n)
			}
			before := a.passwords.Computed()
			err := try(t, a, email, adaPassword, home)
			var wait *TooManyAttempts
			if !errors.As(err, &wait) || wait.RetryAfter != DefaultLimits.Window {
				t.Errorf("want retry after %s, have %v", DefaultLimits.Window, err)
			}
			if a.passwords.Computed() != before {
				t.Error("a password was hashed beyond the limit")
			}
		})
	}
}

func TestKnownNetworkIsNotLockedOut(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	limit := func(o *Options) { o.Limits.PerAccount = 3; o.Limits.PerAccountTotal = 10 }
	a, b := h.open(t, limit), h.open(t, limit)
	p := register(t, a, ada)
	register(t, a, bob)
	signedIn := signIn(t, a, ada)
	if err := try(t, a, bob, adaPassword, mallory); err != nil {
		t.Fatal(err)
	}
	guessFromEverywhere(t, a, ada)

	// A network of bob is not a known network of ada.
	if err := try(t, b, ada, adaPassword, mallory); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("from a network ada never used: want %v, have %v", ErrTooManyAttempts, err)
	}
	for range 12 {
		if err := try(t, b, ada, adaPassword, home); err != nil {
			t.Fatalf("from home: %v", err)
		}
	}
	// Guesses from a known network are limited too.
	if n := guess(t, a, ada, home); n != 3 {
		t.Errorf("%d guesses from home, want 3", n)
	}

	// The network stays known after the session ends and the address changes.
	h.clock.advance(DefaultLimits.Window)
	if err := a.RevokeSession(within(t), p.ID, signedIn.ID); err != nil {
		t.Fatal(err)
	}
	const next = "ada@example.net"
	if err := a.ChangeEmail(within(t), p.ID, adaPassword, next); err != nil {
		t.Fatal(err)
	}
	guessFromEverywhere(t, a, next)
	if err := try(t, a, next, adaPassword, home); err != nil {
		t.Errorf("from home, under another address: %v", err)
	}

	h.clock.advance(knownNetworkLifetime)
	guessFromEverywhere(t, a, next)
	if err := try(t, a, next, adaPassword, home); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("after the network expired: want %v, have %v", ErrTooManyAttempts, err)
	}
}

// TestRejectedAttemptIsNotCounted checks that an attempt that one limit rejects
// does not count towards the other limits.
func TestRejectedAttemptIsNotCounted(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t, func(o *Options) {
		o.Limits.PerAccount, o.Limits.PerAccountTotal, o.Limits.PerAddress = 3, 5, 8
	})
	register(t, a, bob)
	guessFromEverywhere(t, a, ada)
	for range 20 {
		if err := try(t, a, ada, wrong, home); !errors.Is(err, ErrTooManyAttempts) {
			t.Fatal(err)
		}
	}
	guess(t, a, "carol@example.org", home)
	for range 20 {
		if err := try(t, a, "carol@example.org", wrong, home); !errors.Is(err, ErrTooManyAttempts) {
			t.Fatal(err)
		}
	}
	key, network := a.instance.addressKey(ada), a.instance.networkKey(home)
	for of, want := range map[string]int{"account." + key + "." + network: 0, "network." + network: 3} {
		if c, _, err := get[count](within(t), a.attempts.bucket, of); err != nil || c.Count != want {
			t.Errorf("%s: %d counted, %v, want %d", of, c.Count, err, want)
		}
	}
	if err := try(t, a, bob, adaPassword, home); err != nil {
		t.Errorf("another account in the network: %v", err)
	}
}

func TestKnownNetworksAreLimitedAndErased(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	p, q := register(t, a, ada), register(t, a, bob)
	known := func(email string) []knownNetwork {
		t.Helper()
		c, _, err := get[claim](within(t), a.claims, a.instance.addressKey(email))
		if err != nil {
			t.Fatal(err)
		}
		return c.KnownNetworks
	}
	signIn(t, a, bob)
	signIn(t, a, ada)
	first := known(ada)
	if len(first) != 1 || bytes.Equal(first[0].Network, known(bob)[0].Network) {
		t.Fatalf("after signing in from the same network, ada has %x and bob %x", first, known(bob))
	}
	// A network that is used daily stays known; others replace each other.
	for i := range 2 * maxKnownNetworks {
		h.clock.advance(knownNetworkStep + time.Second)
		for _, address := range []string{home, fmt.Sprintf("203.0.113.%d", i)} {
			if err := try(t, a, ada, adaPassword, address); err != nil {
				t.Fatal(err)
			}
		}
	}
	last := known(ada)
	if len(last) != maxKnownNetworks {
		t.Errorf("%d networks are stored, want %d", len(last), maxKnownNetworks)
	}
	if !(claim{KnownNetworks: last}).knows(first[0].Network, h.clock.Now().Add(-knownNetworkStep)) {
		t.Error("the home network is no longer known")
	}
	if _, err := a.Erase(within(t), p.ID); err != nil {
		t.Fatal(err)
	}
	again := register(t, a, ada)
	if again.ID == p.ID || again.ID == q.ID || len(known(ada)) != 0 {
		t.Error("known networks survived the erasure")
	}
}
