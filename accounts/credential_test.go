package accounts

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/docketlog/docket/internal/testkit"
)

func TestListAndRevokeSessions(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	register(t, a, ada)
	register(t, a, bob)
	phone := signIn(t, a, ada)
	h.clock.advance(time.Minute)
	laptop := signIn(t, a, ada)
	other := signIn(t, a, bob)

	all, err := a.Sessions(within(t), phone.Account)
	if err != nil {
		t.Fatal(err)
	}
	want := []Session{laptop, phone}
	for i := range want {
		want[i].Secret = ""
	}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("sessions (-want +have):\n%s", diff)
	}
	if phone.Address != "192.0.2.1" || phone.UserAgent != "test" {
		t.Errorf("session is from %q %q", phone.Address, phone.UserAgent)
	}

	admitted(t, a, phone.Secret)
	if err := a.RevokeSession(within(t), other.Account, phone.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoking somebody else's: want %v, have %v", ErrNotFound, err)
	}
	admitted(t, a, phone.Secret)
	if err := a.RevokeSession(within(t), phone.Account, phone.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, a, phone.Secret)
	if err := a.RevokeSession(within(t), phone.Account, phone.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoking again: want %v, have %v", ErrNotFound, err)
	}
	if err := a.SignOut(within(t), admitted(t, a, laptop.Secret)); err != nil {
		t.Fatal(err)
	}
	refused(t, a, laptop.Secret)
	admitted(t, a, other.Secret)
	if all, err := a.Sessions(within(t), phone.Account); err != nil || len(all) != 0 {
		t.Errorf("%d sessions left, %v", len(all), err)
	}
}

func TestSessionExpiresDespiteUse(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	register(t, a, ada)
	s := signIn(t, a, ada)
	// Use does not extend the session.
	for range 29 {
		h.clock.advance(24 * time.Hour)
		admitted(t, a, s.Secret)
	}
	h.clock.advance(24*time.Hour - time.Second)
	admitted(t, a, s.Secret)
	h.clock.advance(time.Second)
	refused(t, a, s.Secret)
	refused(t, h.open(t), s.Secret)
	if all, err := a.Sessions(within(t), s.Account); err != nil || len(all) != 0 {
		t.Errorf("%d sessions listed, %v", len(all), err)
	}
}

func TestLastUseIsRecordedAtIntervals(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	register(t, a, ada)
	s := signIn(t, a, ada)
	writes := func() uint64 {
		info, err := a.sessions.bucket.stream.Info(within(t))
		if err != nil {
			t.Fatal(err)
		}
		return info.State.LastSeq
	}
	before := writes()
	h.clock.advance(touchEvery - time.Second)
	for range 100 {
		admitted(t, a, s.Secret)
	}
	h.clock.advance(time.Second)
	for range 100 {
		admitted(t, a, s.Secret)
	}
	testkit.Eventually(t, "the use is recorded", func() (string, bool) {
		stored, _, err := get[credential](within(t), a.sessions.bucket, credentialKey(s.Account, s.ID))
		return fmt.Sprintf("used %v, %v", stored.Used, err), err == nil && stored.Used.Equal(h.clock.Now())
	})
	if n := writes() - before; n != 1 {
		t.Errorf("%d writes for 200 uses, want 1", n)
	}
	admitted(t, a, s.Secret)
	if err := a.RevokeSession(within(t), s.Account, s.ID); err != nil {
		t.Fatal(err)
	}
	if err := a.sessions.touch(within(t), s.Account, s.ID, h.clock.Now().Add(time.Hour)); !errors.Is(err, ErrNotFound) {
		t.Errorf("using a revoked session: want %v, have %v", ErrNotFound, err)
	}
	refused(t, a, s.Secret)
}

