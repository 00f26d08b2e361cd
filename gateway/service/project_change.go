package service

import (
	"context"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
)

// ProjectChange describes a change of a project. Nil fields stay as they are.
// The change is atomic.
type ProjectChange struct {
	Project  uuid.UUID
	Name     *string
	Archived *bool
	// Statuses lists all statuses, in order.
	Statuses *[]events.Status
	// Retire maps each status missing from Statuses to the one that receives its
	// tasks.
	Retire map[string]string
}

// Empty reports whether the change changes nothing.
func (c ProjectChange) Empty() bool { return c.Name == nil && c.Archived == nil && c.Statuses == nil }

// Command returns the command for the change, which must not be empty.
func (c ProjectChange) Command() commands.Command {
	// Restore first and archive last, so that all other changes find the project
	// open.
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

// ChangeProject applies the change. It fails as [Service.Do] does.
func (s *Service) ChangeProject(ctx context.Context, change ProjectChange, w Write) (commands.Outcome, error) {
	return s.Do(ctx, change.Command(), w)
}
