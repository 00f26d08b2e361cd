package service_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/feed"
	"github.com/docketlog/docket/gateway/gatewaytest"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/projections"
)

// desk is a service in a whole Docket, with a project of one owner.
type desk struct {
	*gatewaytest.House
	t       testing.TB
	service *service.Service
	owner   uuid.UUID
	project uuid.UUID
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{House: gatewaytest.Open(t), t: t, owner: uuid.New()}
	d.service = service.New(service.Options{
		Commands: d.Commands, Accounts: d.Accounts, Rows: d.Rows, Log: d.Log,
		Feed: feed.NewHub(d.Log, feed.Options{}), Logger: slog.New(slog.DiscardHandler),
	})
	d.project = d.newProject()
	return d
}

// as returns the context of a request by the account.
func (d *desk) as(account uuid.UUID) context.Context {
	var c access.Caller
	c.Account = account
	return access.With(d.t.Context(), c)
}

func (d *desk) do(command commands.Command) commands.Outcome {
	d.t.Helper()
	o, err := d.service.Do(d.as(d.owner), command, service.Write{})
	if err != nil {
		d.t.Fatalf("%T: %v", command, err)
	}
	return o
}

func (d *desk) newProject() uuid.UUID {
	d.t.Helper()
	id := uuid.New()
	d.do(commands.CreateProject{Project: id, Name: "Garden"})
	return id
}

// task creates a task at a rank.
func (d *desk) task(rank string) uuid.UUID {
	d.t.Helper()
	id := uuid.New()
	d.do(commands.CreateTask{Task: id, Project: d.project, Title: rank, Rank: rank})
	return id
}

// place places a task, using rows that have caught up with the log, and returns
// its rank.
func (d *desk) place(task uuid.UUID, place service.Place) string {
	d.t.Helper()
	o, err := d.service.ChangeTask(d.as(d.owner), service.TaskChange{Task: task, Place: place}, service.Write{Seen: d.End()})
	if err != nil {
		d.t.Fatal(err)
	}
	return o.Task.Rank
}

func beside(task uuid.UUID) *service.Neighbour { return &service.Neighbour{Task: task} }

// TestPlaceFindsTheOtherNeighbour names one neighbour and finds the other in
// the rows.
func TestPlaceFindsTheOtherNeighbour(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a, b, c := d.task("3"), d.task("5"), d.task("7")
	nobody := &service.Neighbour{None: true}
	for _, step := range []struct {
		what      string
		place     service.Place
		low, high string
	}{
		{"after the first", service.Place{After: beside(a)}, "3", "5"},
		{"before the last", service.Place{Before: beside(b)}, "3", "5"},
		{"between two", service.Place{After: beside(a), Before: beside(b)}, "3", "5"},
		{"at the beginning", service.Place{After: nobody}, "", "3"},
		{"before the first", service.Place{Before: beside(a)}, "", "3"},
		{"at the end", service.Place{Before: nobody}, "5", "9"},
		{"at a rank", service.Place{Rank: "4"}, "3", "5"},
	} {
		if rank := d.place(c, step.place); rank <= step.low || rank >= step.high {
			t.Errorf("%s: %q, want it between %q and %q", step.what, rank, step.low, step.high)
		}
	}
}

// TestPlaceInAnotherStatus moves and places at once: the neighbours are those
// of the target status.
func TestPlaceInAnotherStatus(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	there, last, moved := d.task("3"), d.task("6"), d.task("7")
	for _, task := range []uuid.UUID{there, last} {
		d.do(commands.MoveTask{Task: task, Status: "done", Rank: map[uuid.UUID]string{there: "3", last: "6"}[task]})
	}
	o, err := d.service.ChangeTask(d.as(d.owner), service.TaskChange{
		Task: moved, Status: "done", Place: service.Place{After: beside(there)},
	}, service.Write{Seen: d.End()})
	if err != nil {
		t.Fatal(err)
	}
	if o.Task.Status != "done" || o.Task.Rank <= "3" || o.Task.Rank >= "6" {
		t.Errorf("it is in %s at %q", o.Task.Status, o.Task.Rank)
	}
	if len(o.Events) != 1 {
		t.Errorf("moving and placing is %d events", len(o.Events))
	}
}