func TestCreateListAndRevokeTokens(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	p := register(t, a, ada)
	reader, err := a.CreateToken(within(t), p.ID, TokenRequest{Name: " build ", Scopes: []Scope{ScopeRead, ScopeRead}})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(reader.Secret, PrefixToken) {
		t.Errorf("secret does not begin with %s", PrefixToken)
	}
	identity := admitted(t, a, reader.Secret)
	want := Identity{Account: p.ID, Administrator: true, Token: reader.ID, Scopes: []Scope{ScopeRead}}
	if diff := cmp.Diff(want, identity); diff != "" {
		t.Errorf("identity (-want +have):\n%s", diff)
	}
	if !identity.Allows(ScopeRead) || identity.Allows(ScopeWrite) || identity.Allows("") {
		t.Errorf("Allows is wrong for a token with scopes %v", identity.Scopes)
	}
	if err := a.SignOut(within(t), identity); !errors.Is(err, ErrNotFound) {
		t.Errorf("signing out a token: want %v, have %v", ErrNotFound, err)
	}
	h.clock.advance(time.Minute)
	writer, err := a.CreateToken(within(t), p.ID, TokenRequest{
		Name: "all", Scopes: []Scope{ScopeWrite, ScopeRead}, Expires: h.clock.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	if identity := admitted(t, a, writer.Secret); !identity.Allows(ScopeRead) || !identity.Allows(ScopeWrite) {
		t.Errorf("a token for both scopes has %v", identity.Scopes)
	}
	all, err := a.Tokens(within(t), p.ID)
	if err != nil || len(all) != 2 || all[0].Name != "all" || all[1].Name != "build" || all[0].Secret != "" {
		t.Errorf("tokens %+v, %v", all, err)
	}
	h.clock.advance(time.Hour)
	refused(t, a, writer.Secret)
	refused(t, h.open(t), writer.Secret)
	admitted(t, a, reader.Secret)
	if err := a.RevokeToken(within(t), uuid.New(), reader.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoking somebody else's: want %v, have %v", ErrNotFound, err)
	}
	if err := a.RevokeToken(within(t), p.ID, reader.ID); err != nil {
		t.Fatal(err)
	}
	refused(t, a, reader.Secret)
	h.clock.advance(DefaultTokenLifetime)
	if all, err := a.Tokens(within(t), p.ID); err != nil || len(all) != 0 {
		t.Errorf("%d tokens listed, %v", len(all), err)
	}
}

// TestListIncludesCredentialsInUse lists tokens while each of them is used: a use
// replaces what is stored, and a list must have the old or the new, never neither.
func TestListIncludesCredentialsInUse(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t, func(o *Options) { o.Limits.PerAccount = 100 })
	p := register(t, a, ada)
	var ids []uuid.UUID
	for i := range 12 {
		token, err := a.CreateToken(within(t), p.ID, TokenRequest{Name: fmt.Sprint(i), Scopes: allScopes})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, token.ID)
	}
	for round := range 8 {
		at := h.clock.Now().Add(time.Duration(round+1) * time.Hour)
		var touching sync.WaitGroup
		for _, id := range ids {
			touching.Go(func() {
				if err := a.tokens.touch(within(t), p.ID, id, at); err != nil {
					t.Error(err)
				}
			})
		}
		all, err := a.Tokens(within(t), p.ID)
		if err != nil || len(all) != len(ids) {
			t.Errorf("round %d: %d tokens listed, want %d: %v", round, len(all), len(ids), err)
		}
		touching.Wait()
	}
}

func TestTokenRequestIsValidated(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	p := register(t, a, ada)
	now := h.clock.Now()
	for want, r := range map[string]TokenRequest{
		"name:required scopes:required ": {},
		"name:too_long ":                 {Name: strings.Repeat("n", 101), Scopes: allScopes},
		"scopes:unknown ":                {Name: "n", Scopes: []Scope{ScopeRead, "admin"}},
		"expires:range ":                 {Name: "n", Scopes: allScopes, Expires: now},
		"expires:range  ":                {Name: "n", Scopes: allScopes, Expires: now.Add(MaxTokenLifetime + time.Second)},
		"idempotency_key:too_long ":      {Name: "n", Scopes: allScopes, IdempotencyKey: strings.Repeat("k", 256)},
	} {
		if _, err := a.CreateToken(within(t), p.ID, r); strings.TrimSpace(invalid(err)) != strings.TrimSpace(want) {
			t.Errorf("have %s, want %s", invalid(err), want)
		}
	}
	longest := TokenRequest{Name: "n", Scopes: allScopes, Expires: now.Add(MaxTokenLifetime)}
	if _, err := a.CreateToken(within(t), p.ID, longest); err != nil {
		t.Error(err)
	}
	if _, err := a.CreateToken(within(t), uuid.New(), longest); !errors.Is(err, ErrNotFound) {
		t.Errorf("for nobody: want %v, have %v", ErrNotFound, err)
	}
}

