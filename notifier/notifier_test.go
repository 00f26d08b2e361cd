package notifier

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/smtptest"
)

// redecide makes the notifier process every event from the beginning again.
func (w *world) redecide(n *Notifier) {
	w.t.Helper()
	config := n.decider.CachedInfo().Config
	config.DeliverPolicy = jetstream.DeliverAllPolicy
	if err := n.eventLog.DeleteConsumer(within(w.t), decideDurable); err != nil {
		w.t.Fatal(err)
	}
	if _, err := n.eventLog.CreateConsumer(within(w.t), config); err != nil {
		w.t.Fatal(err)
	}
}

func TestOldLogSendsNoMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	task, old := w.creates(mina, "t", "Fix the tap", ann)
	n := w.notifier(w.options(""))
	fresh := w.does(mina, task, events.TaskDeleted{})
	w.run(n)
	w.settled(n)
	if got := w.outcome(n, fresh, ann).Outcome; got != Kept {
		t.Errorf("outcome %q of what happened since, want kept", got)
	}
	if _, err := n.Explain(t.Context(), old.ID, ann); !errors.Is(err, ErrNoNotice) {
		t.Errorf("an event before the notifier's time has a notice: %v", err)
	}
}

// TestAnotherNotifierGoesOn starts a second notifier on the state of the first:
// events that happened while none ran are notified.
func TestAnotherNotifierGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.notifier(w.options(""))
	w.run(first)()
	_, created := w.creates(mina, "t", "Fix the tap", ann)
	second := w.notifier(w.options(""))
	w.run(second)
	if got := w.outcome(second, created, ann).Outcome; got != Kept {
		t.Errorf("outcome %q, want kept", got)
	}
}

func TestNonMembersAreNotNotified(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := smtptest.Start(t, "")
	busy := errReply(451, "try later")
	server.Behave(func(stage, to string) error {
		if stage == "rcpt" && strings.HasPrefix(to, "Ann") {
			return busy
		}
		return nil
	})
	n := w.notifier(w.options(server.URL()))
	w.run(n)

	// Ann is a member at decision time but no longer at delivery. Eve was never
	// a member. Bob's data is erased.
	w.people.erase(bob)
	_, first := w.creates(mina, "t", "Fix the tap", ann, eve, bob)
	comes(t, "Ann's mail to be tried", n, func(s Status) bool { return s.Retrying > 0 })
	w.does(mina, events.Project(projectID), events.MemberRemoved{Account: ann, Role: events.RoleMember})
	w.outcome(n, first, ann)
	server.Behave(func(string, string) error { return nil })

	_, second := w.creates(mina, "u", "Paint the door", ann)
	w.settled(n)
	for _, c := range []struct {
		event     events.Envelope
		recipient uuid.UUID
		cause     string
	}{
		{first, ann, causeNoMember}, {first, eve, causeNoMember}, {first, bob, causeNoAccount}, {second, ann, causeNoMember},
	} {
		e := w.outcome(n, c.event, c.recipient)
		if e.Outcome != Suppressed || e.Cause != c.cause || e.Reason != BecameAssignee {
			t.Errorf("outcome %q, %q, reason %q; want suppressed, %q", e.Outcome, e.Cause, e.Reason, c.cause)
		}
	}
	if mails := server.All(); len(mails) != 0 {
		t.Errorf("%d mails left, the first to %s", len(mails), mails[0].To)
	}
}

func TestRepeatedEventsMakeNoSecondMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := smtptest.Start(t, "")
	n := w.notifier(w.options(server.URL()))
	stop := w.run(n)
	task, created := w.creates(mina, "t", "Fix the tap", ann, bob)
	w.does(ann, task, events.CommentAdded{Comment: named("c"), Text: "Soon."})
	w.outcome(n, created, bob)
	w.settled(n)
	stop()
	want := len(server.All())

	again := w.notifier(w.options(server.URL()))
	w.redecide(again)
	w.run(again)
	w.settled(again)
	if got := len(server.All()); got != want || want != 4 {
		t.Errorf("%d mails after every event came twice, %d before, want 4", got, want)
	}
}

func TestSeveralNotifiersShareTheWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := smtptest.Start(t, "")
	var all []*Notifier
	for range 3 {
		n := w.notifier(w.options(server.URL()))
		w.run(n)
		all = append(all, n)
	}
	task, _ := w.creates(mina, "t", "Fix the tap", ann)
	const comments = 30
	for i := range comments {
		w.does(mina, task, events.CommentAdded{Comment: named(string(rune('a' + i))), Text: "Soon."})
	}
	w.settled(all[0])
	seen := map[string]int{}
	for _, m := range server.All() {
		seen[m.Message.Header.Get("Message-ID")]++
	}
	if len(seen) != comments+1 || len(server.All()) != comments+1 {
		t.Errorf("%d mails, %d different, want %d", len(server.All()), len(seen), comments+1)
	}
}

