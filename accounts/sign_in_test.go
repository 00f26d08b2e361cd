package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docketlog/docket/accounts/password"
	"github.com/docketlog/docket/internal/testkit"
)

func try(t testing.TB, a *Accounts, email, password, address string) error {
	t.Helper()
	_, err := a.SignIn(within(t), Credentials{Email: email, Password: password, Address: address})
	return err
}

func TestSignInDoesNotRevealAccounts(t *testing.T) {
	t.Parallel()
	a := newFixture(t).open(t)
	register(t, a, ada)
	for name, c := range map[string]Credentials{
		"wrong password":       {Email: ada, Password: wrong},
		"no password":          {Email: ada},
		"long password":        {Email: ada, Password: strings.Repeat("p", 10_000)},
		"unknown address":      {Email: bob, Password: wrong},
		"unknown, no password": {Email: bob},
		"no address":           {Password: wrong},
		"invalid address":      {Email: "\x00.*.>", Password: wrong},
	} {
		before := a.passwords.Computed()
		_, err := a.SignIn(within(t), c)
		if err != ErrCredentials { // the very same, with nothing around it that could tell
			t.Errorf("%s: want exactly %v, have %v", name, ErrCredentials, err)
		}
		if n := a.passwords.Computed() - before; n != 1 {
			t.Errorf("%s: %d hashings, want 1", name, n)
		}
	}
}

func TestProcessesShareAttempts(t *testing.T) {
	t.Parallel()
	for _, email := range []string{ada, bob} { // bob is unknown
		t.Run(email, func(t *testing.T) {
			t.Parallel()
			h := newFixture(t)
			limit := func(o *Options) { o.Limits.PerAccount = 4 }
			a, b := h.open(t, limit), h.open(t, limit)
			register(t, a, ada)
			for i, process := range []*Accounts{a, b, a, b} {
				if err := try(t, process, email, wrong, ""); !errors.Is(err, ErrCredentials) {
					t.Fatalf("attempt %d: %v", i+1, err)
				}
			}
			for _, process := range []*Accounts{a, b, h.open(t, limit)} {
				before := process.passwords.Computed()
				err := try(t, process, email, adaPassword, "")
				var wait *TooManyAttempts
				if !errors.As(err, &wait) || wait.RetryAfter != DefaultLimits.Window {
					t.Fatalf("want retry after %s, have %v", DefaultLimits.Window, err)
				}
				if process.passwords.Computed() != before {
					t.Error("a password was hashed beyond the limit")
				}
			}
			// Rejected attempts do not extend the window.
			h.clock.advance(DefaultLimits.Window - time.Second)
			if err := try(t, a, email, adaPassword, ""); !errors.Is(err, ErrTooManyAttempts) {
				t.Errorf("just before the window ends: want %v, have %v", ErrTooManyAttempts, err)
			}
			h.clock.advance(time.Second)
			if err := try(t, a, email, wrong, ""); !errors.Is(err, ErrCredentials) {
				t.Errorf("in the next window: %v", err)
			}
		})
	}
}

func TestSuccessTakesBackOnlyItsOwnCount(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t, func(o *Options) { o.Limits.PerAddress = 3 })
	register(t, a, ada)
	const mallory = "198.51.100.7"
	// Successful sign-ins from one network address are not limited.
	for range 5 {
		if err := try(t, a, ada, adaPassword, mallory); err != nil {
			t.Fatal(err)
		}
	}
	// A success at one account does not allow more guesses at another.
	guesses := 0
	for range 6 {
		switch err := try(t, a, bob, wrong, mallory); {
		case errors.Is(err, ErrCredentials):
			guesses++
		case !errors.Is(err, ErrTooManyAttempts):
			t.Fatal(err)
		}
		if err := try(t, a, ada, adaPassword, mallory); err != nil && !errors.Is(err, ErrTooManyAttempts) {
			t.Fatal(err)
		}
	}
	if guesses != 3 {
		t.Errorf("%d guesses, want 3", guesses)
	}
	if err := try(t, a, ada, adaPassword, "203.0.113.9"); err != nil {
		t.Errorf("from another network: %v", err)
	}
}

