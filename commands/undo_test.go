package commands_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
)

// undoing is a project with a task in a log, with its members.
type undoing struct {
	*testing.T
	log  events.Log
	h    *commands.Handler
	seen map[events.Type]bool

	owner, member, other, project, task uuid.UUID
}

func newUndoing(t *testing.T) *undoing {
	u := &undoing{T: t, log: newLog(t), seen: map[events.Type]bool{}, member: uuid.New(), other: uuid.New()}
	u.h = commands.NewHandler(u.log, commands.Options{})
	u.owner, u.project, u.task = place(t, u.h)
	for _, account := range []uuid.UUID{u.member, u.other} {
		must(t, u.h, commands.AddMember{Project: u.project, Account: account, Role: events.RoleMember}, as(u.owner))
	}
	return u
}

// do runs the command and returns the events of its commit.
func (u *undoing) do(actor uuid.UUID, c commands.Command) []events.Event {
	u.Helper()
	outcome := must(u, u.h, c, as(actor))
	if len(outcome.Events) == 0 || outcome.Change != outcome.Events[len(outcome.Events)-1].Revision {
		u.Fatalf("%T: %d events, change %d", c, len(outcome.Events), outcome.Change)
	}
	happened := make([]events.Event, len(outcome.Events))
	for i := range happened {
		var err error
		if happened[i], err = outcome.Events[i].Event(); err != nil {
			u.Fatal(err)
		}
		u.seen[happened[i].EventType()] = true
	}
	return happened
}

// opposite returns the command that undoes the events.
func (u *undoing) opposite(happened []events.Event) commands.Command {
	u.Helper()
	target := events.Task(u.task)
	if events.Types[happened[0].EventType()].Kind == events.KindProject {
		target = events.Project(u.project)
	}
	c, err := commands.Undo(target, happened)
	if err != nil {
		u.Fatal(err)
	}
	return c
}

// state is the part of task and project that undo restores: everything users
// see, except the times of later events.
type state struct {
	Title, Description, Status, Rank string
	Priority                         events.Priority
	Due                              events.Date
	Labels                           []string
	Assignees                        []uuid.UUID
	Deleted                          bool
	Comments                         []commands.Comment
	Name                             string
	Archived                         bool
	Statuses                         []events.Status
	Members                          map[uuid.UUID]events.Role
}

