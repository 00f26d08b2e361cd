package feed_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/gateway/feed"
	"github.com/docketlog/docket/internal/testkit"
)

// stage is a log with a hub on it, and one project with one member.
type stage struct {
	t       *testing.T
	nc      *nats.Conn
	log     events.Log
	hub     *feed.Hub
	member  uuid.UUID
	project events.Head
	task    events.Head
}

func newStage(t *testing.T, options feed.Options) *stage {
	t.Helper()
	// Other tests cover earlier events.
	ignore := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, ignore) })
	s := &stage{t: t, nc: brokertest.Conn(t), member: uuid.New()}
	log, err := jetstream.Open(t.Context(), s.nc, jetstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.log, s.hub = log, feed.NewHub(log, options)
	s.project.Aggregate, s.task.Aggregate = events.Project(uuid.New()), events.Task(uuid.New())
	s.append(&s.project, events.ProjectCreated{Name: "P", Statuses: events.DefaultStatuses()})
	s.append(&s.task, events.TaskCreated{Project: s.project.Aggregate.ID, Title: "0", Status: "waiting", Rank: "V", Priority: events.PriorityNone})
	s.run()
	return s
}

func (s *stage) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	var running sync.WaitGroup
	hub := s.hub
	running.Go(func() { _ = hub.Run(ctx) })
	stop = func() { cancel(); running.Wait() }
	s.t.Cleanup(stop)
	return stop
}

