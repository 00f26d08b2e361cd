package notifier

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/smtptest"
)

// TestBrokerRestarts restarts the broker under a running notifier whose mail
// server is down.
func TestBrokerRestarts(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	b := brokertest.StartIn(t, folder)
	w := newWorldOn(t, folder, func() (*nats.Conn, error) { return broker.DialRunning(context.Background(), folder) }, 1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	n := w.notifier(brief(w.options("smtp://" + address)))
	w.run(n)
	_, created := w.creates(mina, "t", "Fix the tap", ann, bob)
	comes(t, "both mails to fail", n, func(s Status) bool { return s.Retrying == 2 })

	b.Stop()
	brokertest.StartIn(t, folder)
	server := smtptest.Start(t, address)
	for _, person := range []uuid.UUID{ann, bob} {
		if e := w.outcome(n, created, person); e.Outcome != Delivered {
			t.Errorf("outcome %q, want delivered", e.Outcome)
		}
	}
	if got := len(server.All()); got != 2 {
		t.Errorf("%d mails, want 2", got)
	}
}

// TestNewerEventsWait appends an event of a newer program to the log. It waits
// for that program and does not block other events.
func TestNewerEventsWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.notifier(w.options(""))
	w.run(n)
	task, _ := w.creates(mina, "t", "Fix the tap", ann)
	head := w.heads[task]
	newer := events.Envelope{
		ID: named("newer"), Type: "task_teleported", Version: 1, Aggregate: task, Project: projectID,
		Revision: head.Revision + 1, PrevHash: head.Hash, Time: start, Actor: mina,
		Command: named("newer command"), Payload: []byte("{}"),
	}
	if _, err := w.js.PublishMsg(t.Context(), &nats.Msg{Subject: task.Subject(), Header: nats.Header(newer.Headers()), Data: newer.Payload}); err != nil {
		t.Fatal(err)
	}
	_, other := w.creates(mina, "u", "Paint the door", ann)
	if got := w.outcome(n, other, ann).Outcome; got != Kept {
		t.Errorf("outcome %q of another task's event, want kept", got)
	}
	comes(t, "all but the newer event to be decided on", n, func(s Status) bool { return s.Lag == 1 })
	if s := n.Status(); s.Ignored != 0 || s.Behind <= 0 {
		t.Errorf("status %+v, want the event to wait", s)
	}
}

func TestMalformedNoticeIsParked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.notifier(w.options(""))
	w.run(n)
	id := noticeID(named("event"), ann)
	if _, err := w.js.Publish(t.Context(), dueSubjects+id, []byte("nonsense")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.js.Publish(t.Context(), dueSubjects+"nonsense", nil); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "both to be parked", func() (string, bool) {
		parked, err := n.Parked(within(t))
		s := n.Status()
		return fmt.Sprintf("parked %+v, %v, status %+v", parked, err, s), err == nil && len(parked) == 2 && s.Waiting == 0
	})
	if e := w.outcome(n, events.Envelope{ID: named("event")}, ann); e.Outcome != ParkedOutcome {
		t.Errorf("outcome %q, want parked", e.Outcome)
	}
}

// panicky is a directory in which one person makes the notifier panic.
type panicky struct{ *directory }

func (p panicky) Person(ctx context.Context, id uuid.UUID) (Person, bool, error) {
	if id == bob {
		panic("Bob@people.test")
	}
	return p.directory.Person(ctx, id)
}

func TestPanicParksOneNoticeWithoutPersonalData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := w.options("")
	o.People, o.Tries = panicky{w.people}, 2
	n := w.notifier(o)
	w.run(n)
	_, created := w.creates(mina, "t", "Fix the tap", bob)
	_, other := w.creates(mina, "u", "Paint the door", ann)
	e := w.outcome(n, created, bob)
	if e.Outcome != ParkedOutcome || e.Tries != 2 || strings.Contains(e.Cause, "@") {
		t.Errorf("entry %+v, want parked after two tries", e)
	}
	if got := w.outcome(n, other, ann).Outcome; got != Kept {
		t.Errorf("outcome %q of another notice, want kept", got)
	}
}

