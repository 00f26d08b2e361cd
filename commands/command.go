package commands

import (
	"time"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// Command requests one change of one aggregate. Only the commands of this
// package implement it; [Names] lists them.
type Command interface {
	// Target returns the aggregate that the command would change.
	Target() events.Aggregate
	// check adds what is wrong with the command in any state.
	check(*problems)
}

// asking holds the circumstances of a decision: everything it may use besides
// the state and the command.
type asking struct {
	actor uuid.UUID
	now   time.Time
}

// projectCommand is a command that is decided on a project.
type projectCommand interface {
	Command
	decide(asking, Project) ([]events.Event, error)
}

// taskCommand is a command that is decided on a task and its project.
type taskCommand interface {
	Command
	// project returns the project the task belongs to, if the command knows it
	// before the task exists.
	project() uuid.UUID
	decide(asking, Project, Task) ([]events.Event, error)
}

// ofTask is embedded by commands about an existing task.
type ofTask struct{}

func (ofTask) project() uuid.UUID { return uuid.Nil }

// Names returns every command by its public name.
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

// together combines several commands about one aggregate.
type together struct{ parts []Command }

// Together combines several commands about the same aggregate into one. Each is
// decided on the state that the previous ones leave, and either all happen or
// none. A single command is returned as it is.
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
		p.add("", ReasonTogether, "At least one command is required.")
	}
	for _, c := range t.parts {
		c.check(p)
		if c.Target() != t.Target() {
			p.add("", ReasonTogether, "All commands must have the same target.")
		}
	}
}
