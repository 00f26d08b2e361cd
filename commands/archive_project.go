package commands

import (
	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// ArchiveProject archives the project: it can be read but no longer changed.
// Owners only.
type ArchiveProject struct{ Project uuid.UUID }

func (c ArchiveProject) Target() events.Aggregate { return events.Project(c.Project) }

func (c ArchiveProject) check(*problems) {}

func (c ArchiveProject) decide(a asking, p Project) ([]events.Event, error) {
	if r := p.mayOwn(a.actor); r != nil {
		return nil, r
	}
	if p.Archived {
		return nil, nil
	}
	return []events.Event{events.ProjectArchived{}}, nil
}

// UnarchiveProject reverses [ArchiveProject]. Owners only.
type UnarchiveProject struct{ Project uuid.UUID }

func (c UnarchiveProject) Target() events.Aggregate { return events.Project(c.Project) }

func (c UnarchiveProject) check(*problems) {}

func (c UnarchiveProject) decide(a asking, p Project) ([]events.Event, error) {
	if r := p.mayOwn(a.actor); r != nil {
		return nil, r
	}
	if !p.Archived {
		return nil, nil
	}
	return []events.Event{events.ProjectUnarchived{}}, nil
}