func TestCreateTokenIsIdempotent(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a, b := h.open(t), h.open(t)
	p := register(t, a, ada)
	r := TokenRequest{Name: "build", Scopes: []Scope{ScopeRead}, IdempotencyKey: "k"}
	first, err := a.CreateToken(within(t), p.ID, r)
	if err != nil {
		t.Fatal(err)
	}
	h.clock.advance(time.Hour) // the default expiry is another one now
	second, err := b.CreateToken(within(t), p.ID, r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("second token (-first +second):\n%s", diff)
	}
	more := r
	more.Scopes = allScopes
	if _, err := b.CreateToken(within(t), p.ID, more); invalid(err) != "idempotency_key:taken " {
		t.Errorf("the key for another token: %v", err)
	}
	if s, err := a.SignIn(within(t), Credentials{Email: ada, Password: adaPassword, IdempotencyKey: "k"}); err != nil ||
		strings.TrimPrefix(s.Secret, PrefixSession) == strings.TrimPrefix(first.Secret, PrefixToken) {
		t.Errorf("session and token with the same key share a secret, or error %v", err)
	}
	if err := a.RevokeToken(within(t), p.ID, first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateToken(within(t), p.ID, r); invalid(err) != "idempotency_key:spent " {
		t.Errorf("the key of a revoked token: %v", err)
	}
}

func TestForgedSecretsAreRejectedWithoutBroker(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	register(t, a, ada)
	s := signIn(t, a, ada)
	flipped := func(i int) string {
		b := []byte(s.Secret)
		if b[i] == 'A' {
			b[i] = 'B'
		} else {
			b[i] = 'A'
		}
		return string(b)
	}
	forged := []string{
		"", PrefixSession, PrefixToken, "Bearer", s.Secret[:len(s.Secret)-1], s.Secret + "A", strings.ToUpper(s.Secret),
		PrefixToken + strings.TrimPrefix(s.Secret, PrefixSession), strings.TrimPrefix(s.Secret, PrefixSession),
		PrefixSession + strings.Repeat("A", 64), PrefixSession + strings.Repeat("=", 64),
	}
	for i := len(PrefixSession); i < len(s.Secret); i++ {
		forged = append(forged, flipped(i))
	}
	asked := h.nc.Stats().OutMsgs
	for _, secret := range forged {
		if _, err := a.Authenticate(within(t), secret); !errors.Is(err, ErrUnauthenticated) {
			t.Errorf("%s: want %v, have %v", secret, ErrUnauthenticated, err)
		}
	}
	// The watches send one request a second; requests for forgeries would be many more.
	if n := h.nc.Stats().OutMsgs - asked; n >= uint64(len(forged)) {
		t.Errorf("%d requests for %d forgeries", n, len(forged))
	}
}

func TestCacheSizeIsLimited(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t, func(o *Options) { o.CacheSize = 3 })
	p := register(t, a, ada)
	var secrets []string
	for i := range 8 {
		token, err := a.CreateToken(within(t), p.ID, TokenRequest{Name: fmt.Sprint(i), Scopes: allScopes})
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, token.Secret)
	}
	for range 3 {
		for _, secret := range slices.Backward(secrets) {
			admitted(t, a, secret)
		}
	}
	a.tokens.cache.mu.Lock()
	defer a.tokens.cache.mu.Unlock()
	if n := len(a.tokens.cache.byID); n > 3 {
		t.Errorf("%d tokens are cached, want at most 3", n)
	}
}

// TestCacheRejectsStaleCredential puts a credential into the cache that was read
// before a revocation.
func TestCacheRejectsStaleCredential(t *testing.T) {
	t.Parallel()
	c := newCache(10)
	p := credential{ID: uuid.New()}
	before := c.generation()
	c.drop(p.ID)
	c.put(p, before)
	if _, ok := c.get(p.ID); ok {
		t.Error("a revoked credential is cached")
	}
	c.put(p, c.generation())
	if _, ok := c.get(p.ID); !ok {
		t.Error("a credential that was read after the revocation is not cached")
	}
}
