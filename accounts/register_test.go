package accounts

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

func TestRegisterThenSignIn(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	position, err := a.Register(within(t), Registration{Email: " Ada@Example.ORG ", Name: " Ada ", Password: adaPassword})
	if err != nil {
		t.Fatal(err)
	}
	if want := (events.Position{Incarnation: "test", Sequence: 1}); position != want {
		t.Errorf("position %v, want %v", position, want)
	}
	session := signIn(t, a, "ADA@example.org")
	if !strings.HasPrefix(session.Secret, PrefixSession) {
		t.Errorf("secret does not begin with %s", PrefixSession)
	}
	identity := admitted(t, a, session.Secret)
	want := Identity{Account: session.Account, Administrator: true, Session: session.ID, Scopes: []Scope{ScopeRead, ScopeWrite}}
	if diff := cmp.Diff(want, identity); diff != "" {
		t.Errorf("identity (-want +have):\n%s", diff)
	}
	p, ok := a.Person(session.Account)
	if want := (Person{ID: session.Account, Name: "Ada", Email: ada, Administrator: true}); !ok || p != want {
		t.Errorf("person %v, want %v", p, want)
	}
	wantLog := []events.Event{events.AccountRegistered{Administrator: true}}
	if diff := cmp.Diff(wantLog, h.log.lifecycle(t, session.Account)); diff != "" {
		t.Errorf("log (-want +have):\n%s", diff)
	}
}