// TestOnThreeNodes runs on a replicated log, delivers every event twice, and
// stops a node.
func TestOnThreeNodes(t *testing.T) {
	t.Parallel()
	servers := brokertest.Cluster(t, 3)
	w := newWorldOn(t, t.TempDir(), func() (*nats.Conn, error) { return broker.Dial(context.Background(), servers.URL()) }, 3)
	server := smtptest.Start(t, "")
	o := w.options(server.URL())
	o.Replicas = 3
	n := w.notifier(o)
	stop := w.run(n)
	_, created := w.creates(mina, "t", "Fix the tap", ann, bob)
	w.outcome(n, created, ann)
	w.outcome(n, created, bob)
	w.settled(n)
	stop()
	w.redecide(n)
	servers.Stop(0)
	again := w.notifierWhenUp(o)
	w.run(again)
	_, later := w.createsWhenUp(mina, "u", "Paint the door", ann)
	explained(t, "the later event to be told", again, later.ID, ann, delivered)
	w.settled(again)
	seen := map[string]int{}
	for _, m := range server.All() {
		seen[m.Message.Header.Get("Message-ID")]++
	}
	if len(seen) != 3 {
		t.Errorf("%d different mails, want 3: %v", len(seen), seen)
	}
	if len(server.All()) != 3 {
		t.Errorf("%d mails, want 3: %v", len(server.All()), seen)
	}
}

// notifierWhenUp creates a notifier as soon as the cluster allows it.
func (w *world) notifierWhenUp(o Options) *Notifier {
	w.t.Helper()
	var n *Notifier
	testkit.Eventually(w.t, "the cluster to have its leaders", func() (error, bool) {
		var err error
		n, err = New(w.t.Context(), o)
		return err, err == nil
	})
	w.t.Cleanup(n.Close)
	return n
}

// createsWhenUp appends a task as soon as the log accepts it.
func (w *world) createsWhenUp(actor uuid.UUID, name, title string, assignees ...uuid.UUID) (task events.Aggregate, created events.Envelope) {
	w.t.Helper()
	task = events.Task(named(name))
	testkit.Eventually(w.t, "the log to take an event", func() (error, bool) {
		done, err := w.log.Append(w.t.Context(), events.Commit{
			Head: events.Head{Aggregate: task}, Project: projectID, Actor: actor, Command: named("command " + name), Time: start,
			Events: []events.Event{events.TaskCreated{
				Project: projectID, Title: title, Status: "waiting", Rank: "V", Priority: events.PriorityNone, Assignees: assignees,
			}},
		})
		if err != nil && !errors.Is(err, events.ErrUnsettled) {
			w.t.Fatal(err)
		}
		if err == nil {
			created = done.Events[0]
		}
		return err, err == nil
	})
	return task, created
}

// TestFullStreamHoldsEventsBack limits the stream of notices to one message.
// The other events wait in the log.
func TestFullStreamHoldsEventsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := smtptest.Start(t, "")
	server.Behave(func(at, _ string) error {
		if at == "rcpt" {
			return errReply(451, "try later")
		}
		return nil
	})
	n := w.notifier(w.options(server.URL()))
	config := n.notices.stream.CachedInfo().Config
	config.MaxMsgs = 1
	if _, err := w.js.UpdateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	w.run(n)
	_, created := w.creates(mina, "t", "Fix the tap", ann, bob)
	comes(t, "the first mail to fail often", n, func(s Status) bool { return s.Failed >= 10 })
	if s := n.Status(); s.Lag != 1 || s.Waiting != 1 || s.Oldest <= 0 {
		t.Errorf("status %+v, want one notice to wait, for a while now, and its event too", s)
	}
	server.Behave(func(string, string) error { return nil })
	for _, person := range []uuid.UUID{ann, bob} {
		if got := w.outcome(n, created, person).Outcome; got != Delivered {
			t.Errorf("outcome %q, want delivered", got)
		}
	}
}
