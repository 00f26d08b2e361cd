package commands

import (
	"maps"
	"slices"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// Project is a project folded from its events. A value is never changed after
// it was returned.
type Project struct {
	Head      events.Head
	ID        uuid.UUID
	Name      string
	Archived  bool
	Statuses  []events.Status
	Retired   map[string]string
	Members   []Member
	CreatedAt time.Time
	CreatedBy uuid.UUID
	UpdatedAt time.Time
}

// Member is an account and its role in the project.
type Member struct {
	Account uuid.UUID
	Role    events.Role
	Since   time.Time
}

// Exists reports whether the project was ever created.
func (p Project) Exists() bool { return p.Head.Revision > 0 }

// Role returns the role of the account, or an empty role if it is not a member.
func (p Project) Role(account uuid.UUID) events.Role {
	if i := p.member(account); i >= 0 {
		return p.Members[i].Role
	}
	return ""
}

// Status returns the status of tasks with the given key: the status with that
// key, or the one that took its tasks when it was retired.
func (p Project) Status(key string) (events.Status, bool) {
	if heir, ok := p.Retired[key]; ok {
		key = heir
	}
	for _, s := range p.Statuses {
		if s.Key == key {
			return s, true
		}
	}
	return events.Status{}, false
}

func (p Project) member(account uuid.UUID) int {
	return slices.IndexFunc(p.Members, func(m Member) bool { return m.Account == account })
}

func (p Project) owners() int {
	n := 0
	for _, m := range p.Members {
		if m.Role == events.RoleOwner {
			n++
		}
	}
	return n
}

// Apply folds one accepted event into the project.
func (p Project) Apply(e *events.Envelope, event events.Event) Project {
	p.Head = p.Head.After(e)
	p.UpdatedAt = e.Time
	switch event := event.(type) {
	case events.ProjectCreated:
		p.ID = e.Aggregate.ID
		p.Name = event.Name
		p.Statuses = event.Statuses
		p.CreatedAt, p.CreatedBy = e.Time, e.Actor
		p.Members = []Member{{Account: e.Actor, Role: events.RoleOwner, Since: e.Time}}
	case events.ProjectRenamed:
		p.Name = event.To
	case events.ProjectArchived:
		p.Archived = true
	case events.ProjectUnarchived:
		p.Archived = false
	case events.MemberAdded:
		p.Members = append(slices.Clone(p.Members), Member{event.Account, event.Role, e.Time})
	case events.MemberRoleChanged:
		p.Members = slices.Clone(p.Members)
		if i := p.member(event.Account); i >= 0 {
			p.Members[i].Role = event.To
		}
	case events.MemberRemoved:
		p.Members = slices.DeleteFunc(slices.Clone(p.Members), func(m Member) bool { return m.Account == event.Account })
	case events.StatusesChanged:
		p.Statuses = event.To
		p.Retired = maps.Clone(p.Retired)
		if p.Retired == nil {
			p.Retired = map[string]string{}
		}
		// Retired keys that led to a status that is now retired lead to its
		// heir, so that every retired key leads to the board in one step.
		for key, heir := range p.Retired {
			if next, ok := event.Retired[heir]; ok {
				p.Retired[key] = next
			}
		}
		maps.Copy(p.Retired, event.Retired)
		for _, s := range event.To {
			delete(p.Retired, s.Key)
		}
	}
	return p
}

// mayRead rejects an actor who is not a member as if the resource did not
// exist.
func (p Project) mayRead(actor uuid.UUID, what string) *Rejection {
	if !p.Exists() || p.Role(actor) == "" {
		return reject(CodeNotFound, "The %s does not exist or you have no access to it.", what)
	}
	return nil
}

// mayWrite rejects an actor who may not change the project's tasks.
func (p Project) mayWrite(actor uuid.UUID, what string) *Rejection {
	if r := p.mayRead(actor, what); r != nil {
		return r
	}
	if !p.Role(actor).Writes() {
		return reject(CodeForbidden, "Viewers cannot change a project. Ask an owner for the role member.")
	}
	if p.Archived {
		return reject(CodeArchived, "The project is archived. An owner can unarchive it.")
	}
	return nil
}

// mayOwn rejects an actor who may not change the project itself.
func (p Project) mayOwn(actor uuid.UUID) *Rejection {
	if r := p.mayRead(actor, "project"); r != nil {
		return r
	}
	if p.Role(actor) != events.RoleOwner {
		return reject(CodeForbidden, "Only a project owner can do this.")
	}
	return nil
}

// mayOwnActive is [Project.mayOwn] for changes that an archived project does
// not allow.
func (p Project) mayOwnActive(actor uuid.UUID) *Rejection {
	if r := p.mayOwn(actor); r != nil {
		return r
	}
	if p.Archived {
		return reject(CodeArchived, "The project is archived. Unarchive it first.")
	}
	return nil
}