func TestRegisterReportsEveryInvalidField(t *testing.T) {
	t.Parallel()
	a := newFixture(t).open(t)
	fine := Registration{Email: ada, Name: "Ada", Password: adaPassword}
	for name, test := range map[string]struct {
		change func(*Registration)
		want   string
	}{
		"empty input":         {func(r *Registration) { *r = Registration{} }, "email:required name:required password:required "},
		"not an address":      {func(r *Registration) { r.Email = "ada" }, "email:format "},
		"a name with address": {func(r *Registration) { r.Email = "Ada <ada@example.org>" }, "email:format "},
		"two lines":           {func(r *Registration) { r.Email = "ada@example.org\r\nBcc: x@example.org" }, "email:format "},
		"two addresses":       {func(r *Registration) { r.Email = "ada@example.org,bob@example.org" }, "email:format "},
		"long address":        {func(r *Registration) { r.Email = strings.Repeat("a", 250) + "@b.cd" }, "email:too_long "},
		"long name":           {func(r *Registration) { r.Name = strings.Repeat("ä", 101) }, "name:too_long "},
		"bell in name":        {func(r *Registration) { r.Name = "Ada\a" }, "name:format "},
		"two-line name":       {func(r *Registration) { r.Name = "Ada\nBob" }, "name:format "},
		"bidi control":        {func(r *Registration) { r.Name = "Ada\u202Egro" }, "name:format "},
		"invalid UTF-8":       {func(r *Registration) { r.Name = "Ada\xff" }, "name:format "},
		"short password":      {func(r *Registration) { r.Password = "ninechars" }, "password:too_short "},
		"long password":       {func(r *Registration) { r.Password = strings.Repeat("p", 257) }, "password:too_long "},
	} {
		t.Run(name, func(t *testing.T) {
			r := fine
			test.change(&r)
			_, err := a.Register(within(t), r)
			if have := invalid(err); have != test.want {
				t.Errorf("have %s, want %s", have, test.want)
			}
			var first *Invalid
			if !errors.As(err, &first) || first.Message == "" {
				t.Error("errors.As finds no *Invalid with a message")
			}
		})
	}
	for name, r := range map[string]Registration{
		"hundred characters": {Email: "a@example.org", Name: strings.Repeat("ä", 100), Password: adaPassword},
		"shortest password":  {Email: "b@example.org", Name: "B", Password: "0123456789"},
		"longest password":   {Email: "c@example.org", Name: "C", Password: strings.Repeat("p", 256)},
		"joined emoji":       {Email: "d@example.org", Name: "👩‍💻", Password: adaPassword},
	} {
		if _, err := a.Register(within(t), r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRegisterDoesNotRevealAccounts(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	work := func(email string) int64 {
		before := a.passwords.Computed()
		r := Registration{Email: email, Name: "Mallory", Password: "another password"}
		if _, err := a.Register(within(t), r); err != nil {
			t.Errorf("register %s: %v", email, err)
		}
		return a.passwords.Computed() - before
	}
	first := register(t, a, ada)
	if unknown, known := work(bob), work(ada); unknown != known {
		t.Errorf("an unknown address takes %d hashings, a known one %d", unknown, known)
	}
	if p, _ := a.Person(first.ID); p != first {
		t.Errorf("person changed to %v, was %v", p, first)
	}
	signIn(t, a, ada)
	if n := len(h.log.lifecycle(t, first.ID)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}

func TestOnlyOneAdministrator(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	processes := []*Accounts{h.open(t), h.open(t)}
	var running sync.WaitGroup
	const people = 8
	for i := range people {
		running.Go(func() {
			r := Registration{Email: string(rune('a'+i)) + "@example.org", Name: "N", Password: adaPassword}
			if _, err := processes[i%2].Register(within(t), r); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	administrators, logged := 0, 0
	for i := range people {
		p, err := processes[0].ByEmail(within(t), string(rune('a'+i))+"@example.org")
		if err != nil {
			t.Fatal(err)
		}
		if p.Administrator {
			administrators++
		}
		if h.log.lifecycle(t, p.ID)[0].(events.AccountRegistered).Administrator {
			logged++
		}
	}
	if administrators != 1 || logged != 1 {
		t.Errorf("%d administrators in the buckets and %d in the log, want 1 and 1", administrators, logged)
	}
}

func TestConcurrentRegistrationsOfOneAddress(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	processes := []*Accounts{h.open(t), h.open(t)}
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			if _, err := processes[i%2].Register(within(t), Registration{Email: ada, Name: "Ada", Password: adaPassword}); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if n := len(h.log.events); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
	signIn(t, processes[0], ada)
}

func TestRegistrationsAreLimited(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	limit := func(o *Options) { o.Limits.Registrations = 3 }
	a, b := h.open(t, limit), h.open(t, limit)
	try := func(a *Accounts, address string) error {
		_, err := a.Register(within(t), Registration{Email: ada, Name: "Ada", Password: adaPassword, Address: address})
		return err
	}
	for i, a := range []*Accounts{a, b, a} {
		if err := try(a, "[2001:db8:1:2::1]:1234"); err != nil {
			t.Fatalf("registration %d: %v", i+1, err)
		}
	}
	if err := try(b, "2001:db8:1:2:ffff::9"); !errors.Is(err, ErrTooManyAttempts) {
		t.Errorf("same network: want %v, have %v", ErrTooManyAttempts, err)
	}
	if err := try(b, "2001:db8:1:3::1"); err != nil {
		t.Errorf("other network: %v", err)
	}
}

// TestRegistrationSurvivesCrash interrupts a registration after each of its
// steps. The next sign-in or registration must complete it.
func TestRegistrationSurvivesCrash(t *testing.T) {
	t.Parallel()
	crash := errors.New("crash")
	// until runs the steps of a registration up to the given one.
	until := func(t *testing.T, h *fixture, a *Accounts, step int) uuid.UUID {
		id := uuid.New()
		hash, err := a.passwords.Hash(within(t), adaPassword)
		if err != nil {
			t.Fatal(err)
		}
		key := a.instance.addressKey(ada)
		c := claim{Account: id, Password: hash, Claimed: h.clock.Now(), Pending: &pending{"Ada", ada}}
		revision, err := a.claims.create(within(t), key, c)
		if err != nil {
			t.Fatal(err)
		}
		if step >= 2 {
			if _, err := a.instance.administrator(within(t), id); err != nil {
				t.Fatal(err)
			}
		}
		if step >= 3 {
			h.log.failWith(crash)
			if _, err := a.complete(within(t), key, c, revision); !errors.Is(err, crash) {
				t.Fatalf("want %v, have %v", crash, err)
			}
			h.log.failWith(nil)
		}
		if step >= 4 {
			record, err := a.read(within(t), id)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := a.announceRegistered(within(t), id, record); err != nil {
				t.Fatal(err)
			}
		}
		return id
	}
	for name, heal := range map[string]func(*testing.T, *Accounts){
		"sign-in": func(t *testing.T, a *Accounts) { signIn(t, a, ada) },
		"registration": func(t *testing.T, a *Accounts) {
			if _, err := a.Register(within(t), Registration{Email: ada, Name: "Eve", Password: "another password"}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		for step, after := range []string{1: "claim", 2: "administrator", 3: "person", 4: "event"} {
			if after == "" {
				continue
			}
			t.Run(name+" after "+after, func(t *testing.T) {
				t.Parallel()
				h := newFixture(t)
				a := h.open(t)
				id := until(t, h, a, step)
				if _, err := a.ByEmail(within(t), ada); !errors.Is(err, ErrNotFound) {
					t.Errorf("half a registration is found: %v", err)
				}
				b := h.open(t)
				heal(t, b)
				p, err := b.ByEmail(within(t), ada)
				if want := (Person{ID: id, Name: "Ada", Email: ada, Administrator: true}); err != nil || p != want {
					t.Errorf("have %v %v, want %v", p, err, want)
				}
				wantLog := []events.Event{events.AccountRegistered{Administrator: true}}
				if diff := cmp.Diff(wantLog, h.log.lifecycle(t, id)); diff != "" {
					t.Errorf("log (-want +have):\n%s", diff)
				}
				signIn(t, b, ada)
			})
		}
	}
}

func TestRegisterRetryAfterLogFailure(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	r := Registration{Email: ada, Name: "Ada", Password: adaPassword}
	h.log.failWith(events.ErrUnsettled)
	for range 2 {
		if _, err := a.Register(within(t), r); !errors.Is(err, events.ErrUnsettled) {
			t.Fatalf("want %v, have %v", events.ErrUnsettled, err)
		}
	}
	h.log.failWith(nil)
	if _, err := a.Register(within(t), r); err != nil {
		t.Fatal(err)
	}
	if n := len(h.log.lifecycle(t, signIn(t, a, ada).Account)); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}
