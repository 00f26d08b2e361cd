package commands

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
)

// These are the accounts and aggregates of the decision tests.
var (
	mina    = uuid.MustParse("00000000-0000-4000-8000-00000000000a") // owner
	jun     = uuid.MustParse("00000000-0000-4000-8000-00000000000b") // member
	vera    = uuid.MustParse("00000000-0000-4000-8000-00000000000c") // viewer
	mallory = uuid.MustParse("00000000-0000-4000-8000-00000000000d") // not a member
	garden  = uuid.MustParse("00000000-0000-4000-8000-000000000001")
	tap     = uuid.MustParse("00000000-0000-4000-8000-000000000002")
	remark  = uuid.MustParse("00000000-0000-4000-8000-000000000003")
	noon    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
)

// past is history: events of the project and of the task, with their actor.
type past struct {
	actor uuid.UUID
	event events.Event
}

func by(actor uuid.UUID, e events.Event) past { return past{actor, e} }

func project(more ...past) []past {
	return append([]past{
		by(mina, events.ProjectCreated{Name: "Garden", Statuses: events.DefaultStatuses()}),
		by(mina, events.MemberAdded{Account: jun, Role: events.RoleMember}),
		by(mina, events.MemberAdded{Account: vera, Role: events.RoleViewer}),
	}, more...)
}

func task(more ...past) []past {
	return project(append([]past{by(mina, events.TaskCreated{
		Project: garden, Title: "Fix the tap", Status: "waiting", Rank: "V", Priority: events.PriorityNone,
		Labels: []string{"water"}, Assignees: []uuid.UUID{jun},
	})}, more...)...)
}

// fixture folds the history with the same Apply that the handler uses.
func fixture(t *testing.T, history []past) (Project, Task) {
	t.Helper()
	p := Project{Head: events.Head{Aggregate: events.Project(garden)}}
	k := Task{Head: events.Head{Aggregate: events.Task(tap)}}
	for i, h := range history {
		head := p.Head
		if events.Types[h.event.EventType()].Kind == events.KindTask {
			head = k.Head
		}
		commit := events.Commit{
			Head: head, Project: garden, Command: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)),
			Actor: h.actor, Time: noon.Add(time.Duration(i-100) * time.Minute), Events: []events.Event{h.event},
		}
		sealed, err := commit.Seal()
		if err != nil {
			t.Fatal(err)
		}
		if err := head.Accepts(&sealed[0]); err != nil {
			t.Fatal(err)
		}
		if head.Aggregate.Kind == events.KindTask {
			k = k.Apply(&sealed[0], h.event)
		} else {
			p = p.Apply(&sealed[0], h.event)
		}
	}
	return p, k
}

func ptr[T any](v T) *T { return &v }

type decisionCase struct {
	name  string
	given []past
	actor uuid.UUID
	when  Command
	then  []events.Event
	code  Code   // expect a rejection with this code
	field string // and a problem with this field
}

