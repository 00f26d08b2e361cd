package password

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// cheap is a cost for tests.
var cheap = Cost{Memory: 64, Passes: 1, Lanes: 1}

const (
	right = "correct horse battery staple"
	wrong = "wrong horse battery staple"
)

func TestHashingConcurrencyIsLimited(t *testing.T) {
	t.Parallel()
	h := NewHasher(cheap, 2)
	var release func()
	for range 2 {
		var err error
		if release, err = h.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Hash(ctx, right); !errors.Is(err, context.Canceled) {
		t.Errorf("want %v, have %v", context.Canceled, err)
	}
	if h.Computed() != 0 {
		t.Error("a password was hashed without a free slot")
	}
	release()
	if _, err := h.Hash(t.Context(), right); err != nil {
		t.Error(err)
	}
}

func TestHashesArePHCStrings(t *testing.T) {
	t.Parallel()
	h := NewHasher(DefaultCost, 1)
	encoded, err := h.Hash(t.Context(), right)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(encoded, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash is %s", encoded)
	}
	for password, want := range map[string]bool{right: true, wrong: false, "": false} {
		if ok, outdated, err := h.Verify(t.Context(), encoded, password); ok != want || outdated || err != nil {
			t.Errorf("%q: have %t %t %v, want %t", password, ok, outdated, err, want)
		}
	}
	// A test vector of the reference implementation: "password", "somesalt", t=2, m=64 MiB, p=1.
	known := "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, outdated, err := h.Verify(t.Context(), known, "password"); !ok || !outdated || err != nil {
		t.Errorf("reference hash: have %t %t %v", ok, outdated, err)
	}
	for _, bad := range []string{
		"", "$", "plain", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$aGFzaA",
		strings.Replace(encoded, "m=19456", "m=4294967295", 1),
		strings.Replace(encoded, "t=2", "t=0", 1),
		strings.Replace(encoded, "v=19", "v=16", 1),
		encoded[:len(encoded)-10],
	} {
		if _, _, err := h.Verify(t.Context(), bad, right); err == nil {
			t.Errorf("accepted %q", bad)
		}
	}
}
