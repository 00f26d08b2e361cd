package service

import (
	"context"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
)

// TaskChange is what a caller wants changed of a task, from whatever door. What
// is nil or "" stays as it is. All of it happens or nothing.
type TaskChange struct {
	Task        uuid.UUID
	Title       *string
	Description *string
	Priority    *events.Priority
	Due         *events.Date
	Labels      *[]string
	// Status is the key of the status it is moved to.
	Status string
	// Place is where it stands within its status.
	Place Place
	// Assignees are all who are to do it; Unassign and Assign are those who no
	// longer are, and those who are besides.
	Assignees        *[]uuid.UUID
	Unassign, Assign []uuid.UUID
	// Seen is what the caller saw of the fields before changing them, and
	// SeenStatus the status they saw it in: what says something else by now is not
	// overwritten, see [commands.Seen] and [commands.MoveTask].
	Seen       commands.Seen
	SeenStatus string
}

// Empty reports whether the change asks for nothing.
func (c TaskChange) Empty() bool {
	return c.edit() == (commands.EditTask{Task: c.Task}) && c.Status == "" && c.Place == (Place{}) &&
		c.Assignees == nil && len(c.Unassign) == 0 && len(c.Assign) == 0
}

// edit is the command for the fields alone.
func (c TaskChange) edit() commands.EditTask {
	return commands.EditTask{
		Task: c.Task, Title: c.Title, Description: c.Description, Priority: c.Priority, Due: c.Due, Labels: c.Labels,
	}
}

// Command is the command that the change asks for, with the rank that its place
// has, see [Service.ChangeTask]. A change of nothing is an edit of nothing, which
// changes nothing and is refused to whom any other would be.
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

// ChangeTask does the change. Neighbours are made a rank before the command: for
// one that is not named the rows are asked, once they have reached w.Seen. It
// fails as [Service.Do] does, and with a problem that names the neighbour.
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
