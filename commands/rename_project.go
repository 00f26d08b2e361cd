package commands

import (
	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// RenameProject changes the name of the project. Owners only. Seen, if not nil,
// is the name the actor saw: a name that has changed since is not overwritten,
// and the command is refused with [CodeChanged].
type RenameProject struct {
	Project uuid.UUID
	Name    string
	Seen    *string
}

func (c RenameProject) Target() events.Aggregate { return events.Project(c.Project) }

func (c RenameProject) check(p *problems) { p.line("name", clean(c.Name), MaxProjectName) }

func (c RenameProject) decide(a asking, p Project) ([]events.Event, error) {
	if r := p.mayOwnActive(a.actor); r != nil {
		return nil, r
	}
	if clean(c.Name) == p.Name {
		return nil, nil
	}
	var overtaken meanwhile
	guard(&overtaken, "name", c.Seen, p.Name, clean(c.Name))
	if r := overtaken.rejection(); r != nil {
		return nil, r
	}
	return []events.Event{events.ProjectRenamed{From: p.Name, To: clean(c.Name)}}, nil
}