func TestConcurrentAttemptsAreAllCounted(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	limit := func(o *Options) { o.Limits.PerAccount = 5 }
	processes := []*Accounts{h.open(t, limit), h.open(t, limit)}
	var tried atomic.Int64
	var running sync.WaitGroup
	for i := range 30 {
		running.Go(func() {
			switch err := try(t, processes[i%2], ada, wrong, ""); {
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
}

func TestCancelledAttemptStaysCounted(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t, func(o *Options) { o.Limits.PerAccount = 2; o.HashConcurrency = 1 })
	register(t, a, ada)
	release, err := a.passwords.Acquire(within(t)) // blocks every hashing
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		ctx, cancel := context.WithCancel(within(t))
		answer := make(chan error, 1)
		before, _, _ := get[count](ctx, a.attempts.bucket, "account."+a.instance.addressKey(ada))
		go func() {
			_, err := a.SignIn(ctx, Credentials{Email: ada, Password: wrong})
			answer <- err
		}()
		testkit.Eventually(t, fmt.Sprintf("attempt %d to be counted", before.Count+1), func() (string, bool) {
			now, _, err := get[count](within(t), a.attempts.bucket, "account."+a.instance.addressKey(ada))
			return fmt.Sprintf("%d attempts, %v", now.Count, err), now.Count == before.Count+1
		})
		cancel()
		if err := <-answer; !errors.Is(err, context.Canceled) {
			t.Fatalf("want %v, have %v", context.Canceled, err)
		}
	}
	release()
	if err := try(t, a, ada, adaPassword, ""); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("want %v, have %v", ErrTooManyAttempts, err)
	}
}

func TestSignInReplacesOutdatedHash(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	register(t, a, ada)
	stored := func() string {
		c, _, err := get[claim](within(t), a.claims, a.instance.addressKey(ada))
		if err != nil {
			t.Fatal(err)
		}
		return c.Password
	}
	before := stored()
	b := h.open(t, func(o *Options) { o.Argon2 = password.Cost{Memory: 128, Passes: 2, Lanes: 1} })
	if err := try(t, b, ada, wrong, ""); !errors.Is(err, ErrCredentials) {
		t.Fatal(err)
	}
	if stored() != before {
		t.Error("a wrong password changed the hash")
	}
	signIn(t, b, ada)
	if after := stored(); !strings.HasPrefix(after, "$argon2id$v=19$m=128,t=2,p=1$") {
		t.Errorf("hash after the sign-in is %s, want the new cost", after)
	}
	signIn(t, b, ada)
	signIn(t, a, ada)
}

func TestSignInIsIdempotent(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a, b := h.open(t), h.open(t)
	register(t, a, ada)
	register(t, a, bob)
	in := func(a *Accounts, email, key string) (Session, error) {
		return a.SignIn(within(t), Credentials{Email: email, Password: adaPassword, IdempotencyKey: key})
	}
	first, err := in(a, ada, "k1")
	if err != nil {
		t.Fatal(err)
	}
	second, err := in(b, ada, "k1")
	if err != nil {
		t.Fatal(err)
	}
	if first != second {
		t.Errorf("second session %s differs from the first, %s", second.ID, first.ID)
	}
	if all, _ := a.Sessions(within(t), first.Account); len(all) != 1 {
		t.Errorf("%d sessions, want 1", len(all))
	}
	for name, other := range map[string]func() (Session, error){
		"another key":     func() (Session, error) { return in(a, ada, "k2") },
		"no key":          func() (Session, error) { return in(a, ada, "") },
		"another account": func() (Session, error) { return in(a, bob, "k1") },
	} {
		s, err := other()
		if err != nil || s.ID == first.ID || s.Secret == first.Secret {
			t.Errorf("%s: got the same session, or error %v; want another session", name, err)
		}
	}
	if err := a.RevokeSession(within(t), first.Account, first.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := in(b, ada, "k1"); invalid(err) != "idempotency_key:spent " {
		t.Errorf("key of a revoked session: %v", err)
	}
	refused(t, a, first.Secret)
	if _, err := in(b, ada, strings.Repeat("k", 256)); invalid(err) != "idempotency_key:too_long " {
		t.Errorf("long key: %v", err)
	}
}

// TestSignInRacesWithPasswordChange checks the old password before a change or an
// erasure and opens the session after it.
func TestSignInRacesWithPasswordChange(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	p := register(t, a, ada)
	key := a.instance.addressKey(ada)
	checked, err := a.admit(within(t), key, adaPassword)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.ChangePassword(within(t), Identity{Account: p.ID}, adaPassword, "another password"); err != nil {
		t.Fatal(err)
	}
	late := func() {
		t.Helper()
		if _, err := a.openSession(within(t), key, checked, Credentials{Email: ada}); !errors.Is(err, ErrCredentials) {
			t.Errorf("want %v, have %v", ErrCredentials, err)
		}
		if all, err := a.Sessions(within(t), p.ID); err != nil || len(all) != 0 {
			t.Errorf("%d sessions left, %v", len(all), err)
		}
	}
	late()
	checked, err = a.admit(within(t), key, "another password")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(within(t), p.ID); err != nil {
		t.Fatal(err)
	}
	late()
}

func TestSignInsAreCounted(t *testing.T) {
	t.Parallel()
	a := newFixture(t).open(t, func(o *Options) { o.Limits.PerAccount = 2 })
	register(t, a, ada)
	for _, password := range []string{adaPassword, wrong, wrong, wrong} {
		_ = try(t, a, ada, password, "")
	}
	if got, want := a.Stats(), (Stats{SignedIn: 1, Refused: 2, Limited: 1, Sessions: 0}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}