// TestPlaceBeyondOnePage finds a neighbour behind a full page of tasks in the
// rows.
func TestPlaceBeyondOnePage(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const digits = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	ranks := make([]string, 0, projections.MaxLimit+2)
	for i := range cap(ranks) {
		ranks = append(ranks, string(digits[i/len(digits)])+string(digits[i%len(digits)]))
	}
	slices.Sort(ranks)
	tasks := make([]uuid.UUID, len(ranks))
	var making sync.WaitGroup
	for worker := range 8 {
		making.Go(func() {
			for i := worker; i < len(ranks); i += 8 {
				tasks[i] = uuid.New()
				if _, err := d.service.Do(d.as(d.owner), commands.CreateTask{Task: tasks[i], Project: d.project, Title: ranks[i], Rank: ranks[i]}, service.Write{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	making.Wait()
	last := len(ranks) - 1
	if rank := d.place(tasks[0], service.Place{After: beside(tasks[last-1])}); rank <= ranks[last-1] || rank >= ranks[last] {
		t.Errorf("after the last but one: %q, want it between %q and %q", rank, ranks[last-1], ranks[last])
	}
	if rank := d.place(tasks[last], service.Place{Before: beside(tasks[2])}); rank <= ranks[1] || rank >= ranks[2] {
		t.Errorf("before the third: %q, want it between %q and %q", rank, ranks[1], ranks[2])
	}
}

// TestPlaceWhileTheRowsAreBehind does not wait for what the caller has not
// seen: the task stands one place off at most.
func TestPlaceWhileTheRowsAreBehind(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	a, b, moved := d.task("3"), d.task("5"), d.task("7")
	d.place(moved, service.Place{Before: beside(b)}) // the rows know all three
	d.StopRows()
	unknown := d.task("4")
	o, err := d.service.ChangeTask(d.as(d.owner), service.TaskChange{Task: moved, Place: service.Place{After: beside(a)}}, service.Write{})
	if err != nil || o.Task.Rank <= "3" || o.Task.Rank >= "5" {
		t.Errorf("after the first: %q, %v", o.Task.Rank, err)
	}
	// Two named neighbours need no rows.
	o, err = d.service.ChangeTask(d.as(d.owner), service.TaskChange{
		Task: moved, Place: service.Place{After: beside(a), Before: beside(unknown)},
	}, service.Write{Seen: d.End()})
	if err != nil || o.Task.Rank <= "3" || o.Task.Rank >= "4" {
		t.Errorf("between two: %q, %v", o.Task.Rank, err)
	}
}

// TestPlaceIsRefused names invalid neighbours, and asks as a caller who may not
// see the task.
func TestPlaceIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	task, other := d.task("3"), d.task("5")
	home := d.project
	d.project = d.newProject()
	elsewhere := d.task("3")
	d.project = home
	for name, c := range map[string]struct {
		place service.Place
		who   uuid.UUID
		field string
		code  problem.Code
	}{
		"itself":              {service.Place{After: beside(task)}, d.owner, "after", problem.Invalid},
		"one elsewhere":       {service.Place{Before: beside(elsewhere)}, d.owner, "before", problem.Invalid},
		"none there is":       {service.Place{Before: beside(uuid.New())}, d.owner, "before", problem.Invalid},
		"a rank besides":      {service.Place{Rank: "4", After: beside(other)}, d.owner, "rank", problem.Invalid},
		"a stranger's":        {service.Place{After: beside(other)}, uuid.New(), "", problem.NotFound},
		"a stranger's, alone": {service.Place{Rank: "4"}, uuid.New(), "", problem.NotFound},
	} {
		_, err := d.service.ChangeTask(d.as(c.who), service.TaskChange{Task: task, Place: c.place}, service.Write{})
		p := problem.From(err)
		if p == nil || p.Code != c.code || c.field != "" && !strings.Contains(p.Errors[0].Field, c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if now, err := d.Commands.Task(t.Context(), task); err != nil || now.Head.Revision != 1 {
		t.Errorf("what was refused is at revision %d (%v)", now.Head.Revision, err)
	}
}

// TestVisible expects one answer for a missing task and for one the caller may
// not see.
func TestVisible(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	task := d.task("3")
	if got, project, err := d.service.Visible(d.as(d.owner), task); err != nil || got.ID != task || project.ID != d.project {
		t.Errorf("a member sees %s of %s, %v", got.ID, project.ID, err)
	}
	_, _, strange := d.service.Visible(d.as(uuid.New()), task)
	_, _, missing := d.service.Visible(d.as(d.owner), uuid.New())
	if problem.From(strange).Code != problem.NotFound || strange.Error() != missing.Error() {
		t.Errorf("a stranger is told %v, and of what is not there %v", strange, missing)
	}
	if _, err := d.service.VisibleProject(d.as(d.owner), d.project); err != nil {
		t.Error(err)
	}
	_, strange = d.service.VisibleProject(d.as(uuid.New()), d.project)
	_, missing = d.service.VisibleProject(d.as(d.owner), uuid.New())
	if problem.From(strange).Code != problem.NotFound || strange.Error() != missing.Error() {
		t.Errorf("a stranger is told %v, and of what is not there %v", strange, missing)
	}
}

// TestReadsOfFormerMembers reads rows that do not yet know that the caller was
// removed from the project.
func TestReadsOfFormerMembers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	jun, task := uuid.New(), d.task("3")
	d.do(commands.AddMember{Project: d.project, Account: jun, Role: events.RoleMember})
	if _, _, err := d.service.Task(d.as(jun), d.End(), task); err != nil {
		t.Fatal(err)
	}
	d.StopRows()
	d.do(commands.RemoveMember{Project: d.project, Account: jun})
	if _, _, err := d.service.Task(d.as(jun), events.Position{}, task); !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("a task: %v", err)
	}
	ask := func(context.Context, *projections.Snapshot) (int, error) { return 1, nil }
	if _, _, err := service.ReadOfTask(d.as(jun), d.service, events.Position{}, task, ask); !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("what belongs to a task: %v", err)
	}
	if _, _, err := service.ReadOfProject(d.as(jun), d.service, events.Position{}, d.project, ask); !errors.Is(err, projections.ErrNotFound) {
		t.Errorf("what belongs to a project: %v", err)
	}
	rows := []projections.Task{{ID: task, Project: d.project}}
	if left := d.service.ReadableTasks(d.as(jun), slices.Clone(rows)); len(left) != 0 {
		t.Errorf("%d tasks are left", len(left))
	}
	if left := d.service.ReadableTasks(d.as(d.owner), slices.Clone(rows)); len(left) != 1 {
		t.Errorf("the owner is left %d tasks", len(left))
	}
}
