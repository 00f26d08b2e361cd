package commands

import (
	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// CreateProject creates a project owned by the actor. Without statuses it gets
// [events.DefaultStatuses].
type CreateProject struct {
	Project  uuid.UUID
	Name     string
	Statuses []events.Status
}

func (c CreateProject) Target() events.Aggregate { return events.Project(c.Project) }

func (c CreateProject) check(p *problems) {
	p.line("name", clean(c.Name), MaxProjectName)
	if c.Statuses != nil {
		p.statuses("statuses", cleanStatuses(c.Statuses))
	}
}

func (c CreateProject) decide(_ asking, p Project) ([]events.Event, error) {
	if p.Exists() {
		return nil, reject(CodeExists, "A project with this ID already exists.")
	}
	statuses := cleanStatuses(c.Statuses)
	if statuses == nil {
		statuses = events.DefaultStatuses()
	}
	return []events.Event{events.ProjectCreated{Name: clean(c.Name), Statuses: statuses}}, nil
}