// cases holds given/when/then cases for every command; TestEveryCommandHasCases
// fails for a command without cases.
var cases = []decisionCase{
	// create_project
	{name: "a project begins with three statuses", actor: mina, when: CreateProject{Project: garden, Name: "  Garden "},
		then: []events.Event{events.ProjectCreated{Name: "Garden", Statuses: events.DefaultStatuses()}}},
	{name: "a project may bring its own statuses", actor: mina,
		when: CreateProject{Project: garden, Name: "Garden", Statuses: []events.Status{{Key: "open", Name: " Open ", Category: events.CategoryToDo}}},
		then: []events.Event{events.ProjectCreated{Name: "Garden", Statuses: []events.Status{{Key: "open", Name: "Open", Category: events.CategoryToDo}}}}},
	{name: "a project needs a name", actor: mina, when: CreateProject{Project: garden, Name: " \t"}, code: CodeInvalid, field: "name"},
	{name: "a name is one line", actor: mina, when: CreateProject{Project: garden, Name: "Gar\r\nden"}, code: CodeInvalid, field: "name"},
	{name: "a name has an end", actor: mina, when: CreateProject{Project: garden, Name: strings.Repeat("é", MaxProjectName+1)}, code: CodeInvalid, field: "name"},
	{name: "statuses have distinct keys", actor: mina, when: CreateProject{Project: garden, Name: "G", Statuses: []events.Status{
		{Key: "a", Name: "A", Category: events.CategoryToDo}, {Key: "a", Name: "B", Category: events.CategoryDone}}}, code: CodeInvalid, field: "statuses[1].key"},
	{name: "a status has a known category", actor: mina, when: CreateProject{Project: garden, Name: "G", Statuses: []events.Status{{Key: "a", Name: "A", Category: "later"}}}, code: CodeInvalid, field: "statuses[0].category"},
	{name: "a board has a status", actor: mina, when: CreateProject{Project: garden, Name: "G", Statuses: []events.Status{}}, code: CodeInvalid, field: "statuses"},
	{name: "an id is used once", given: project(), actor: mina, when: CreateProject{Project: garden, Name: "G"}, code: CodeExists},

	// rename_project
	{name: "an owner renames", given: project(), actor: mina, when: RenameProject{Project: garden, Name: "Yard"}, then: []events.Event{events.ProjectRenamed{From: "Garden", To: "Yard"}}},
	{name: "the same name is no change", given: project(), actor: mina, when: RenameProject{Project: garden, Name: "Garden"}},
	{name: "a member does not rename", given: project(), actor: jun, when: RenameProject{Project: garden, Name: "Yard"}, code: CodeForbidden},
	{name: "a stranger learns nothing", given: project(), actor: mallory, when: RenameProject{Project: garden, Name: "Yard"}, code: CodeNotFound},
	{name: "what is not there is not renamed", actor: mina, when: RenameProject{Project: garden, Name: "Yard"}, code: CodeNotFound},
	{name: "an archived project keeps its name", given: project(by(mina, events.ProjectArchived{})), actor: mina, when: RenameProject{Project: garden, Name: "Yard"}, code: CodeArchived},

	// archive_project, unarchive_project
	{name: "an owner archives", given: project(), actor: mina, when: ArchiveProject{Project: garden}, then: []events.Event{events.ProjectArchived{}}},
	{name: "archiving twice is once", given: project(by(mina, events.ProjectArchived{})), actor: mina, when: ArchiveProject{Project: garden}},
	{name: "a member does not archive", given: project(), actor: jun, when: ArchiveProject{Project: garden}, code: CodeForbidden},
	{name: "an owner brings back", given: project(by(mina, events.ProjectArchived{})), actor: mina, when: UnarchiveProject{Project: garden}, then: []events.Event{events.ProjectUnarchived{}}},
	{name: "what is not archived is not brought back", given: project(), actor: mina, when: UnarchiveProject{Project: garden}},
	{name: "a stranger does not bring back", given: project(by(mina, events.ProjectArchived{})), actor: mallory, when: UnarchiveProject{Project: garden}, code: CodeNotFound},

	// add_member
	{name: "an owner adds", given: project(), actor: mina, when: AddMember{Project: garden, Account: mallory, Role: events.RoleViewer}, then: []events.Event{events.MemberAdded{Account: mallory, Role: events.RoleViewer}}},
	{name: "adding twice is once", given: project(), actor: mina, when: AddMember{Project: garden, Account: jun, Role: events.RoleMember}},
	{name: "adding never takes a role away", given: project(), actor: mina, when: AddMember{Project: garden, Account: jun, Role: events.RoleViewer}, code: CodeExists},
	{name: "a member does not add", given: project(), actor: jun, when: AddMember{Project: garden, Account: mallory, Role: events.RoleOwner}, code: CodeForbidden},
	{name: "a stranger does not add himself", given: project(), actor: mallory, when: AddMember{Project: garden, Account: mallory, Role: events.RoleOwner}, code: CodeNotFound},
	{name: "a role is one of three", given: project(), actor: mina, when: AddMember{Project: garden, Account: mallory, Role: "god"}, code: CodeInvalid, field: "role"},

	// change_member_role
	{name: "a role changes", given: project(), actor: mina, when: ChangeMemberRole{Project: garden, Account: jun, Role: events.RoleOwner}, then: []events.Event{events.MemberRoleChanged{Account: jun, From: events.RoleMember, To: events.RoleOwner}}},
	{name: "the last owner stays one", given: project(), actor: mina, when: ChangeMemberRole{Project: garden, Account: mina, Role: events.RoleMember}, code: CodeLastOwner},
	{name: "one of two owners may step down", given: project(by(mina, events.MemberRoleChanged{Account: jun, From: events.RoleMember, To: events.RoleOwner})), actor: mina,
		when: ChangeMemberRole{Project: garden, Account: mina, Role: events.RoleViewer}, then: []events.Event{events.MemberRoleChanged{Account: mina, From: events.RoleOwner, To: events.RoleViewer}}},
	{name: "a member does not raise himself", given: project(), actor: jun, when: ChangeMemberRole{Project: garden, Account: jun, Role: events.RoleOwner}, code: CodeForbidden},
	{name: "who is no member has no role", given: project(), actor: mina, when: ChangeMemberRole{Project: garden, Account: mallory, Role: events.RoleOwner}, code: CodeNotFound},

	// remove_member
	{name: "an owner removes", given: project(), actor: mina, when: RemoveMember{Project: garden, Account: jun}, then: []events.Event{events.MemberRemoved{Account: jun, Role: events.RoleMember}}},
	{name: "a member leaves", given: project(), actor: jun, when: RemoveMember{Project: garden, Account: jun}, then: []events.Event{events.MemberRemoved{Account: jun, Role: events.RoleMember}}},
	{name: "a member does not remove another", given: project(), actor: jun, when: RemoveMember{Project: garden, Account: vera}, code: CodeForbidden},
	{name: "the last owner does not leave", given: project(), actor: mina, when: RemoveMember{Project: garden, Account: mina}, code: CodeLastOwner},
	{name: "access is taken from an archived project too", given: project(by(mina, events.ProjectArchived{})), actor: mina, when: RemoveMember{Project: garden, Account: jun}, then: []events.Event{events.MemberRemoved{Account: jun, Role: events.RoleMember}}},
	{name: "a stranger removes nobody", given: project(), actor: mallory, when: RemoveMember{Project: garden, Account: mallory}, code: CodeNotFound},

	// change_statuses
	{name: "a status is retired in favour of another", given: project(), actor: mina,
		when: ChangeStatuses{Project: garden, Statuses: events.DefaultStatuses()[1:], Retire: map[string]string{"waiting": "in_progress"}},
		then: []events.Event{events.StatusesChanged{From: events.DefaultStatuses(), To: events.DefaultStatuses()[1:], Retired: map[string]string{"waiting": "in_progress"}}}},
	{name: "a retired status needs an heir", given: project(), actor: mina, when: ChangeStatuses{Project: garden, Statuses: events.DefaultStatuses()[1:]}, code: CodeInvalid, field: "retire"},
	{name: "an heir is on the board", given: project(), actor: mina, when: ChangeStatuses{Project: garden, Statuses: events.DefaultStatuses()[1:], Retire: map[string]string{"waiting": "waiting"}}, code: CodeInvalid, field: "retire.waiting"},
	{name: "what stays is not retired", given: project(), actor: mina, when: ChangeStatuses{Project: garden, Statuses: events.DefaultStatuses(), Retire: map[string]string{"done": "waiting"}}, code: CodeInvalid, field: "retire.done"},
	{name: "a limit is a change of the board", given: project(), actor: mina, when: ChangeStatuses{Project: garden, Statuses: limited(4)},
		then: []events.Event{events.StatusesChanged{From: events.DefaultStatuses(), To: limited(4)}}},
	{name: "a limit goes again", given: project(by(mina, events.StatusesChanged{From: events.DefaultStatuses(), To: limited(4)})), actor: mina, when: ChangeStatuses{Project: garden, Statuses: limited(0)},
		then: []events.Event{events.StatusesChanged{From: limited(4), To: events.DefaultStatuses()}}},
	{name: "a limit is not negative", given: project(), actor: mina, when: ChangeStatuses{Project: garden, Statuses: limited(-1)}, code: CodeInvalid, field: "statuses[1].limit"},
	{name: "a limit has an end", actor: mina, when: CreateProject{Project: garden, Name: "G", Statuses: limited(MaxColumn + 1)}, code: CodeInvalid, field: "statuses[1].limit"},
	{name: "the same board is no change", given: project(), actor: mina, when: ChangeStatuses{Project: garden, Statuses: events.DefaultStatuses()}},
	{name: "a member does not change the board", given: project(), actor: jun, when: ChangeStatuses{Project: garden, Statuses: events.DefaultStatuses()}, code: CodeForbidden},

	{name: "heirs are followed when they go too", actor: mina, when: MoveTask{Task: tap, Rank: "Z"},
		given: task(
			by(mina, events.StatusesChanged{From: events.DefaultStatuses(), To: events.DefaultStatuses()[1:], Retired: map[string]string{"waiting": "in_progress"}}),
			by(mina, events.StatusesChanged{From: events.DefaultStatuses()[1:], To: events.DefaultStatuses()[2:], Retired: map[string]string{"in_progress": "done"}})),
		then: []events.Event{events.TaskMoved{Status: events.Changed[string]{From: "done", To: "done"}, Rank: events.Changed[string]{From: "V", To: "Z"}}}},
	{name: "a board does not remember without end", given: project(retiredOften()...), actor: mina,
		when: ChangeStatuses{Project: garden, Statuses: events.DefaultStatuses()[1:], Retire: map[string]string{"waiting": "done"}}, code: CodeLimit, field: "statuses"},

	// create_task
	{name: "a task begins at the end of the first status", given: project(), actor: jun, when: CreateTask{Task: tap, Project: garden, Title: " Fix the tap ", Labels: []string{"b", " a", "b"}, Assignees: []uuid.UUID{vera, vera}},
		then: []events.Event{events.TaskCreated{Project: garden, Title: "Fix the tap", Status: "waiting", Rank: RankAtEnd(noon), Priority: events.PriorityNone, Labels: []string{"a", "b"}, Assignees: []uuid.UUID{vera}}}},
	{name: "a viewer creates nothing", given: project(), actor: vera, when: CreateTask{Task: tap, Project: garden, Title: "x"}, code: CodeForbidden},
	{name: "a stranger creates nothing", given: project(), actor: mallory, when: CreateTask{Task: tap, Project: garden, Title: "x"}, code: CodeNotFound},
	{name: "nothing is created in an archived project", given: project(by(mina, events.ProjectArchived{})), actor: mina, when: CreateTask{Task: tap, Project: garden, Title: "x"}, code: CodeArchived},
	{name: "a task has a title", given: project(), actor: mina, when: CreateTask{Task: tap, Project: garden}, code: CodeInvalid, field: "title"},
	{name: "a status is of the board", given: project(), actor: mina, when: CreateTask{Task: tap, Project: garden, Title: "x", Status: "later"}, code: CodeUnknownStatus, field: "status"},
	{name: "only members are assigned", given: project(), actor: mina, when: CreateTask{Task: tap, Project: garden, Title: "x", Assignees: []uuid.UUID{mallory}}, code: CodeNotMember, field: "assignees"},
	{name: "a date is a day of the calendar", given: project(), actor: mina, when: CreateTask{Task: tap, Project: garden, Title: "x", Due: "2026-02-30"}, code: CodeInvalid, field: "due"},
	{name: "a priority is a known one", given: project(), actor: mina, when: CreateTask{Task: tap, Project: garden, Title: "x", Priority: "highest"}, code: CodeInvalid, field: "priority"},
	{name: "labels are not empty", given: project(), actor: mina, when: CreateTask{Task: tap, Project: garden, Title: "x", Labels: []string{"  "}}, code: CodeInvalid, field: "labels[0]"},
	{name: "a description is text", given: project(), actor: mina, when: CreateTask{Task: tap, Project: garden, Title: "x", Description: "\xff"}, code: CodeInvalid, field: "description"},
	{name: "a retired status leads to its heir", actor: mina, when: CreateTask{Task: tap, Project: garden, Title: "x", Status: "waiting", Rank: "V"},
		given: project(by(mina, events.StatusesChanged{From: events.DefaultStatuses(), To: events.DefaultStatuses()[1:], Retired: map[string]string{"waiting": "done"}})),
		then:  []events.Event{events.TaskCreated{Project: garden, Title: "x", Status: "done", Rank: "V", Priority: events.PriorityNone}}},

	// edit_task
	{name: "an edit names what changed and nothing else", given: task(), actor: jun, when: EditTask{Task: tap, Title: ptr("Mend the tap"), Priority: ptr(events.PriorityHigh), Description: ptr("")},
		then: []events.Event{events.TaskEdited{Title: &events.Changed[string]{From: "Fix the tap", To: "Mend the tap"}, Priority: &events.Changed[events.Priority]{From: "none", To: "high"}}}},
	{name: "labels are a set", given: task(), actor: jun, when: EditTask{Task: tap, Labels: &[]string{"water", " water "}}},
	{name: "a due date goes again", given: task(by(jun, events.TaskEdited{Due: &events.Changed[events.Date]{To: "2026-12-01"}})), actor: jun, when: EditTask{Task: tap, Due: ptr(events.Date(""))},
		then: []events.Event{events.TaskEdited{Due: &events.Changed[events.Date]{From: "2026-12-01"}}}},
	{name: "what is as it was seen changes", given: task(), actor: jun,
		when: EditTask{Task: tap, Title: ptr("Mend it"), Description: ptr("d"), Priority: ptr(events.PriorityLow), Due: ptr(events.Date("2026-12-01")), Labels: &[]string{},
			Seen: Seen{Title: ptr("Fix the tap"), Description: ptr(""), Priority: ptr(events.PriorityNone), Due: ptr(events.Date("")), Labels: &[]string{" water", "water"}}},
		then: []events.Event{events.TaskEdited{
			Title: &events.Changed[string]{From: "Fix the tap", To: "Mend it"}, Description: &events.Changed[string]{To: "d"},
			Priority: &events.Changed[events.Priority]{From: "none", To: "low"}, Due: &events.Changed[events.Date]{To: "2026-12-01"},
			Labels: &events.Changed[[]string]{From: []string{"water"}, To: []string{}}}}},
	{name: "a title that was changed meanwhile stays", given: task(), actor: jun, when: EditTask{Task: tap, Title: ptr("Mend it"), Seen: Seen{Title: ptr("Fix it")}}, code: CodeChanged, field: "title"},
	{name: "so does a description", given: task(), actor: jun, when: EditTask{Task: tap, Description: ptr("d"), Seen: Seen{Description: ptr("c")}}, code: CodeChanged, field: "description"},
	{name: "so does a priority", given: task(), actor: jun, when: EditTask{Task: tap, Priority: ptr(events.PriorityLow), Seen: Seen{Priority: ptr(events.PriorityHigh)}}, code: CodeChanged, field: "priority"},
	{name: "so does a due date", given: task(), actor: jun, when: EditTask{Task: tap, Due: ptr(events.Date("2026-12-01")), Seen: Seen{Due: ptr(events.Date("2026-12-02"))}}, code: CodeChanged, field: "due"},
	{name: "so do labels", given: task(), actor: jun, when: EditTask{Task: tap, Labels: &[]string{"x"}, Seen: Seen{Labels: &[]string{}}}, code: CodeChanged, field: "labels"},
	{name: "one field that was changed meanwhile keeps them all", given: task(), actor: jun,
		when: EditTask{Task: tap, Title: ptr("Mend it"), Due: ptr(events.Date("2026-12-01")), Seen: Seen{Title: ptr("Fix the tap"), Due: ptr(events.Date("2026-12-02"))}}, code: CodeChanged, field: "due"},
	{name: "what is wanted by both is wanted once", given: task(), actor: jun, when: EditTask{Task: tap, Title: ptr(" Fix the tap "), Labels: &[]string{"water"}, Seen: Seen{Title: ptr("Fix it"), Labels: &[]string{}}}},
	{name: "what is not changed may have been", given: task(), actor: jun, when: EditTask{Task: tap, Due: ptr(events.Date("2026-12-01")), Seen: Seen{Title: ptr("Fix it")}},
		then: []events.Event{events.TaskEdited{Due: &events.Changed[events.Date]{To: "2026-12-01"}}}},
	{name: "a viewer learns nothing by guessing", given: task(), actor: vera, when: EditTask{Task: tap, Title: ptr("x"), Seen: Seen{Title: ptr("y")}}, code: CodeForbidden},
	{name: "an empty edit changes nothing", given: task(), actor: jun, when: EditTask{Task: tap}},
	{name: "a viewer edits nothing", given: task(), actor: vera, when: EditTask{Task: tap, Title: ptr("x")}, code: CodeForbidden},
	{name: "a stranger learns of no task", given: task(), actor: mallory, when: EditTask{Task: tap, Title: ptr("x")}, code: CodeNotFound},
	{name: "what is in the trash is not edited", given: task(by(mina, events.TaskDeleted{})), actor: mina, when: EditTask{Task: tap, Title: ptr("x")}, code: CodeDeleted},
	{name: "a title stays one line", given: task(), actor: mina, when: EditTask{Task: tap, Title: ptr("a\nb")}, code: CodeInvalid, field: "title"},
	{name: "what never was is not edited", given: project(), actor: mina, when: EditTask{Task: tap, Title: ptr("x")}, code: CodeNotFound},

	// move_task
	{name: "a task moves to the end of another status", given: task(), actor: jun, when: MoveTask{Task: tap, Status: "done"},
		then: []events.Event{events.TaskMoved{Status: events.Changed[string]{From: "waiting", To: "done"}, Rank: events.Changed[string]{From: "V", To: RankAtEnd(noon)}}}},
	{name: "a task moves within its status", given: task(), actor: jun, when: MoveTask{Task: tap, Rank: "Z"},
		then: []events.Event{events.TaskMoved{Status: events.Changed[string]{From: "waiting", To: "waiting"}, Rank: events.Changed[string]{From: "V", To: "Z"}}}},
	{name: "a task that stands where it was seen moves", given: task(), actor: jun, when: MoveTask{Task: tap, Status: "done", Rank: "Z", SeenStatus: "waiting"},
		then: []events.Event{events.TaskMoved{Status: events.Changed[string]{From: "waiting", To: "done"}, Rank: events.Changed[string]{From: "V", To: "Z"}}}},
	{name: "a task that was moved meanwhile stays", given: task(), actor: jun, when: MoveTask{Task: tap, Status: "done", SeenStatus: "in_progress"}, code: CodeChanged, field: "status"},
	{name: "who wants it where another has put it has it there", given: task(), actor: jun, when: MoveTask{Task: tap, Status: "waiting", Rank: "Z", SeenStatus: "done"},
		then: []events.Event{events.TaskMoved{Status: events.Changed[string]{From: "waiting", To: "waiting"}, Rank: events.Changed[string]{From: "V", To: "Z"}}}},
	{name: "a place is one of the status it was seen in", given: task(), actor: jun, when: MoveTask{Task: tap, Rank: "Z", SeenStatus: "done"}, code: CodeChanged, field: "status"},
	{name: "seen in a status that never was is not seen", given: task(), actor: jun, when: MoveTask{Task: tap, Status: "done", SeenStatus: "someday"}, code: CodeChanged, field: "status"},
	{name: "seen in a retired status is seen in its heir", actor: jun, when: MoveTask{Task: tap, Status: "in_progress", Rank: "Z", SeenStatus: "waiting"},
		given: task(by(mina, events.StatusesChanged{From: events.DefaultStatuses(), To: events.DefaultStatuses()[1:], Retired: map[string]string{"waiting": "done"}})),
		then:  []events.Event{events.TaskMoved{Status: events.Changed[string]{From: "done", To: "in_progress"}, Rank: events.Changed[string]{From: "V", To: "Z"}}}},
	{name: "where it is already it stays", given: task(), actor: jun, when: MoveTask{Task: tap, Status: "waiting"}},
	{name: "a status that is not there takes nothing", given: task(), actor: jun, when: MoveTask{Task: tap, Status: "someday"}, code: CodeUnknownStatus, field: "status"},
	{name: "a rank is a rank", given: task(), actor: jun, when: MoveTask{Task: tap, Rank: "a0"}, code: CodeInvalid, field: "rank"},
	{name: "a viewer moves nothing", given: task(), actor: vera, when: MoveTask{Task: tap, Status: "done"}, code: CodeForbidden},
	{name: "from is the heir of a retired status", actor: jun, when: MoveTask{Task: tap, Status: "in_progress", Rank: "Z"},
		given: task(by(mina, events.StatusesChanged{From: events.DefaultStatuses(), To: events.DefaultStatuses()[1:], Retired: map[string]string{"waiting": "done"}})),
		then:  []events.Event{events.TaskMoved{Status: events.Changed[string]{From: "done", To: "in_progress"}, Rank: events.Changed[string]{From: "V", To: "Z"}}}},

	// assign_task, unassign_task, reassign_task
	{name: "only who is new is assigned", given: task(), actor: mina, when: AssignTask{Task: tap, Accounts: []uuid.UUID{jun, mina, vera}}, then: []events.Event{events.TaskAssigned{Accounts: []uuid.UUID{mina, vera}}}},
	{name: "assigning again changes nothing", given: task(), actor: mina, when: AssignTask{Task: tap, Accounts: []uuid.UUID{jun}}},
	{name: "a stranger is not assigned", given: task(), actor: mina, when: AssignTask{Task: tap, Accounts: []uuid.UUID{mallory}}, code: CodeNotMember, field: "assignees"},
	{name: "a viewer assigns nobody", given: task(), actor: vera, when: AssignTask{Task: tap, Accounts: []uuid.UUID{vera}}, code: CodeForbidden},
	{name: "an assignee goes", given: task(), actor: jun, when: UnassignTask{Task: tap, Accounts: []uuid.UUID{jun, vera}}, then: []events.Event{events.TaskUnassigned{Accounts: []uuid.UUID{jun}}}},
	{name: "who is not assigned does not go", given: task(), actor: jun, when: UnassignTask{Task: tap, Accounts: []uuid.UUID{vera}}},
	{name: "a viewer unassigns nobody", given: task(), actor: vera, when: UnassignTask{Task: tap, Accounts: []uuid.UUID{jun}}, code: CodeForbidden},
	{name: "assignees are replaced", given: task(), actor: jun, when: ReassignTask{Task: tap, Assignees: []uuid.UUID{vera}}, then: []events.Event{events.TaskUnassigned{Accounts: []uuid.UUID{jun}}, events.TaskAssigned{Accounts: []uuid.UUID{vera}}}},
	{name: "the same assignees are no change", given: task(), actor: jun, when: ReassignTask{Task: tap, Assignees: []uuid.UUID{jun}}},
	{name: "who has left can stay assigned but not come again", actor: mina, when: ReassignTask{Task: tap, Assignees: []uuid.UUID{vera}},
		given: task(by(mina, events.MemberRemoved{Account: vera, Role: events.RoleViewer})), code: CodeNotMember, field: "assignees"},

	// delete_task, restore_task
	{name: "a task goes to the trash", given: task(), actor: jun, when: DeleteTask{Task: tap}, then: []events.Event{events.TaskDeleted{}}},
	{name: "deleting twice is once", given: task(by(jun, events.TaskDeleted{})), actor: jun, when: DeleteTask{Task: tap}},
	{name: "a viewer deletes nothing", given: task(), actor: vera, when: DeleteTask{Task: tap}, code: CodeForbidden},
	{name: "a stranger deletes nothing", given: task(), actor: mallory, when: DeleteTask{Task: tap}, code: CodeNotFound},
	{name: "a task comes back", given: task(by(jun, events.TaskDeleted{})), actor: jun, when: RestoreTask{Task: tap}, then: []events.Event{events.TaskRestored{}}},
	{name: "what is there does not come back", given: task(), actor: jun, when: RestoreTask{Task: tap}},
	{name: "what never was does not come back", given: project(), actor: jun, when: RestoreTask{Task: tap}, code: CodeNotFound},

	// add_comment, edit_comment, delete_comment, restore_comment
	{name: "a member comments", given: task(), actor: jun, when: AddComment{Task: tap, Comment: remark, Text: "Which tap?\n"}, then: []events.Event{events.CommentAdded{Comment: remark, Text: "Which tap?\n"}}},
	{name: "a viewer does not comment", given: task(), actor: vera, when: AddComment{Task: tap, Comment: remark, Text: "x"}, code: CodeForbidden},
	{name: "a comment says something", given: task(), actor: jun, when: AddComment{Task: tap, Comment: remark, Text: " \n"}, code: CodeInvalid, field: "text"},
	{name: "a comment id is used once", given: task(by(jun, events.CommentAdded{Comment: remark, Text: "x"})), actor: jun, when: AddComment{Task: tap, Comment: remark, Text: "y"}, code: CodeExists},
	{name: "an author edits", given: task(by(jun, events.CommentAdded{Comment: remark, Text: "x"})), actor: jun, when: EditComment{Task: tap, Comment: remark, Text: "y"}, then: []events.Event{events.CommentEdited{Comment: remark, From: "x", To: "y"}}},
	{name: "an owner does not edit what another said", given: task(by(jun, events.CommentAdded{Comment: remark, Text: "x"})), actor: mina, when: EditComment{Task: tap, Comment: remark, Text: "y"}, code: CodeForbidden},
	{name: "a comment that says what was seen is edited", given: task(by(jun, events.CommentAdded{Comment: remark, Text: "x"})), actor: jun, when: EditComment{Task: tap, Comment: remark, Text: "y", Seen: ptr("x")}, then: []events.Event{events.CommentEdited{Comment: remark, From: "x", To: "y"}}},
	{name: "a comment that was edited meanwhile stays", given: task(by(jun, events.CommentAdded{Comment: remark, Text: "x"})), actor: jun, when: EditComment{Task: tap, Comment: remark, Text: "y", Seen: ptr("w")}, code: CodeChanged, field: "text"},
	{name: "what both say is said once", given: task(by(jun, events.CommentAdded{Comment: remark, Text: "x"})), actor: jun, when: EditComment{Task: tap, Comment: remark, Text: "x", Seen: ptr("w")}},
	{name: "saying the same is no edit", given: task(by(jun, events.CommentAdded{Comment: remark, Text: "x"})), actor: jun, when: EditComment{Task: tap, Comment: remark, Text: "x"}},
	{name: "an owner deletes what another said", given: task(by(jun, events.CommentAdded{Comment: remark, Text: "x"})), actor: mina, when: DeleteComment{Task: tap, Comment: remark}, then: []events.Event{events.CommentDeleted{Comment: remark, Text: "x"}}},
	{name: "a member does not delete what another said", given: task(by(mina, events.CommentAdded{Comment: remark, Text: "x"})), actor: jun, when: DeleteComment{Task: tap, Comment: remark}, code: CodeForbidden},
	{name: "a comment is deleted once", given: task(by(jun, events.CommentAdded{Comment: remark, Text: "x"}), by(jun, events.CommentDeleted{Comment: remark, Text: "x"})), actor: jun, when: DeleteComment{Task: tap, Comment: remark}},
	{name: "a deleted comment is not edited", given: task(by(jun, events.CommentAdded{Comment: remark, Text: "x"}), by(jun, events.CommentDeleted{Comment: remark, Text: "x"})), actor: jun, when: EditComment{Task: tap, Comment: remark, Text: "y"}, code: CodeNotFound},
	{name: "an author takes a deletion back", given: unsaid(), actor: jun, when: RestoreComment{Task: tap, Comment: remark, Text: "y"}, then: []events.Event{restored()}},
	{name: "so does an owner", given: unsaid(), actor: mina, when: RestoreComment{Task: tap, Comment: remark, Text: "y"}, then: []events.Event{restored()}},
	{name: "another member does not", given: unsaid(by(mina, events.MemberRoleChanged{Account: vera, From: events.RoleViewer, To: events.RoleMember})), actor: vera,
		when: RestoreComment{Task: tap, Comment: remark, Text: "y"}, code: CodeForbidden},
	{name: "nobody puts words into an author's mouth", given: unsaid(), actor: mina, when: RestoreComment{Task: tap, Comment: remark, Text: "I quit"}, code: CodeChanged, field: "text"},
	{name: "a comment that is there is not restored", given: unsaid(by(mina, restored())), actor: jun, when: RestoreComment{Task: tap, Comment: remark, Text: "y"}},
	{name: "a comment that never was is not restored", given: task(), actor: jun, when: RestoreComment{Task: tap, Comment: remark, Text: "y"}, code: CodeNotFound},
	{name: "no comment comes back to a task in the trash", given: unsaid(by(jun, events.TaskDeleted{})), actor: jun, when: RestoreComment{Task: tap, Comment: remark, Text: "y"}, code: CodeDeleted},
	{name: "what came back can be edited", given: unsaid(by(mina, restored())), actor: jun, when: EditComment{Task: tap, Comment: remark, Text: "z", Seen: ptr("y")},
		then: []events.Event{events.CommentEdited{Comment: remark, From: "y", To: "z"}}},
	{name: "a comment that never was is not deleted", given: task(), actor: jun, when: DeleteComment{Task: tap, Comment: remark}, code: CodeNotFound},
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, k := fixture(t, c.given)
			var wrong problems
			c.when.check(&wrong)
			var got []events.Event
			var err error
			a := asking{actor: c.actor, now: noon}
			if r := wrong.rejection(); r != nil {
				err = r
			} else if when, ok := c.when.(projectCommand); ok {
				got, err = when.decide(a, p)
			} else {
				got, err = c.when.(taskCommand).decide(a, p, k)
			}
			if c.code != "" {
				var r *Rejection
				if !errors.As(err, &r) || r.Code != c.code {
					t.Fatalf("got %v and error %v, want a rejection %s", got, err, c.code)
				}
				if len(got) != 0 {
					t.Errorf("a rejection came with events %v", got)
				}
				if c.field != "" && (len(r.Problems) == 0 || r.Problems[0].Field != c.field) {
					t.Errorf("problems %v, want one about %s", r.Problems, c.field)
				}
				if r.Message == "" {
					t.Error("a rejection without a sentence")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.then, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

// unsaid returns a task with a comment by Jun that was edited and then deleted,
// and restored returns the event that restores it.
func unsaid(more ...past) []past {
	return task(append([]past{
		by(jun, events.CommentAdded{Comment: remark, Text: "x"}),
		by(jun, events.CommentEdited{Comment: remark, From: "x", To: "y"}),
		by(jun, events.CommentDeleted{Comment: remark, Text: "y"}),
	}, more...)...)
}

func restored() events.CommentRestored {
	// The fixture puts a minute between events; before the comment come three
	// events of the project and the first of the task.
	said := noon.Add((4 - 100) * time.Minute)
	return events.CommentRestored{Comment: remark, Author: jun, Text: "y", CreatedAt: said, EditedAt: said.Add(time.Minute)}
}

// limited returns the usual board with a limit on its second status.
func limited(limit int) []events.Status {
	board := events.DefaultStatuses()
	board[1].Limit = limit
	return board
}

// retiredOften returns a board that has retired as many statuses as allowed.
func retiredOften() []past {
	retired := map[string]string{}
	for i := range MaxRetired {
		retired[fmt.Sprint("s", i)] = "done"
	}
	return []past{by(mina, events.StatusesChanged{From: events.DefaultStatuses(), To: events.DefaultStatuses(), Retired: retired})}
}

// TestEveryCommandHasCases requires, for every command of the table, a case
// that gives events and a case that is rejected.
func TestEveryCommandHasCases(t *testing.T) {
	t.Parallel()
	for name, command := range Names() {
		accepted, rejected := false, false
		for _, c := range cases {
			if fmt.Sprintf("%T", c.when) == fmt.Sprintf("%T", command) {
				accepted = accepted || len(c.then) > 0
				rejected = rejected || c.code != ""
			}
		}
		if accepted && rejected {
			continue
		}
		t.Errorf("%s: has an accepted case: %v, a rejected one: %v", name, accepted, rejected)
	}
}

// TestEveryEventIsDecided requires every event of a project or task to result
// from some case, so that no event is without a cause.
func TestEveryEventIsDecided(t *testing.T) {
	t.Parallel()
	seen := map[events.Type]bool{}
	for _, c := range cases {
		for _, e := range c.then {
			seen[e.EventType()] = true
		}
	}
	for name, r := range events.Types {
		if r.Kind != events.KindAccount && !seen[name] {
			t.Errorf("no case decides %s", name)
		}
	}
}
