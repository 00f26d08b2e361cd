package commands_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/internal/testkit"
)

func newLog(t testing.TB) events.Log {
	t.Helper()
	log, err := jetstream.Open(context.Background(), brokertest.Conn(t), jetstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// following runs the handler's follower until the test ends.
func following(t testing.TB, h *commands.Handler) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = h.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

func as(actor uuid.UUID) commands.Request {
	return commands.Request{Actor: actor, Command: uuid.New()}
}

func must(t testing.TB, h *commands.Handler, c commands.Command, r commands.Request) commands.Outcome {
	t.Helper()
	outcome, err := h.Handle(context.Background(), c, r)
	if err != nil {
		t.Fatalf("%T: %v", c, err)
	}
	return outcome
}

func rejected(t testing.TB, h *commands.Handler, c commands.Command, r commands.Request, code commands.Code) {
	t.Helper()
	outcome, err := h.Handle(context.Background(), c, r)
	var rejection *commands.Rejection
	if !errors.As(err, &rejection) || rejection.Code != code {
		t.Fatalf("%T: outcome %+v, error %v, want rejection %s", c, outcome, err, code)
	}
}

// place creates a project with a task and returns the owner, project and task.
func place(t testing.TB, h *commands.Handler) (owner, project, task uuid.UUID) {
	t.Helper()
	owner, project, task = uuid.New(), uuid.New(), uuid.New()
	must(t, h, commands.CreateProject{Project: project, Name: "Garden"}, as(owner))
	must(t, h, commands.CreateTask{Task: task, Project: project, Title: "Fix the tap"}, as(owner))
	return owner, project, task
}

func revisions(t testing.TB, log events.Log, a events.Aggregate) uint64 {
	t.Helper()
	_, head, err := log.Load(context.Background(), events.Head{Aggregate: a})
	if err != nil {
		t.Fatal(err)
	}
	return head.Revision
}

func TestCommandSentTwiceHappensOnce(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	h := commands.NewHandler(log, commands.Options{})
	owner, _, task := place(t, h)
	request := as(owner)
	first := must(t, h, commands.MoveTask{Task: task, Status: "done"}, request)
	if first.Duplicate || len(first.Events) != 1 {
		t.Fatalf("first: %+v", first)
	}
	// Other writers continue; then the client that lost the answer retries, at
	// this process and at one that has nothing in memory.
	must(t, h, commands.MoveTask{Task: task, Status: "waiting"}, as(owner))
	for name, handler := range map[string]*commands.Handler{"same": h, "other": commands.NewHandler(log, commands.Options{})} {
		again := must(t, handler, commands.MoveTask{Task: task, Status: "done"}, request)
		if !again.Duplicate || len(again.Events) != 0 || again.Task.Status != "waiting" {
			t.Errorf("%s process: %+v, want a duplicate and the task as it stands", name, again)
		}
	}
	if n := revisions(t, log, events.Task(task)); n != 3 {
		t.Errorf("the task has %d events, want 3", n)
	}
}

func TestCommandWithoutChangeAppendsNothing(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	h := commands.NewHandler(log, commands.Options{})
	owner, _, task := place(t, h)
	before, err := log.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	outcome := must(t, h, commands.MoveTask{Task: task, Status: "waiting"}, as(owner))
	after, err := log.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if before != after || len(outcome.Events) != 0 {
		t.Errorf("log went from %v to %v, outcome %+v", before, after, outcome)
	}
	if outcome.Position != before {
		t.Errorf("position %v, want that of the task's last event, %v", outcome.Position, before)
	}
}

// TestWritersOfOneTaskLoseNothing lets two processes add comments to one task
// concurrently. Every accepted command is one event and one comment.
func TestWritersOfOneTaskLoseNothing(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	handlers := []*commands.Handler{commands.NewHandler(log, commands.Options{}), commands.NewHandler(log, commands.Options{})}
	owner, _, task := place(t, handlers[0])
	for _, h := range handlers {
		following(t, h)
	}
	const each, writers = 12, 6
	var all sync.WaitGroup
	var mu sync.Mutex
	accepted := 0
	for w := range writers {
		all.Go(func() {
			for i := range each {
				_, err := handlers[w%2].Handle(context.Background(), commands.AddComment{Task: task, Comment: uuid.New(), Text: fmt.Sprint(w, i)}, as(owner))
				switch {
				case err == nil:
					mu.Lock()
					accepted++
					mu.Unlock()
				case errors.Is(err, commands.ErrBusy): // reported, and nothing was written
				default:
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	fresh := commands.NewHandler(log, commands.Options{})
	got, err := fresh.Task(t.Context(), task)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Comments) != accepted || got.Head.Revision != uint64(accepted)+1 {
		t.Errorf("%d comments at revision %d after %d accepted commands", len(got.Comments), got.Head.Revision, accepted)
	}
	if accepted < each*writers/2 {
		t.Errorf("only %d of %d were accepted", accepted, each*writers)
	}
}

// TestRejectionIsDecidedOnStateFromTheLog adds a member in another process while
// this one still has the older project in memory.
func TestRejectionIsDecidedOnStateFromTheLog(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	here, there := commands.NewHandler(log, commands.Options{}), commands.NewHandler(log, commands.Options{})
	owner, project, task := place(t, here)
	following(t, here)
	jun := uuid.New()
	rejected(t, here, commands.MoveTask{Task: task, Status: "done"}, as(jun), commands.CodeNotFound)
	must(t, there, commands.AddMember{Project: project, Account: jun, Role: events.RoleMember}, as(owner))
	must(t, here, commands.MoveTask{Task: task, Status: "done"}, as(jun))

	// The same applies to a command that would change nothing.
	must(t, there, commands.MoveTask{Task: task, Status: "waiting"}, as(owner))
	if outcome := must(t, here, commands.MoveTask{Task: task, Status: "done"}, as(jun)); len(outcome.Events) != 1 {
		t.Errorf("moving back to done changed nothing: %+v", outcome)
	}
}

func TestCombinedCommandIsAtomic(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	h := commands.NewHandler(log, commands.Options{})
	owner, _, task := place(t, h)
	title := "Mend the tap"
	rejected(t, h, commands.Together(
		commands.EditTask{Task: task, Title: &title},
		commands.MoveTask{Task: task, Status: "someday"},
	), as(owner), commands.CodeUnknownStatus)
	if n := revisions(t, log, events.Task(task)); n != 1 {
		t.Fatalf("a rejected command left %d events", n-1)
	}
	outcome := must(t, h, commands.Together(
		commands.EditTask{Task: task, Title: &title},
		commands.MoveTask{Task: task, Status: "done"},
		commands.ReassignTask{Task: task, Assignees: []uuid.UUID{owner}},
	), as(owner))
	if len(outcome.Events) != 3 || outcome.Task.Title != title || outcome.Task.Status != "done" || len(outcome.Task.Assignees) != 1 {
		t.Errorf("outcome %+v", outcome)
	}
	if n := revisions(t, log, events.Task(task)); n != 4 {
		t.Errorf("%d events, want 4", n)
	}
}

func TestRevisionIsHonoured(t *testing.T) {
	t.Parallel()
	h := commands.NewHandler(newLog(t), commands.Options{})
	owner, _, task := place(t, h)
	one, two := uint64(1), uint64(2)
	request := as(owner)
	request.IfRevision = &two
	rejected(t, h, commands.MoveTask{Task: task, Status: "done"}, request, commands.CodeRevision)
	request.IfRevision = &one
	must(t, h, commands.MoveTask{Task: task, Status: "done"}, request)
}

// TestForgottenFoldsAreLoadedAgain uses more aggregates than fit in memory.
func TestForgottenFoldsAreLoadedAgain(t *testing.T) {
	t.Parallel()
	h := commands.NewHandler(newLog(t), commands.Options{Warm: 2})
	following(t, h)
	owner, project := uuid.New(), uuid.New()
	must(t, h, commands.CreateProject{Project: project, Name: "Garden"}, as(owner))
	tasks := make([]uuid.UUID, 8)
	for i := range tasks {
		tasks[i] = uuid.New()
		must(t, h, commands.CreateTask{Task: tasks[i], Project: project, Title: fmt.Sprint(i)}, as(owner))
	}
	for i, id := range tasks {
		if o := must(t, h, commands.MoveTask{Task: id, Status: "done"}, as(owner)); o.Task.Title != fmt.Sprint(i) || o.Task.Head.Revision != 2 {
			t.Errorf("task %d: %+v", i, o.Task)
		}
	}
	if warm := h.Stats().Warm; warm > 2 {
		t.Errorf("%d aggregates are warm, want at most 2", warm)
	}
}

// TestFoldsAreForgottenWhileInUse has more writers than folds fit in memory; it
// is meant to run with the race detector.
func TestFoldsAreForgottenWhileInUse(t *testing.T) {
	t.Parallel()
	h := commands.NewHandler(newLog(t), commands.Options{Warm: 2})
	following(t, h)
	owner, project := uuid.New(), uuid.New()
	must(t, h, commands.CreateProject{Project: project, Name: "Garden"}, as(owner))
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			task := uuid.New()
			for i := range 10 {
				var c commands.Command = commands.AddComment{Task: task, Comment: uuid.New(), Text: fmt.Sprint(w, i)}
				if i == 0 {
					c = commands.CreateTask{Task: task, Project: project, Title: fmt.Sprint(w)}
				}
				if _, err := h.Handle(context.Background(), c, as(owner)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

func TestCombinedCommandSeesEarlierParts(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	h := commands.NewHandler(log, commands.Options{})
	owner, project, _ := place(t, h)
	task := uuid.New()
	outcome := must(t, h, commands.Together(
		commands.CreateTask{Task: task, Project: project, Title: "Dig the bed"},
		commands.AddComment{Task: task, Comment: uuid.New(), Text: "Deep?"},
	), as(owner))
	if len(outcome.Events) != 2 || len(outcome.Task.Comments) != 1 {
		t.Errorf("outcome %+v", outcome)
	}
	rejected(t, h, commands.Together(), as(owner), commands.CodeInvalid)
}

// TestAnswerPositionIncludesTheProject covers a command that changed nothing in the
// task, decided on a project that changed after the task did.
func TestAnswerPositionIncludesTheProject(t *testing.T) {
	t.Parallel()
	log := newLog(t)
	h := commands.NewHandler(log, commands.Options{})
	owner, project, task := place(t, h)
	renamed := must(t, h, commands.RenameProject{Project: project, Name: "Yard"}, as(owner))
	if outcome := must(t, h, commands.MoveTask{Task: task, Status: "waiting"}, as(owner)); outcome.Position != renamed.Position {
		t.Errorf("position %v, want that of the project's last event, %v", outcome.Position, renamed.Position)
	}
}

// TestReplacedLogIsNoticed deletes and recreates the stream under a handler:
// nothing may be decided on the content of the old log.
func TestReplacedLogIsNoticed(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	log, err := jetstream.Open(t.Context(), nc, jetstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h := commands.NewHandler(log, commands.Options{})
	ended := make(chan error, 1)
	go func() { ended <- h.Run(t.Context()) }()
	owner, project, _ := place(t, h)
	if _, err := nc.Request("$JS.API.STREAM.DELETE.EVENTS", nil, testkit.Limit); err != nil {
		t.Fatal(err)
	}
	// The server may still be removing the files of the deleted stream.
	testkit.Eventually(t, "the log to be made again", func() (error, bool) {
		_, err := jetstream.Open(t.Context(), nc, jetstream.Options{})
		return err, err == nil
	})
	if err := testkit.Receive(t, "the end of Run, which notices", ended); !errors.Is(err, events.ErrIncarnation) {
		t.Errorf("Run ended with %v, want ErrIncarnation", err)
	}
	_, err = h.Handle(t.Context(), commands.CreateTask{Task: uuid.New(), Project: project, Title: "Ghost"}, as(owner))
	if !errors.Is(err, events.ErrIncarnation) {
		t.Errorf("a command ended with %v, want ErrIncarnation", err)
	}
}

// losing is a log that loses the answers of appends on request. A real log does
// so only if a connection breaks at the right instant.
type losing struct {
	events.Log
	lose bool
}

func (l *losing) Append(ctx context.Context, c events.Commit) (events.Appended, error) {
	appended, err := l.Log.Append(ctx, c)
	if err == nil && l.lose {
		return events.Appended{}, events.ErrUnsettled
	}
	return appended, err
}

func TestUnsettledCommandIsSettledByRetry(t *testing.T) {
	t.Parallel()
	log := &losing{Log: newLog(t)}
	h := commands.NewHandler(log, commands.Options{})
	owner, _, task := place(t, h)
	request := as(owner)
	log.lose = true
	if _, err := h.Handle(t.Context(), commands.MoveTask{Task: task, Status: "done"}, request); !errors.Is(err, events.ErrUnsettled) {
		t.Fatalf("error %v, want ErrUnsettled", err)
	}
	log.lose = false
	outcome := must(t, h, commands.MoveTask{Task: task, Status: "done"}, request)
	if outcome.Task.Status != "done" || outcome.Task.Head.Revision != 2 {
		t.Errorf("outcome %+v, want done at revision 2", outcome.Task)
	}
	if n := revisions(t, log, events.Task(task)); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

// BenchmarkHandle moves tasks back and forth, warm, from 16 goroutines, and
// compares it with bare appends of the same events by 16 goroutines.
func BenchmarkHandle(b *testing.B) {
	log := newLog(b)
	h := commands.NewHandler(log, commands.Options{})
	following(b, h)
	owner, project := uuid.New(), uuid.New()
	must(b, h, commands.CreateProject{Project: project, Name: "Garden"}, as(owner))
	const writers = 16
	tasks := make([]uuid.UUID, writers)
	for i := range tasks {
		tasks[i] = uuid.New()
		must(b, h, commands.CreateTask{Task: tasks[i], Project: project, Title: "Fix the tap"}, as(owner))
	}
	b.Run("append", func(b *testing.B) {
		each(b, writers, func(w, n int) {
			head := events.Head{Aggregate: events.Task(uuid.New())}
			for i := range n {
				appended, err := log.Append(context.Background(), events.Commit{
					Head: head, Project: project, Command: uuid.New(), Actor: owner, Time: time.Now(),
					Events: []events.Event{events.TaskMoved{
						Status: events.Changed[string]{From: "waiting", To: "done"}, Rank: events.Changed[string]{From: "V", To: fmt.Sprint("V", i)},
					}},
				})
				if err != nil {
					b.Error(err)
					return
				}
				head = appended.Head
			}
		})
	})
	b.Run("handle", func(b *testing.B) {
		each(b, writers, func(w, n int) {
			for i := range n {
				if _, err := h.Handle(context.Background(), commands.MoveTask{Task: tasks[w], Rank: commands.RankBetween("V", "W") + fmt.Sprint(i%7+1)}, as(owner)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// each splits b.N among the writers and reports events per second.
func each(b *testing.B, writers int, do func(writer, n int)) {
	b.ResetTimer()
	var all sync.WaitGroup
	for w := range writers {
		n := b.N / writers
		if w < b.N%writers {
			n++
		}
		all.Go(func() { do(w, n) })
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
