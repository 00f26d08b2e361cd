package commands

import (
	"time"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// Command asks for one change of one aggregate. The commands of this package
// are the only ones; [Names] lists them.
type Command interface {
	// Target is the aggregate the command would change.
	Target() events.Aggregate
	// check adds what is wrong with the command whatever the state.
	check(*problems)
}

// asking is the circumstances of a decision: everything it may look at besides
// state and command.
type asking struct {
	actor uuid.UUID
	now   time.Time
}

// projectCommand decides about a project.
type projectCommand interface {
	Command
	decide(asking, Project) ([]events.Event, error)
}

// taskCommand decides about a task under its project.
type taskCommand interface {
	Command
	// project is the project the task belongs to, if the command knows it
	// before there is a task.
	project() uuid.UUID
	decide(asking, Project, Task) ([]events.Event, error)
}

// ofTask is embedded by commands about a task that exists.
type ofTask struct{}

func (ofTask) project() uuid.UUID { return uuid.Nil }

// Names is every command under the name people know it by.
func Names() map[string]Command {
	return map[string]Command{
		"create_project":     CreateProject{},
		"rename_project":     RenameProject{},
		"archive_project":    ArchiveProject{},
		"unarchive_project":  UnarchiveProject{},
		"add_member":         AddMember{},
		"change_member_role": ChangeMemberRole{},
		"remove_member":      RemoveMember{},
		"change_statuses":    ChangeStatuses{},
		"create_task":        CreateTask{},
		"edit_task":          EditTask{},
		"move_task":          MoveTask{},
		"assign_task":        AssignTask{},
		"unassign_task":      UnassignTask{},
		"reassign_task":      ReassignTask{},
		"delete_task":        DeleteTask{},
		"restore_task":       RestoreTask{},
		"add_comment":        AddComment{},
		"edit_comment":       EditComment{},
		"delete_comment":     DeleteComment{},
		"restore_comment":    RestoreComment{},
	}
}

// together is several commands about one aggregate, as one.
type together struct{ parts []Command }

// Together makes one command of several about the same aggregate: each is
// decided on the state the ones before leave, and either all happen or none.
// Of one it is that one.
func Together(parts ...Command) Command {
	if len(parts) == 1 {
		return parts[0]
	}
	return together{parts}
}

func (t together) Target() events.Aggregate {
	if len(t.parts) == 0 {
		return events.Aggregate{}
	}
	return t.parts[0].Target()
}

func (t together) check(p *problems) {
	if len(t.parts) == 0 {
		p.add("", ReasonTogether, "commands that happen together must be at least one")
	}
	for _, c := range t.parts {
		c.check(p)
		if c.Target() != t.Target() {
			p.add("", ReasonTogether, "commands that happen together must be about the same thing")
		}
	}
}
