package service

import (
	"context"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
)

// ProjectChange is what a caller wants changed of a project, from whatever door.
// What is nil stays as it is. All of it happens or nothing.
type ProjectChange struct {
	Project  uuid.UUID
	Name     *string
	Archived *bool
	// Statuses are all of them, in order.
	Statuses *[]events.Status
	// Retire names, for each status that Statuses leaves out, the one that takes
	// its tasks.
	Retire map[string]string
}

// Empty reports whether the change asks for nothing.
func (c ProjectChange) Empty() bool { return c.Name == nil && c.Archived == nil && c.Statuses == nil }

// Command is the command that the change asks for. It must not be empty.
func (c ProjectChange) Command() commands.Command {
	// Brought back first and put away last, so that everything else finds the
	// project open.
	var parts []commands.Command
	if c.Archived != nil && !*c.Archived {
		parts = append(parts, commands.UnarchiveProject{Project: c.Project})
	}
	if c.Name != nil {
		parts = append(parts, commands.RenameProject{Project: c.Project, Name: *c.Name})
	}
	if c.Statuses != nil {
		parts = append(parts, commands.ChangeStatuses{Project: c.Project, Statuses: *c.Statuses, Retire: c.Retire})
	}
	if c.Archived != nil && *c.Archived {
		parts = append(parts, commands.ArchiveProject{Project: c.Project})
	}
	return commands.Together(parts...)
}

// ChangeProject does the change. It fails as [Service.Do] does.
func (s *Service) ChangeProject(ctx context.Context, change ProjectChange, w Write) (commands.Outcome, error) {
	return s.Do(ctx, change.Command(), w)
}
