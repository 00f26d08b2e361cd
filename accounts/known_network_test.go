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

// guess tries wrong passwords until they are refused, and says how many were
// looked at.
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

func TestGuessingElsewhereLocksNobodyOut(t *testing.T) {
	t.Parallel()
	a := newFixture(t).open(t)
	register(t, a, ada)
	if n := guess(t, a, ada, mallory); n != DefaultLimits.PerAccount {
		t.Errorf("%d guesses, want %d", n, DefaultLimits.PerAccount)
	}
	// Ada has never signed in from anywhere.
	if err := try(t, a, ada, adaPassword, home); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
}

// guessFromEverywhere uses up what one address has in all networks together.
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

func TestGuessingFromEverywhereIsLimited(t *testing.T) {
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
			before := a.passwords.computed.Load()
			err := try(t, a, email, adaPassword, home)
			var wait *TooManyAttempts
			if !errors.As(err, &wait) || wait.RetryAfter != DefaultLimits.Window {
				t.Errorf("want to wait %s, have %v", DefaultLimits.Window, err)
			}
			if a.passwords.computed.Load() != before {
				t.Error("a password was hashed beyond the limit")
			}
		})
	}
}

func TestFamiliarNetworkStaysOpen(t *testing.T) {
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

	// What is familiar to bob is not to ada.
	if err := try(t, b, ada, adaPassword, mallory); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("from a network ada never used: want %v, have %v", ErrTooManyAttempts, err)
	}
	for range 12 {
		if err := try(t, b, ada, adaPassword, home); err != nil {
			t.Fatalf("from home: %v", err)
		}
	}
	// Nor is home a place to guess without limit.
	if n := guess(t, a, ada, home); n != 3 {
		t.Errorf("%d guesses from home, want 3", n)
	}

	// It is the network that is known, whatever became of session and address.
	h.clock.advance(DefaultLimits.Window)
	if err := a.RevokeSession(t.Context(), p.ID, signedIn.ID); err != nil {
		t.Fatal(err)
	}
	const next = "ada@example.net"
	if err := a.ChangeEmail(t.Context(), p.ID, adaPassword, next); err != nil {
		t.Fatal(err)
	}
	guessFromEverywhere(t, a, next)
	if err := try(t, a, next, adaPassword, home); err != nil {
		t.Errorf("from home, under another address: %v", err)
	}

	h.clock.advance(knownNetworkLifetime)
	guessFromEverywhere(t, a, next)
	if err := try(t, a, next, adaPassword, home); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("after a long absence: want %v, have %v", ErrTooManyAttempts, err)
	}
}

// What is refused for the account's sake leaves the network's count alone, and
// what is refused in all networks together leaves that of the one.
func TestRefusalUsesUpNothing(t *testing.T) {
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
		if c, _, err := get[count](t.Context(), a.attempts.bucket, of); err != nil || c.Count != want {
			t.Errorf("%s: %d counted, %v, want %d", of, c.Count, err, want)
		}
	}
	if err := try(t, a, bob, adaPassword, home); err != nil {
		t.Errorf("somebody else in the network: %v", err)
	}
}

func TestFamiliarNetworksAreFewAndErased(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	p, q := register(t, a, ada), register(t, a, bob)
	known := func(email string) []knownNetwork {
		t.Helper()
		c, _, err := get[claim](t.Context(), a.claims, a.instance.addressKey(email))
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
	// A network that is used every day stays, others make room for each other.
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
		t.Errorf("%d networks are remembered, want %d", len(last), maxKnownNetworks)
	}
	if !(claim{KnownNetworks: last}).knows(first[0].Network, h.clock.Now().Add(-knownNetworkStep)) {
		t.Error("home is forgotten")
	}
	if _, err := a.Erase(t.Context(), p.ID); err != nil {
		t.Fatal(err)
	}
	again := register(t, a, ada)
	if again.ID == p.ID || again.ID == q.ID || len(known(ada)) != 0 {
		t.Error("what was familiar outlived the account")
	}
}
