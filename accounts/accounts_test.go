package accounts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/docketlog/docket/accounts/password"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cheap makes tests fast. It affects only the time.
var cheap = password.Cost{Memory: 64, Passes: 1, Lanes: 1}

const (
	ada         = "ada@example.org"
	bob         = "bob@example.org"
	adaPassword = "correct horse battery"
	wrong       = "a wrong password"
)

// clock is a clock that tests advance.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// record is an in-memory log that can fail on request.
type record struct {
	mu     sync.Mutex
	events []events.Envelope
	heads  map[events.Aggregate]events.Head
	fail   error
}

func newRecord() *record { return &record{heads: make(map[events.Aggregate]events.Head)} }

// size is how many events the log has.
func (r *record) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.events)
}

func (r *record) failWith(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

func (r *record) Append(_ context.Context, c events.Commit) (events.Appended, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return events.Appended{}, r.fail
	}
	var duplicate []events.Envelope
	for _, e := range r.events {
		if e.Command == c.Command {
			duplicate = append(duplicate, e)
		}
	}
	if duplicate != nil {
		return events.Appended{Events: duplicate, Head: r.heads[c.Head.Aggregate], Duplicate: true}, nil
	}
	if r.heads[c.Head.Aggregate].Revision != c.Head.Revision {
		return events.Appended{}, events.ErrConflict
	}
	sealed, err := c.Seal()
	if err != nil {
		return events.Appended{}, err
	}
	head := c.Head
	for i := range sealed {
		sealed[i].Position = events.Position{Incarnation: "test", Sequence: uint64(len(r.events) + 1)}
		r.events = append(r.events, sealed[i])
		head = head.After(&sealed[i])
	}
	r.heads[c.Head.Aggregate] = head
	return events.Appended{Events: sealed, Head: head}, nil
}

func (r *record) Load(_ context.Context, after events.Head) ([]events.Envelope, events.Head, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return nil, after, r.fail
	}
	var found []events.Envelope
	for _, e := range r.events {
		if after.Accepts(&e) == nil {
			found, after = append(found, e), after.After(&e)
		}
	}
	return found, after, nil
}

func (r *record) End(context.Context) (events.Position, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return events.Position{Incarnation: "test", Sequence: uint64(len(r.events))}, r.fail
}

func (r *record) Follow(context.Context, events.Position, int) (events.Feed, error) {
	return nil, errors.New("these tests do not follow the log")
}

// lifecycle lists the account's events of registration and erasure.
func (r *record) lifecycle(t *testing.T, account uuid.UUID) []events.Event {
	t.Helper()
	var found []events.Event
	for _, event := range r.history(t, account) {
		switch event.(type) {
		case events.AccountRegistered, events.AccountErased:
			found = append(found, event)
		}
	}
	return found
}

// history lists all events of an account.
func (r *record) history(t *testing.T, account uuid.UUID) []events.Event {
	t.Helper()
	past, _, err := r.Load(within(t), events.Head{Aggregate: events.Account(account)})
	if err != nil {
		t.Fatal(err)
	}
	var all []events.Event
	for _, e := range past {
		if e.Actor != account {
			t.Errorf("actor of %s is %s, want the account itself", e.Type, e.Actor)
		}
		event, err := e.Event()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, event)
	}
	return all
}

// fixture is an installation: a broker, a log and a clock.
type fixture struct {
	nc    *nats.Conn
	log   *record
	clock *clock
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	return &fixture{nc: brokertest.Conn(t), log: newRecord(), clock: newClock()}
}

// open starts a process in the installation.
func (h *fixture) open(t testing.TB, change ...func(*Options)) *Accounts {
	t.Helper()
	return h.openOn(t, h.nc, change...)
}

func (h *fixture) openOn(t testing.TB, nc *nats.Conn, change ...func(*Options)) *Accounts {
	t.Helper()
	options := Options{Now: h.clock.Now, Argon2: cheap, Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil))}
	for _, c := range change {
		c(&options)
	}
	a, err := Open(t.Context(), nc, h.log, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

// within bounds a call. Without a deadline of its own it gives the broker five
// seconds for an answer, and a busy machine may need more.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	t.Cleanup(cancel)
	return ctx
}

// sure repeats a call while its outcome is [ErrUnavailable], as it says one
// should: an answer may take longer than the call waits for it, or be lost when
// another server leads. It returns any other outcome.
func sure(t testing.TB, what string, call func(context.Context) error) error {
	t.Helper()
	var err error
	testkit.Eventually(t, what, func() (error, bool) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		err = call(ctx)
		return err, !errors.Is(err, ErrUnavailable)
	})
	return err
}

func register(t testing.TB, a *Accounts, email string) Person {
	t.Helper()
	registration := Registration{Email: email, Name: "Somebody", Password: adaPassword, Address: "192.0.2.1"}
	if err := sure(t, "a registration", func(ctx context.Context) error {
		_, err := a.Register(ctx, registration)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return byEmail(t, a, email)
}

func byEmail(t testing.TB, a *Accounts, email string) Person {
	t.Helper()
	var p Person
	if err := sure(t, "the person of "+email, func(ctx context.Context) (err error) {
		p, err = a.ByEmail(ctx, email)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return p
}

func signIn(t testing.TB, a *Accounts, email string) Session {
	t.Helper()
	var s Session
	if err := sure(t, "a session", func(ctx context.Context) (err error) {
		s, err = a.SignIn(ctx, Credentials{Email: email, Password: adaPassword, Address: "192.0.2.1", UserAgent: "test"})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}

// admitted fails the test if the secret is not valid, and returns its identity.
func admitted(t testing.TB, a *Accounts, secret string) Identity {
	t.Helper()
	var identity Identity
	if err := sure(t, "an answer to the secret", func(ctx context.Context) (err error) {
		identity, err = a.Authenticate(ctx, secret)
		return err
	}); err != nil {
		t.Fatalf("secret is refused: %v", err)
	}
	return identity
}

// refused fails the test if the secret is not rejected.
func refused(t testing.TB, a *Accounts, secret string) {
	t.Helper()
	if err := sure(t, "an answer to the secret", func(ctx context.Context) error {
		_, err := a.Authenticate(ctx, secret)
		return err
	}); !errors.Is(err, ErrUnauthenticated) {
		t.Fatalf("want %v, have %v", ErrUnauthenticated, err)
	}
}

// answered waits until the process answers the secret with want, which is nil
// where it is to be let in.
func answered(t testing.TB, what string, a *Accounts, secret string, want error) {
	t.Helper()
	testkit.Eventually(t, what, func() (error, bool) {
		_, err := a.Authenticate(within(t), secret)
		return err, errors.Is(err, want)
	})
}

// warm waits until the process lets the secret in from memory.
func warm(t testing.TB, what string, a *Accounts, secret string) {
	t.Helper()
	testkit.Eventually(t, what, func() (string, bool) {
		_, err := a.Authenticate(within(t), secret)
		from := remembered(a, secret)
		return fmt.Sprintf("error %v, in memory %t", err, from), err == nil && from
	})
}

// named waits until the process knows the person by the name.
func named(t testing.TB, what string, a *Accounts, account uuid.UUID, name string) {
	t.Helper()
	testkit.Eventually(t, what, func() (Person, bool) {
		p, _ := a.Person(account)
		return p, p.Name == name
	})
}

// invalid returns the field and code of every [Invalid] in an error.
func invalid(err error) string {
	var all Invalids
	if !errors.As(err, &all) {
		return fmt.Sprint("not an Invalids error: ", err)
	}
	var text string
	for _, i := range all {
		text += i.Field + ":" + i.Code + " "
	}
	return text
}
