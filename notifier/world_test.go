package notifier

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
	eventlog "github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/internal/testkit"
)

// start is the time at which every test begins.
var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// within returns a context for one call. Without a deadline the client waits
// five seconds for the broker, which is too short on a busy machine.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	t.Cleanup(cancel)
	return ctx
}

// comes waits until the notifier's status is as wanted.
func comes(t testing.TB, want string, n *Notifier, is func(Status) bool) (s Status) {
	t.Helper()
	testkit.Eventually(t, want, func() (Status, bool) {
		s = n.Status()
		return s, is(s)
	})
	return s
}

// explained waits until the ledger's entry of a notice is as wanted.
func explained(t testing.TB, want string, n *Notifier, event, recipient uuid.UUID, is func(Entry) bool) (e Entry) {
	t.Helper()
	testkit.Eventually(t, want, func() (string, bool) {
		var err error
		e, err = n.Explain(t.Context(), event, recipient)
		return fmt.Sprintf("%+v, %v", e, err), err == nil && is(e)
	})
	return e
}

func delivered(e Entry) bool { return e.Outcome == Delivered }

// named returns the same id for the same name in every run.
func named(name string) uuid.UUID { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)) }

// The people of all tests. Mina owns the project, Ann and Bob are members, Eve
// is not.
var (
	mina, ann, bob, eve = named("mina"), named("ann"), named("bob"), named("eve")
	gone                = named("gone") // an account that was erased
	projectID           = named("project")
)

// directory is a mutable set of people.
type directory struct {
	mu     sync.Mutex
	people map[uuid.UUID]Person
}

func newDirectory() *directory {
	d := &directory{people: map[uuid.UUID]Person{}}
	for id, name := range map[uuid.UUID]string{mina: "Mina", ann: "Ann", bob: "Bob", eve: "Eve"} {
		d.people[id] = Person{id, name + " Example", name + "@people.test"}
	}
	return d
}

func (d *directory) Person(_ context.Context, id uuid.UUID) (Person, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.people[id]
	return p, ok, nil
}

func (d *directory) erase(id uuid.UUID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.people, id)
}

// world is a real broker with a project in its log.
type world struct {
	t      testing.TB
	dial   func() (*nats.Conn, error)
	folder string
	js     jetstream.JetStream
	log    events.Log
	people *directory
	heads  map[events.Aggregate]events.Head
	count  int
}

func newWorld(t testing.TB) *world {
	t.Helper()
	folder := t.TempDir()
	b := brokertest.StartIn(t, folder)
	return newWorldOn(t, folder, func() (*nats.Conn, error) { return b.Connect() }, 1)
}

// newWorldOn is newWorld on the broker that dial connects to.
func newWorldOn(t testing.TB, folder string, dial func() (*nats.Conn, error), replicas int) *world {
	t.Helper()
	w := &world{t: t, folder: folder, dial: dial, people: newDirectory(), heads: map[events.Aggregate]events.Head{}}
	nc, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	if w.js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(testkit.Limit)); err != nil {
		t.Fatal(err)
	}
	if w.log, err = eventlog.Open(t.Context(), nc, eventlog.Options{Replicas: replicas}); err != nil {
		t.Fatal(err)
	}
	w.does(mina, events.Project(projectID), events.ProjectCreated{Name: "House", Statuses: events.DefaultStatuses()})
	w.does(mina, events.Project(projectID), events.MemberAdded{Account: ann, Role: events.RoleMember})
	w.does(mina, events.Project(projectID), events.MemberAdded{Account: bob, Role: events.RoleViewer})
	return w
}

// does appends an event of the actor, one minute after the previous one.
func (w *world) does(actor uuid.UUID, to events.Aggregate, event events.Event) events.Envelope {
	w.t.Helper()
	w.count++
	head, ok := w.heads[to]
	if !ok {
		head.Aggregate = to
	}
	done, err := w.log.Append(w.t.Context(), events.Commit{
		Head: head, Project: projectID, Actor: actor,
		Command: named(fmt.Sprint("command ", w.count)),
		Time:    start.Add(time.Duration(w.count) * time.Minute),
		Events:  []events.Event{event},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.heads[to] = done.Head
	return done.Events[0]
}

// creates appends a new task, created by the actor.
func (w *world) creates(actor uuid.UUID, name, title string, assignees ...uuid.UUID) (events.Aggregate, events.Envelope) {
	w.t.Helper()
	task := events.Task(named(name))
	return task, w.does(actor, task, events.TaskCreated{
		Project: projectID, Title: title, Status: "waiting", Rank: "V", Priority: events.PriorityNone, Assignees: assignees,
	})
}

// options returns the options of a notifier that retries quickly.
func (w *world) options(smtpURL string) Options {
	o := w.optionsWithoutLog(smtpURL)
	o.Logger = slog.New(slog.NewTextHandler(w.t.Output(), nil))
	return o
}

func (w *world) optionsWithoutLog(smtpURL string) Options {
	return Options{
		Conn: w.dial,
		Log:  w.log, People: w.people,
		BaseURL: "https://docket.test/", From: "Docket <docket@docket.test>",
		SMTP: smtpURL, MailDir: filepath.Join(w.folder, "mail"),
		// Generous, because a mail that takes longer on a busy machine may come
		// twice.
		SendTimeout: time.Minute, RetryFirst: 5 * time.Millisecond, RetryMax: 50 * time.Millisecond,
		Tries: 1 << 30,
	}
}

// notifier creates a notifier that does not run yet.
func (w *world) notifier(o Options) *Notifier {
	w.t.Helper()
	n, err := New(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(n.Close)
	return n
}

// run runs the notifier until the test ends or stop is called.
func (w *world) run(n *Notifier) (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("Run: %v", err)
		}
	})
	w.t.Cleanup(stop)
	return stop
}

// settled waits until every event is decided on and every notice is delivered
// or parked.
func (w *world) settled(n *Notifier) Status {
	w.t.Helper()
	return comes(w.t, "nothing left to do", n, func(s Status) bool { return s.Lag == 0 && s.Waiting == 0 })
}

// outcome waits until the ledger has a final outcome.
func (w *world) outcome(n *Notifier, event events.Envelope, recipient uuid.UUID) Entry {
	w.t.Helper()
	return explained(w.t, "an outcome in the ledger", n, event.ID, recipient, func(e Entry) bool { return e.Outcome != Waiting })
}

// files returns the names of the stored mails.
func (w *world) files() []string {
	w.t.Helper()
	paths, err := filepath.Glob(filepath.Join(w.folder, "mail", "*.eml"))
	if err != nil {
		w.t.Fatal(err)
	}
	return paths
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