func (s *stage) append(head *events.Head, event events.Event) events.Envelope {
	s.t.Helper()
	_, fresh, err := s.log.Load(s.t.Context(), *head)
	if err != nil {
		s.t.Fatal(err)
	}
	appended, err := s.log.Append(s.t.Context(), events.Commit{
		Head: fresh, Project: s.project.Aggregate.ID, Command: uuid.New(), Actor: s.member, Time: time.Now(), Events: []events.Event{event},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	*head = appended.Head
	return appended.Events[0]
}

func (s *stage) edit(from, to string) events.Envelope {
	s.t.Helper()
	return s.append(&s.task, events.TaskEdited{Title: &events.Changed[string]{From: from, To: to}})
}

func (s *stage) subscribe(account uuid.UUID, after events.Position) *feed.Subscription {
	s.t.Helper()
	sub, err := s.hub.Subscribe(s.t.Context(), account, uuid.Nil, after)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(sub.Close)
	return sub
}

// take reads the wanted number of events and returns the first changed value of
// each.
func (s *stage) take(sub *feed.Subscription, n int) []string {
	s.t.Helper()
	var told []string
	for len(told) < n {
		// A past that takes longer to read than the timeout looks like an
		// unavailable log.
		more, _, err := sub.Next(s.t.Context(), testkit.Limit)
		if err != nil || len(more) == 0 {
			s.t.Fatalf("waited for %d events, have %q, %v", n, told, err)
		}
		for _, e := range more {
			told = append(told, title(s.t, e))
		}
	}
	return told
}

func title(t *testing.T, e feed.Event) string {
	t.Helper()
	var body feed.Body
	if err := json.Unmarshal(e.JSON, &body); err != nil {
		t.Fatal(err)
	}
	if body.Position != e.Position.String() || len(body.Changes) == 0 {
		t.Fatalf("event %s", e.JSON)
	}
	return body.Changes[0].To.(string)
}

// forge writes an event that does not continue its aggregate's chain, as a
// second writer would after a change of leader.
func (s *stage) forge(head events.Head, event events.Event) {
	s.t.Helper()
	commit := events.Commit{
		Head: head, Project: s.project.Aggregate.ID, Command: uuid.New(), Actor: s.member, Time: time.Now(), Events: []events.Event{event},
	}
	sealed, err := commit.Seal()
	if err != nil {
		s.t.Fatal(err)
	}
	msg := nats.NewMsg(head.Aggregate.Subject())
	for name, values := range sealed[0].Headers() {
		msg.Header[name] = values
	}
	msg.Data = sealed[0].Payload
	if _, err := s.nc.RequestMsg(msg, testkit.Limit); err != nil {
		s.t.Fatal(err)
	}
}

// TestForkedEventsAreNotSent forges events of a task and of the membership: no
// subscriber receives either, live or later, and the second grants no access.
func TestForkedEventsAreNotSent(t *testing.T) {
	s := newStage(t, feed.Options{})
	stranger := uuid.New()
	live, outside := s.subscribe(s.member, events.Position{}), s.subscribe(stranger, events.Position{})
	before := s.task
	s.edit("0", "1")
	s.forge(before, events.TaskEdited{Title: &events.Changed[string]{From: "0", To: "forged"}})
	s.edit("1", "2")
	early := s.project
	early.Revision, early.Hash = 0, events.Hash{}
	s.forge(early, events.MemberAdded{Account: stranger, Role: events.RoleOwner})
	s.edit("2", "3")
	if diff := cmp.Diff([]string{"1", "2", "3"}, s.take(live, 3)); diff != "" {
		t.Errorf("live:\n%s", diff)
	}
	end, err := s.log.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	late := s.subscribe(s.member, end.At(0))
	if diff := cmp.Diff([]string{"P", "0", "1", "2", "3"}, s.take(late, 5)); diff != "" {
		t.Errorf("late:\n%s", diff)
	}
	s.quiet(outside, end)
	s.quiet(s.subscribe(stranger, end.At(0)), end)
}

// quiet reads until the subscription has passed the position, and requires that
// it delivers nothing.
func (s *stage) quiet(sub *feed.Subscription, until events.Position) {
	s.t.Helper()
	testkit.Eventually(s.t, "the subscription to pass "+until.String(), func() (events.Position, bool) {
		more, at, err := sub.Next(s.t.Context(), 3*time.Second)
		if err != nil || len(more) > 0 {
			s.t.Fatalf("not quiet: %v %s", err, more)
		}
		reached, err := at.Reached(until)
		return at, err != nil || reached
	})
}

// TestSlowSubscriber does not read: it still receives the queued events in
// order, then the reason, and a new subscription resumes where it ended.
func TestSlowSubscriber(t *testing.T) {
	s := newStage(t, feed.Options{Buffer: 3})
	slow, quick := s.subscribe(s.member, events.Position{}), s.subscribe(s.member, events.Position{})
	var want []string
	for i := range 10 {
		from, to := string(rune('a'+i)), string(rune('b'+i))
		s.edit(from, to)
		want = append(want, to)
		if diff := cmp.Diff([]string{to}, s.take(quick, 1)); diff != "" {
			t.Fatal(diff)
		}
	}
	told := s.take(slow, 3)
	_, at, err := slow.Next(t.Context(), time.Second)
	if !errors.Is(err, feed.ErrSlow) {
		t.Fatalf("a slow subscriber: %v", err)
	}
	told = append(told, s.take(s.subscribe(s.member, at), 7)...)
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
	if s.hub.Dropped() != 1 {
		t.Errorf("%d dropped", s.hub.Dropped())
	}
}

// TestJoiningWhileThingsHappen begins many subscriptions in the past while the
// log grows.
func TestJoiningWhileThingsHappen(t *testing.T) {
	s := newStage(t, feed.Options{})
	end, err := s.log.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const edits, subscribers = 200, 30
	var want []string
	for i := range edits {
		want = append(want, string(rune('a'+i+1)))
	}
	var running sync.WaitGroup
	running.Go(func() {
		for i := range edits {
			s.edit(string(rune('a'+i)), string(rune('a'+i+1)))
		}
	})
	for i := range subscribers {
		running.Go(func() {
			time.Sleep(time.Duration(i) * 3 * time.Millisecond)
			sub := s.subscribe(s.member, end)
			if diff := cmp.Diff(want, s.take(sub, edits)); diff != "" {
				t.Errorf("subscriber %d:\n%s", i, diff)
			}
		})
	}
	running.Wait()
}

func TestStoppedHub(t *testing.T) {
	s := newStage(t, feed.Options{})
	sub := s.subscribe(s.member, events.Position{})
	s.hub.Close()
	if _, _, err := sub.Next(t.Context(), testkit.Limit); !errors.Is(err, feed.ErrStopped) {
		t.Errorf("a subscription of a stopped hub: %v", err)
	}
	if _, err := s.hub.Subscribe(t.Context(), s.member, uuid.Nil, events.Position{}); !errors.Is(err, feed.ErrStopped) {
		t.Errorf("subscribing to a stopped hub: %v", err)
	}
}

// TestHubReadsNothingWithoutSubscribers counts the hub's reads while there are no
// subscribers.
func TestHubReadsNothingWithoutSubscribers(t *testing.T) {
	s := newStage(t, feed.Options{})
	counting := &countingLog{Log: s.log}
	s.hub.Close()
	s.hub = feed.NewHub(counting, feed.Options{})
	s.run()
	last := events.Position{}
	for i := range 20 {
		last = s.edit("x", string(rune('a'+i))).Position
	}
	testkit.Eventually(t, "the hub to follow to "+last.String(), func() (events.Position, bool) {
		at := s.hub.Position()
		return at, !at.IsZero() && at.Sequence >= last.Sequence
	})
	if n := counting.loads(); n != 0 {
		t.Errorf("%d loads for nobody", n)
	}
	sub := s.subscribe(s.member, events.Position{})
	for i := range 20 {
		s.edit("x", string(rune('a'+i)))
	}
	s.take(sub, 20)
	if n := counting.loads(); n != 2 {
		t.Errorf("%d loads for 20 events of one task, want 2: its project and its chain", n)
	}
}

type countingLog struct {
	events.Log
	mu sync.Mutex
	n  int
}

func (l *countingLog) Load(ctx context.Context, after events.Head) ([]events.Envelope, events.Head, error) {
	l.mu.Lock()
	l.n++
	l.mu.Unlock()
	return l.Log.Load(ctx, after)
}

func (l *countingLog) loads() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}