// A mail that takes longer to send than the takeover time stays with its
// notifier.
func TestSlowMailIsNotTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := smtptest.Start(t, "")
	o := w.options(server.URL())
	o.takeover = 4 * time.Second // heartbeats come every second, or a little later on a busy machine
	server.Behave(func(stage, _ string) error {
		if stage == "accepted" {
			time.Sleep(3 * o.takeover / 2)
		}
		return nil
	})
	one := w.notifier(o)
	w.run(one)
	w.run(w.notifier(o))
	_, event := w.creates(mina, "slow", "Fix the tap", ann)
	w.outcome(one, event, ann)
	w.settled(one)
	if n := len(server.All()); n != 1 {
		t.Errorf("%d mails, want 1", n)
	}
	info, err := one.deliverer.Info(within(t))
	if err != nil || info.Delivered.Consumer != 1 {
		t.Errorf("the notice was given out %d times (%v), want once", info.Delivered.Consumer, err)
	}
}

// TestEventsOutsideTheChainAreIgnored puts invalid messages on a task's subject
// and then continues after them.
func TestEventsOutsideTheChainAreIgnored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.notifier(w.options(""))
	w.run(n)
	task, created := w.creates(mina, "t", "Fix the tap", ann)

	forged := events.Commit{
		Head:    events.Head{Aggregate: task, Revision: 1, Hash: created.PrevHash, Sequence: 0},
		Project: projectID, Actor: eve, Command: named("forged"), Time: created.Time,
		Events: []events.Event{events.CommentAdded{Comment: named("c"), Text: "Click here."}},
	}
	sealed, err := forged.Seal()
	if err != nil {
		t.Fatal(err)
	}
	publish := func(header nats.Header, payload []byte) {
		if _, err := w.js.PublishMsg(t.Context(), &nats.Msg{Subject: task.Subject(), Header: header, Data: payload}); err != nil {
			t.Fatal(err)
		}
	}
	publish(nats.Header(sealed[0].Headers()), sealed[0].Payload)
	publish(nats.Header{"ce-id": {"one", "two"}, "Empty": {}}, []byte("not an event"))
	publish(nil, nil)

	deleted := w.appendAfterForgery(task)
	if got := w.outcome(n, deleted, ann).Outcome; got != Kept {
		t.Errorf("outcome %q of the event after the forged ones, want kept", got)
	}
	w.settled(n)
	if got := n.Status().Ignored; got != 3 {
		t.Errorf("%d messages ignored, want 3", got)
	}
	if got := len(w.files()); got != 2 {
		t.Errorf("%d mails, want 2", got)
	}
}

// appendAfterForgery deletes the task at its current head in the log.
func (w *world) appendAfterForgery(task events.Aggregate) events.Envelope {
	w.t.Helper()
	_, head, err := w.log.Load(w.t.Context(), events.Head{Aggregate: task})
	if err != nil {
		w.t.Fatal(err)
	}
	w.heads[task] = head
	return w.does(mina, task, events.TaskDeleted{})
}

func TestStatusShowsLag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.notifier(w.options(""))
	if s := n.Status(); s.Lag != 0 || s.Behind != 0 {
		t.Errorf("behind by %d, %s before anything happened", s.Lag, s.Behind)
	}
	task, _ := w.creates(mina, "t", "Fix the tap", ann)
	w.does(mina, task, events.TaskDeleted{})
	w.does(mina, events.Project(projectID), events.ProjectRenamed{From: "House", To: "Home"})
	if s := n.Status(); s.Lag != 2 || s.Behind <= 0 {
		t.Errorf("behind by %d events, %s; want 2 and some time", s.Lag, s.Behind)
	}
	w.run(n)
	s := w.settled(n)
	if s.Kept != 2 || s.Parked != 0 || s.Behind != 0 {
		t.Errorf("in the end: %+v", s)
	}
}

// TestShutdownFinishesWorkInProgress stops the notifier while the server is
// processing a mail.
func TestShutdownFinishesWorkInProgress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := smtptest.Start(t, "")
	reached, proceed := make(chan struct{}), make(chan struct{})
	server.Behave(func(stage, _ string) error {
		if stage == "accepted" {
			reached <- struct{}{}
			<-proceed
		}
		return nil
	})
	o := w.options(server.URL())
	n := w.notifier(o)
	stop := w.run(n)
	_, created := w.creates(mina, "t", "Fix the tap", ann)
	<-reached
	stopped := make(chan struct{})
	go func() { defer close(stopped); stop() }()
	select {
	case <-stopped:
		t.Error("Run returned with a mail in hand")
	case proceed <- struct{}{}:
	}
	<-stopped
	if got := w.outcome(n, created, ann).Outcome; got != Delivered {
		t.Errorf("outcome %q, want delivered", got)
	}
	if s := n.Status(); s.Waiting != 0 {
		t.Errorf("%d notices are not acknowledged", s.Waiting)
	}
}

func TestRunSaysWhenItsConsumerIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.notifier(w.options(""))
	ended := make(chan error, 1)
	go func() { ended <- n.Run(t.Context()) }()
	testkit.Eventually(t, "a pull that waits", func() (string, bool) {
		info, err := n.decider.Info(within(t))
		return fmt.Sprintf("%+v, %v", info, err), err == nil && info.NumWaiting > 0
	})
	if err := n.eventLog.DeleteConsumer(within(t), decideDurable); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Error("Run ended without an error")
	}
	if err := n.Run(t.Context()); err == nil {
		t.Error("Run began without its consumer")
	}
}
