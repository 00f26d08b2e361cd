package service

import (
	"context"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
)

// TaskChange describes a change of a task. Fields that are nil or "" stay as
// they are. The change is atomic.
type TaskChange struct {
	Task        uuid.UUID
	Title       *string
	Description *string
	Priority    *events.Priority
	Due         *events.Date
	Labels      *[]string
	// Status is the key of the target status.
	Status string
	// Place is the place within the status.
	Place Place
	// Assignees replaces the whole list; Unassign and Assign remove from it and
	// add to it.
	Assignees        *[]uuid.UUID
	Unassign, Assign []uuid.UUID
	// Seen holds the fields as the caller saw them before the change, and
	// SeenStatus the status: a value that has changed since is not overwritten,
	// see [commands.Seen] and [commands.MoveTask].
	Seen       commands.Seen
	SeenStatus string
}

// Empty reports whether the change changes nothing.
func (c TaskChange) Empty() bool {
	return c.edit() == (commands.EditTask{Task: c.Task}) && c.Status == "" && c.Place == (Place{}) &&
		c.Assignees == nil && len(c.Unassign) == 0 && len(c.Assign) == 0
}

// edit returns the command for the fields alone.
func (c TaskChange) edit() commands.EditTask {
	return commands.EditTask{
		Task: c.Task, Title: c.Title, Description: c.Description, Priority: c.Priority, Due: c.Due, Labels: c.Labels,
	}
}

// Command returns the command for the change, with the rank of its place, see
// [Service.ChangeTask]. An empty change is an empty edit, which changes nothing
// and is refused to callers who may not edit.
func (c TaskChange) Command() commands.Command {
	edit := c.edit()
	var parts []commands.Command
	if edit != (commands.EditTask{Task: c.Task}) {
		edit.Seen = c.Seen
		parts = append(parts, edit)
	}
	if c.Status != "" || c.Place.Rank != "" {
		parts = append(parts, commands.MoveTask{Task: c.Task, Status: c.Status, Rank: c.Place.Rank, SeenStatus: c.SeenStatus})
	}
	if c.Assignees != nil {
		parts = append(parts, commands.ReassignTask{Task: c.Task, Assignees: *c.Assignees})
	}
	if len(c.Unassign) > 0 {
		parts = append(parts, commands.UnassignTask{Task: c.Task, Accounts: c.Unassign})
	}
	if len(c.Assign) > 0 {
		parts = append(parts, commands.AssignTask{Task: c.Task, Accounts: c.Assign})
	}
	if len(parts) == 0 {
		return edit
	}
	return commands.Together(parts...)
}

// ChangeTask applies the change. Before the command it turns neighbours into a
// rank: for a neighbour that is not named it queries the rows, once they have
// reached w.Seen. It fails as [Service.Do] does, and with a problem that names
// the neighbour.
func (s *Service) ChangeTask(ctx context.Context, change TaskChange, w Write) (commands.Outcome, error) {
	if change.Place.After != nil || change.Place.Before != nil {
		rank, err := s.rank(ctx, change, w.Seen)
		if err != nil {
			return commands.Outcome{}, err
		}
		change.Place = Place{Rank: rank}
	}
	return s.Do(ctx, change.Command(), w)
}
