package accounts

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
)

func TestRename(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a, b := h.open(t), h.open(t)
	p := register(t, a, ada)
	if err := a.Rename(within(t), p.ID, " Ada Lovelace "); err != nil {
		t.Fatal(err)
	}
	if q, _ := a.Person(p.ID); q.Name != "Ada Lovelace" {
		t.Errorf("name in the same process is %q", q.Name)
	}
	named(t, "the name is known elsewhere", b, p.ID, "Ada Lovelace")
	if q, _ := h.open(t).Person(p.ID); q.Name != "Ada Lovelace" {
		t.Errorf("name in a new process is %q", q.Name)
	}
	if err := a.Rename(within(t), p.ID, " "); invalid(err) != "name:required " {
		t.Errorf("no name: %v", err)
	}
	if err := a.Rename(within(t), uuid.New(), "Nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	if _, ok := a.Person(uuid.New()); ok {
		t.Error("Person finds an unknown account")
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a, b := h.open(t), h.open(t)
	p := register(t, a, ada)
	here, there := signIn(t, a, ada), signIn(t, b, ada)
	token, err := a.CreateToken(within(t), p.ID, TokenRequest{Name: "n", Scopes: allScopes})
	if err != nil {
		t.Fatal(err)
	}
	identity := admitted(t, a, here.Secret)
	const next = "a better password"
	if err := a.ChangePassword(within(t), identity, wrong, next); !errors.Is(err, ErrCredentials) {
		t.Errorf("with a wrong password: %v", err)
	}
	if err := a.ChangePassword(within(t), identity, adaPassword, "short"); invalid(err) != "password:too_short " {
		t.Errorf("to a short password: %v", err)
	}
	admitted(t, a, there.Secret)
	if err := a.ChangePassword(within(t), identity, adaPassword, next); err != nil {
		t.Fatal(err)
	}
	admitted(t, a, here.Secret)
	admitted(t, a, token.Secret)
	refused(t, a, there.Secret)
	if err := try(t, b, ada, adaPassword, ""); !errors.Is(err, ErrCredentials) {
		t.Errorf("with the old password: %v", err)
	}
	if err := try(t, b, ada, next, ""); err != nil {
		t.Errorf("with the new password: %v", err)
	}
}

func TestSignedInGuessesAreLimited(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t, func(o *Options) { o.Limits.PerAccount = 3 })
	identity := Identity{Account: register(t, a, ada).ID}
	// Guesses at sign-in do not count for a signed-in person.
	for range 4 {
		_ = try(t, a, ada, wrong, "")
	}
	for range 3 {
		if err := a.ChangePassword(within(t), identity, wrong, "a better password"); !errors.Is(err, ErrCredentials) {
			t.Fatal(err)
		}
	}
	if err := a.ChangePassword(within(t), identity, adaPassword, "a better password"); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("want %v, have %v", ErrTooManyAttempts, err)
	}
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a, b := h.open(t), h.open(t)
	p := register(t, a, ada)
	register(t, a, bob)
	s := signIn(t, a, ada)
	const next = "lovelace@example.org"
	for name, test := range map[string]struct{ password, email, want string }{
		"no address": {adaPassword, "ada", "email:format "},
		"taken":      {adaPassword, bob, "email:taken "},
	} {
		if err := a.ChangeEmail(within(t), p.ID, test.password, test.email); invalid(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := a.ChangeEmail(within(t), p.ID, wrong, next); !errors.Is(err, ErrCredentials) {
		t.Errorf("wrong password: %v", err)
	}
	signIn(t, a, ada)
	if err := a.ChangeEmail(within(t), p.ID, adaPassword, " Lovelace@Example.org "); err != nil {
		t.Fatal(err)
	}
	admitted(t, a, s.Secret)
	if err := try(t, b, ada, adaPassword, ""); !errors.Is(err, ErrCredentials) {
		t.Errorf("with the old address: %v", err)
	}
	if s := signIn(t, b, next); s.Account != p.ID {
		t.Error("signed in to another account")
	}
	if _, err := b.ByEmail(within(t), ada); !errors.Is(err, ErrNotFound) {
		t.Errorf("found by the old address: %v", err)
	}
	if q, err := b.ByEmail(within(t), next); err != nil || q.ID != p.ID || q.Email != next {
		t.Errorf("by the new address: %v %v", q, err)
	}
	// The old address can be registered again.
	if q := register(t, b, ada); q.ID == p.ID {
		t.Error("the old address still belongs to the old account")
	}
	if found := readable(t, []jetstream.Stream{a.claims.stream}, ada, next); found != "" {
		t.Errorf("docket_credentials contains an address: %s", found)
	}
}

// TestChangeEmailSurvivesCrash interrupts a change of address before and after
// the step that decides it.
func TestChangeEmailSurvivesCrash(t *testing.T) {
	t.Parallel()
	const next = "lovelace@example.org"
	prepare := func(t *testing.T) (*fixture, *Accounts, Person, claim) {
		h := newFixture(t)
		a := h.open(t)
		p := register(t, a, ada)
		c, _, err := get[claim](within(t), a.claims, a.instance.addressKey(ada))
		if err != nil {
			t.Fatal(err)
		}
		c.Claimed = h.clock.Now()
		if err := a.claimFor(within(t), a.instance.addressKey(next), c); err != nil {
			t.Fatal(err)
		}
		return h, a, p, c
	}
	t.Run("before: the owner retries", func(t *testing.T) {
		t.Parallel()
		_, a, p, _ := prepare(t)
		if err := try(t, a, next, adaPassword, ""); !errors.Is(err, ErrCredentials) {
			t.Errorf("sign in with an address whose change is not decided: %v", err)
		}
		signIn(t, a, ada)
		if err := a.ChangeEmail(within(t), p.ID, adaPassword, next); err != nil {
			t.Fatal(err)
		}
		signIn(t, a, next)
	})
	t.Run("before: another person registers it", func(t *testing.T) {
		t.Parallel()
		h, a, p, _ := prepare(t)
		h.clock.advance(claimGrace)
		if q := register(t, a, next); q.ID == p.ID {
			t.Error("the address still belongs to the first account")
		}
		if s := signIn(t, a, ada); s.Account != p.ID {
			t.Error("the old address belongs to another account")
		}
	})
	t.Run("after", func(t *testing.T) {
		t.Parallel()
		h, a, p, _ := prepare(t)
		record, revision, err := a.readToChange(within(t), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		record.Email = next
		if err := a.write(within(t), p.ID, record, revision); err != nil {
			t.Fatal(err)
		}
		if s := signIn(t, a, next); s.Account != p.ID {
			t.Error("signed in to another account")
		}
		if err := try(t, a, ada, adaPassword, ""); !errors.Is(err, ErrCredentials) {
			t.Errorf("sign in with the old address: %v", err)
		}
		h.clock.advance(claimGrace)
		if q := register(t, a, ada); q.ID == p.ID {
			t.Error("the old address is not free")
		}
	})
}

func TestConcurrentChangesAreAllKept(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	processes := []*Accounts{h.open(t), h.open(t)}
	p := register(t, processes[0], ada)
	const next, password = "lovelace@example.org", "a better password"
	var running sync.WaitGroup
	running.Go(func() {
		if err := processes[0].Rename(within(t), p.ID, "Lovelace"); err != nil {
			t.Error("rename:", err)
		}
	})
	running.Go(func() {
		if err := processes[1].ChangeEmail(within(t), p.ID, adaPassword, next); err != nil {
			// The password may have been changed first.
			if !errors.Is(err, ErrCredentials) {
				t.Error("address:", err)
			} else if err := processes[1].ChangeEmail(within(t), p.ID, password, next); err != nil {
				t.Error("address:", err)
			}
		}
	})
	running.Go(func() {
		if err := processes[0].ChangePassword(within(t), Identity{Account: p.ID}, adaPassword, password); err != nil {
			t.Error("password:", err)
		}
	})
	running.Wait()
	if err := try(t, processes[0], next, password, ""); err != nil {
		t.Errorf("new address and new password: %v", err)
	}
	q, err := processes[0].ByEmail(within(t), next)
	want := Person{ID: p.ID, Name: "Lovelace", Email: next, Administrator: true}
	if diff := cmp.Diff(want, q); diff != "" || err != nil {
		t.Errorf("%v (-want +have):\n%s", err, diff)
	}
}

func TestLookupIsLimited(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a, b := h.open(t), h.open(t)
	caller, other := register(t, a, ada), register(t, a, bob)
	for range 2 * DefaultLimits.Lookups {
		if p, err := a.Lookup(within(t), caller.ID, " BOB@example.org"); err != nil || p != other {
			t.Fatalf("have %v %v, want %v", p, err, other)
		}
	}
	for i := range DefaultLimits.Lookups {
		process := []*Accounts{a, b}[i%2]
		if _, err := process.Lookup(within(t), caller.ID, fmt.Sprintf("nobody%d@example.org", i)); !errors.Is(err, ErrNotFound) {
			t.Fatalf("lookup %d: %v", i+1, err)
		}
	}
	// Beyond the limit, who is there is not told from who is not.
	for _, email := range []string{bob, "nobody@example.org"} {
		_, err := b.Lookup(within(t), caller.ID, email)
		var wait *TooManyAttempts
		if !errors.As(err, &wait) || wait.RetryAfter != DefaultLimits.Window {
			t.Errorf("%s: want retry after %s, have %v", email, DefaultLimits.Window, err)
		}
	}
	if _, err := a.Lookup(within(t), other.ID, ada); err != nil {
		t.Errorf("another caller: %v", err)
	}
	h.clock.advance(DefaultLimits.Window)
	if _, err := a.Lookup(within(t), caller.ID, bob); err != nil {
		t.Errorf("in the next window: %v", err)
	}
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t, func(o *Options) { o.Limits.PerAccount = 3 })
	p := register(t, a, ada)
	s := signIn(t, a, ada)
	for range 5 { // what is right is not counted
		if err := a.CheckPassword(within(t), p.ID, adaPassword); err != nil {
			t.Fatal(err)
		}
	}
	admitted(t, a, s.Secret)
	for _, password := range []string{wrong, ""} {
		if err := a.CheckPassword(within(t), p.ID, password); !errors.Is(err, ErrCredentials) {
			t.Errorf("%q: want %v, have %v", password, ErrCredentials, err)
		}
	}
	// Changing the password counts towards the same limit.
	identity := Identity{Account: p.ID}
	if err := a.ChangePassword(within(t), identity, wrong, "a better password"); !errors.Is(err, ErrCredentials) {
		t.Errorf("want %v, have %v", ErrCredentials, err)
	}
	if err := a.CheckPassword(within(t), p.ID, adaPassword); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("want %v, have %v", ErrTooManyAttempts, err)
	}
	if err := a.CheckPassword(within(t), uuid.New(), adaPassword); !errors.Is(err, ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
	if _, err := a.Erase(within(t), identity.Account); err != nil {
		t.Fatal(err)
	}
	h.clock.advance(DefaultLimits.Window)
	if err := a.CheckPassword(within(t), p.ID, adaPassword); !errors.Is(err, ErrNotFound) {
		t.Errorf("of an erased person: %v", err)
	}
}