func (u *undoing) state() state {
	u.Helper()
	// This stands for another process, which knows nothing but the log.
	h := commands.NewHandler(u.log, commands.Options{})
	t, err := h.Task(context.Background(), u.task)
	if err != nil {
		u.Fatal(err)
	}
	p, err := h.Project(context.Background(), u.project)
	if err != nil {
		u.Fatal(err)
	}
	status, _ := p.Status(t.Status)
	s := state{
		t.Title, t.Description, status.Key, t.Rank, t.Priority, t.Due, t.Labels, slices.Clone(t.Assignees), t.Deleted(), nil,
		p.Name, p.Archived, p.Statuses, map[uuid.UUID]events.Role{},
	}
	slices.SortFunc(s.Assignees, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	for _, c := range t.Comments {
		c.EditedAt = time.Time{}
		if !c.Deleted {
			s.Comments = append(s.Comments, c)
		}
	}
	for _, m := range p.Members {
		s.Members[m.Account] = m.Role
	}
	return s
}

// same fails unless everything is as before.
func (u *undoing) same(what string, want state) {
	u.Helper()
	if diff := cmp.Diff(want, u.state(), cmpopts.EquateEmpty()); diff != "" {
		u.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestUndo runs every command, undoes it, undoes the undo, and so on, and
// compares the state each time.
func TestUndo(t *testing.T) {
	t.Parallel()
	u := newUndoing(t)
	said, doomed := uuid.New(), uuid.New()
	must(t, u.h, commands.AddComment{Task: u.task, Comment: said, Text: "one"}, as(u.member))
	must(t, u.h, commands.AddComment{Task: u.task, Comment: doomed, Text: "doomed"}, as(u.member))
	board := []events.Status{
		{Key: "waiting", Name: "To do", Category: events.CategoryToDo}, {Key: "review", Name: "Review", Category: events.CategoryDoing, Limit: 3},
		{Key: "shipped", Name: "Shipped", Category: events.CategoryDone},
	}
	for _, c := range []struct {
		name  string
		actor uuid.UUID
		when  commands.Command
	}{
		{"edit", u.member, commands.EditTask{Task: u.task, Title: ptrTo("Mend the tap"), Description: ptrTo("It drips"), Priority: ptrTo(events.PriorityHigh), Due: ptrTo(events.Date("2026-12-01")), Labels: &[]string{"water"}}},
		{"edit of one field", u.member, commands.EditTask{Task: u.task, Due: ptrTo(events.Date(""))}},
		{"move", u.member, commands.MoveTask{Task: u.task, Status: "in_progress", Rank: "Z"}},
		{"move within", u.member, commands.MoveTask{Task: u.task, Rank: "a"}},
		{"assign", u.member, commands.AssignTask{Task: u.task, Accounts: []uuid.UUID{u.member, u.other}}},
		{"unassign", u.member, commands.UnassignTask{Task: u.task, Accounts: []uuid.UUID{u.other}}},
		{"reassign", u.member, commands.ReassignTask{Task: u.task, Assignees: []uuid.UUID{u.owner, u.other}}},
		{"several at once", u.member, commands.Together(
			commands.EditTask{Task: u.task, Title: ptrTo("All at once")},
			commands.MoveTask{Task: u.task, Status: "done"},
			commands.ReassignTask{Task: u.task, Assignees: []uuid.UUID{u.member}})},
		{"comment", u.member, commands.AddComment{Task: u.task, Comment: uuid.New(), Text: "two"}},
		{"comment edited", u.member, commands.EditComment{Task: u.task, Comment: said, Text: "three"}},
		{"comment deleted", u.owner, commands.DeleteComment{Task: u.task, Comment: doomed}},
		{"delete", u.member, commands.DeleteTask{Task: u.task}},
		{"restore", u.member, commands.RestoreTask{Task: u.task}},
		{"rename", u.owner, commands.RenameProject{Project: u.project, Name: "Yard"}},
		{"statuses", u.owner, commands.ChangeStatuses{Project: u.project, Statuses: board, Retire: map[string]string{"in_progress": "review", "done": "shipped"}}},
		{"archive", u.owner, commands.ArchiveProject{Project: u.project}},
		{"unarchive", u.owner, commands.UnarchiveProject{Project: u.project}},
		{"member", u.owner, commands.AddMember{Project: u.project, Account: uuid.New(), Role: events.RoleViewer}},
		{"role", u.owner, commands.ChangeMemberRole{Project: u.project, Account: u.other, Role: events.RoleOwner}},
		{"member gone", u.owner, commands.RemoveMember{Project: u.project, Account: u.other}},
		{"project at once", u.owner, commands.Together(
			commands.RenameProject{Project: u.project, Name: "Field"}, commands.ArchiveProject{Project: u.project})},
	} {
		switch c.when.(type) {
		case commands.RestoreTask:
			u.do(u.owner, commands.DeleteTask{Task: u.task})
		case commands.UnarchiveProject:
			u.do(u.owner, commands.ArchiveProject{Project: u.project})
		}
		before := u.state()
		happened := u.do(c.actor, c.when)
		after := u.state()
		if cmp.Equal(before, after) {
			t.Fatalf("%s: nothing is seen of it", c.name)
		}
		for range 2 {
			happened = u.do(c.actor, u.opposite(happened))
			u.same(c.name+" undone", before)
			happened = u.do(c.actor, u.opposite(happened))
			u.same(c.name+" done again", after)
		}
		// An archived project or deleted task would block the following
		// commands.
		if after.Archived || after.Deleted {
			u.do(c.actor, u.opposite(happened))
		}
	}
	// Undoing a creation does not delete: it archives or moves to the trash.
	for _, target := range []events.Aggregate{events.Task(u.task), events.Project(u.project)} {
		past, _, err := u.log.Load(t.Context(), events.Head{Aggregate: target})
		if err != nil {
			t.Fatal(err)
		}
		first, err := past[0].Event()
		if err != nil {
			t.Fatal(err)
		}
		u.seen[first.EventType()] = true
		u.do(u.owner, u.opposite([]events.Event{first}))
	}
	if s := u.state(); !s.Deleted || !s.Archived {
		t.Errorf("a task and a project whose beginnings were undone: %+v", s)
	}
	for name, r := range events.Types {
		if r.Kind != events.KindAccount && !u.seen[name] {
			t.Errorf("%s was never undone", name)
		}
	}
}

// TestUndoKeepsLaterChanges changes a value again before undo: the undo is
// refused, names the field, and changes nothing.
func TestUndoKeepsLaterChanges(t *testing.T) {
	t.Parallel()
	u := newUndoing(t)
	said := uuid.New()
	must(t, u.h, commands.AddComment{Task: u.task, Comment: said, Text: "one"}, as(u.member))
	for _, c := range []struct {
		field             string
		first, then, last commands.Command
	}{
		{"title",
			commands.EditTask{Task: u.task, Title: ptrTo("first"), Due: ptrTo(events.Date("2026-12-01"))},
			commands.EditTask{Task: u.task, Title: ptrTo("then")}, nil},
		{"status",
			commands.Together(commands.MoveTask{Task: u.task, Status: "in_progress"}, commands.EditTask{Task: u.task, Title: ptrTo("with it")}),
			commands.MoveTask{Task: u.task, Status: "done"}, nil},
		{"text",
			commands.EditComment{Task: u.task, Comment: said, Text: "first"},
			commands.EditComment{Task: u.task, Comment: said, Text: "then"}, nil},
		{"name",
			commands.RenameProject{Project: u.project, Name: "first"},
			commands.RenameProject{Project: u.project, Name: "then"}, nil},
		{"role",
			commands.ChangeMemberRole{Project: u.project, Account: u.other, Role: events.RoleViewer},
			commands.ChangeMemberRole{Project: u.project, Account: u.other, Role: events.RoleOwner}, nil},
		{"statuses",
			commands.ChangeStatuses{Project: u.project, Statuses: renamed("first")},
			commands.ChangeStatuses{Project: u.project, Statuses: renamed("then")}, nil},
	} {
		actor := u.owner
		if c.field == "text" {
			actor = u.member
		}
		happened := u.do(actor, c.first)
		u.do(actor, c.then)
		before := u.state()
		_, err := u.h.Handle(t.Context(), u.opposite(happened), as(actor))
		var r *commands.Rejection
		if !errors.As(err, &r) || r.Code != commands.CodeChanged || len(r.Problems) != 1 || r.Problems[0].Field != c.field {
			t.Errorf("%s: %v", c.field, err)
		}
		u.same(c.field+" after a refused undo", before)
	}
	// Undoing the addition of a member does not remove a member whose role has
	// changed since.
	guest := uuid.New()
	let := u.do(u.owner, commands.AddMember{Project: u.project, Account: guest, Role: events.RoleViewer})
	u.do(u.owner, commands.ChangeMemberRole{Project: u.project, Account: guest, Role: events.RoleMember})
	rejected(t, u.h, u.opposite(let), as(u.owner), commands.CodeChanged)
}

// TestUndoWhatIsUndone undoes what another user has already reverted: nothing
// changes.
func TestUndoWhatIsUndone(t *testing.T) {
	t.Parallel()
	u := newUndoing(t)
	board := append(events.DefaultStatuses(), events.Status{Key: "more", Name: "More", Category: events.CategoryDone})
	for _, c := range []commands.Command{
		commands.EditTask{Task: u.task, Title: ptrTo("first")},
		commands.MoveTask{Task: u.task, Status: "done", Rank: "Z"},
		commands.AssignTask{Task: u.task, Accounts: []uuid.UUID{u.member}},
		commands.AddComment{Task: u.task, Comment: uuid.New(), Text: "one"},
		commands.RenameProject{Project: u.project, Name: "first"},
		commands.AddMember{Project: u.project, Account: uuid.New(), Role: events.RoleViewer},
		commands.ChangeStatuses{Project: u.project, Statuses: board},
	} {
		happened := u.do(u.owner, c)
		u.do(u.owner, u.opposite(happened))
		again := must(t, u.h, u.opposite(happened), as(u.owner))
		if len(again.Events) != 0 || again.Change != 0 {
			t.Errorf("%T: undone twice: %+v", c, again.Events)
		}
	}
}

// TestUndoTakesTheSameRights checks that undo needs the same permissions as the
// opposite command.
func TestUndoTakesTheSameRights(t *testing.T) {
	t.Parallel()
	u := newUndoing(t)
	viewer, said := uuid.New(), uuid.New()
	must(t, u.h, commands.AddMember{Project: u.project, Account: viewer, Role: events.RoleViewer}, as(u.owner))
	edit := u.do(u.member, commands.EditTask{Task: u.task, Title: ptrTo("first")})
	rejected(t, u.h, u.opposite(edit), as(viewer), commands.CodeForbidden)
	rejected(t, u.h, u.opposite(edit), as(uuid.New()), commands.CodeNotFound)
	comment := u.do(u.member, commands.AddComment{Task: u.task, Comment: said, Text: "one"})
	rejected(t, u.h, u.opposite(comment), as(u.other), commands.CodeForbidden)
	words := u.do(u.member, commands.EditComment{Task: u.task, Comment: said, Text: "two"})
	rejected(t, u.h, u.opposite(words), as(u.owner), commands.CodeForbidden)
	rename := u.do(u.owner, commands.RenameProject{Project: u.project, Name: "first"})
	rejected(t, u.h, u.opposite(rename), as(u.member), commands.CodeForbidden)
	// An account that has left the project is not assigned again.
	assigned := u.do(u.owner, commands.AssignTask{Task: u.task, Accounts: []uuid.UUID{u.other}})
	gone := u.do(u.owner, u.opposite(assigned))
	must(t, u.h, commands.RemoveMember{Project: u.project, Account: u.other}, as(u.owner))
	rejected(t, u.h, u.opposite(gone), as(u.owner), commands.CodeNotMember)
	// A project keeps an owner, whatever is undone.
	up := u.do(u.owner, commands.ChangeMemberRole{Project: u.project, Account: u.member, Role: events.RoleOwner})
	must(t, u.h, commands.ChangeMemberRole{Project: u.project, Account: u.owner, Role: events.RoleMember}, as(u.member))
	rejected(t, u.h, u.opposite(up), as(u.member), commands.CodeLastOwner)
}

// TestUndoStatuses moves a task while statuses are added and removed.
func TestUndoStatuses(t *testing.T) {
	t.Parallel()
	u := newUndoing(t)
	must(t, u.h, commands.MoveTask{Task: u.task, Status: "in_progress"}, as(u.owner))
	changed := u.do(u.owner, commands.ChangeStatuses{
		Project: u.project, Retire: map[string]string{"in_progress": "waiting"},
		Statuses: []events.Status{
			{Key: "waiting", Name: "Waiting", Category: events.CategoryToDo}, {Key: "done", Name: "Done", Category: events.CategoryDone},
			{Key: "dropped", Name: "Dropped", Category: events.CategoryDone},
		},
	})
	status := func(want string) {
		t.Helper()
		if got := u.state().Status; got != want {
			t.Errorf("the task is in %s, want %s", got, want)
		}
	}
	status("waiting")
	undone := u.do(u.owner, u.opposite(changed))
	status("in_progress")
	u.do(u.owner, u.opposite(undone))
	status("waiting")
	must(t, u.h, commands.MoveTask{Task: u.task, Status: "dropped"}, as(u.owner))
	undone = u.do(u.owner, u.opposite(changed))
	status("done")
	u.do(u.owner, u.opposite(undone))
	status("dropped")
}

func TestChangesThatCannotBeUndone(t *testing.T) {
	t.Parallel()
	task, project := events.Task(uuid.New()), events.Project(uuid.New())
	for name, c := range map[string]struct {
		target   events.Aggregate
		happened []events.Event
	}{
		"nothing":                      {task, nil},
		"a registration":               {events.Account(uuid.New()), []events.Event{events.AccountRegistered{}}},
		"an erasure":                   {events.Account(uuid.New()), []events.Event{events.AccountErased{}}},
		"what happened to another":     {task, []events.Event{events.ProjectArchived{}}},
		"a board that was none":        {project, []events.Event{events.StatusesChanged{To: events.DefaultStatuses()}}},
		"one thing among those we can": {project, []events.Event{events.ProjectArchived{}, events.AccountErased{}}},
	} {
		command, err := commands.Undo(c.target, c.happened)
		var r *commands.Rejection
		if command != nil || !errors.As(err, &r) || r.Code != commands.CodeCannotUndo || r.Message == "" {
			t.Errorf("%s: %v, %v", name, command, err)
		}
	}
}

// TestChangeIsRemembered asks a process with nothing in memory what a command
// did.
func TestChangeIsRemembered(t *testing.T) {
	t.Parallel()
	u := newUndoing(t)
	request := as(u.owner)
	command := commands.ReassignTask{Task: u.task, Assignees: []uuid.UUID{u.member}}
	must(t, u.h, commands.AssignTask{Task: u.task, Accounts: []uuid.UUID{u.other}}, as(u.owner))
	first := must(t, u.h, command, request)
	if len(first.Events) != 2 || first.Change != first.Task.Head.Revision {
		t.Fatalf("%+v", first)
	}
	must(t, u.h, commands.MoveTask{Task: u.task, Status: "done"}, as(u.owner))
	again := must(t, commands.NewHandler(u.log, commands.Options{}), command, request)
	if !again.Duplicate || again.Change != first.Change || again.Task.Head.Revision == again.Change {
		t.Errorf("sent again: change %d, want %d: %+v", again.Change, first.Change, again)
	}
}

func ptrTo[T any](v T) *T { return &v }

// renamed returns the usual board with another name for its first status.
func renamed(name string) []events.Status {
	board := events.DefaultStatuses()
	board[0].Name = name
	return board
}
