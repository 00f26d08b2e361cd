package commands

import (
	"slices"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// AssignTask adds members of the project to the assignees of the task.
type AssignTask struct {
	ofTask
	Task     uuid.UUID
	Accounts []uuid.UUID
}

func (c AssignTask) Target() events.Aggregate { return events.Task(c.Task) }

func (c AssignTask) check(p *problems) { p.accounts("assignees", cleanAccounts(c.Accounts)) }

func (c AssignTask) decide(a asking, p Project, t Task) ([]events.Event, error) {
	if r := t.mayChange(a, p); r != nil {
		return nil, r
	}
	return assign(p, t, without(cleanAccounts(c.Accounts), t.Assignees))
}

// UnassignTask removes accounts from the assignees of the task.
type UnassignTask struct {
	ofTask
	Task     uuid.UUID
	Accounts []uuid.UUID
}

func (c UnassignTask) Target() events.Aggregate { return events.Task(c.Task) }

func (c UnassignTask) check(p *problems) { p.accounts("assignees", cleanAccounts(c.Accounts)) }

func (c UnassignTask) decide(a asking, p Project, t Task) ([]events.Event, error) {
	if r := t.mayChange(a, p); r != nil {
		return nil, r
	}
	gone := without(t.Assignees, without(t.Assignees, c.Accounts))
	if len(gone) == 0 {
		return nil, nil
	}
	return []events.Event{events.TaskUnassigned{Accounts: gone}}, nil
}

// ReassignTask replaces the assignees of the task with the given members.
type ReassignTask struct {
	ofTask
	Task      uuid.UUID
	Assignees []uuid.UUID
}

func (c ReassignTask) Target() events.Aggregate { return events.Task(c.Task) }

func (c ReassignTask) check(p *problems) { p.accounts("assignees", cleanAccounts(c.Assignees)) }

func (c ReassignTask) decide(a asking, p Project, t Task) ([]events.Event, error) {
	if r := t.mayChange(a, p); r != nil {
		return nil, r
	}
	wanted := cleanAccounts(c.Assignees)
	gone := without(t.Assignees, wanted)
	var out []events.Event
	if len(gone) > 0 {
		out = append(out, events.TaskUnassigned{Accounts: gone})
		t.Assignees = without(t.Assignees, gone)
	}
	more, err := assign(p, t, without(wanted, t.Assignees))
	if err != nil {
		return nil, err
	}
	return append(out, more...), nil
}

func assign(p Project, t Task, more []uuid.UUID) ([]events.Event, error) {
	if r := membersOnly(p, "assignees", more); r != nil {
		return nil, r
	}
	if len(t.Assignees)+len(more) > MaxAssignees {
		return nil, rejectField(CodeLimit, "assignees", "A task can have at most %d assignees.", MaxAssignees)
	}
	if len(more) == 0 {
		return nil, nil
	}
	return []events.Event{events.TaskAssigned{Accounts: more}}, nil
}

// without returns the ids that are not in others, in their order.
func without(ids, others []uuid.UUID) []uuid.UUID {
	return slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool { return slices.Contains(others, id) })
}
