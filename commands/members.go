package commands

import (
	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// AddMember adds an account to the project. Owners only. Adding a member again
// with the same role changes nothing; with another role it is refused, so that
// an invitation never reduces a role.
type AddMember struct {
	Project uuid.UUID
	Account uuid.UUID
	Role    events.Role
}

func (c AddMember) Target() events.Aggregate { return events.Project(c.Project) }

func (c AddMember) check(p *problems) {
	p.id("account", c.Account)
	p.role("role", c.Role)
}

func (c AddMember) decide(a asking, p Project) ([]events.Event, error) {
	if r := p.mayOwnActive(a.actor); r != nil {
		return nil, r
	}
	switch role := p.Role(c.Account); {
	case role == c.Role:
		return nil, nil
	case role != "":
		return nil, reject(CodeExists, "The account is already a member with the role %s. Change its role instead.", role)
	case len(p.Members) >= MaxMembers:
		return nil, reject(CodeLimit, "A project can have at most %d members.", MaxMembers)
	}
	return []events.Event{events.MemberAdded{Account: c.Account, Role: c.Role}}, nil
}

// ChangeMemberRole changes the role of a member. Owners only; a project always
// keeps an owner. Seen, if not empty, is the role the actor saw: if it has
// changed since, the command is refused with [CodeChanged].
type ChangeMemberRole struct {
	Project uuid.UUID
	Account uuid.UUID
	Role    events.Role
	Seen    events.Role
}

func (c ChangeMemberRole) Target() events.Aggregate { return events.Project(c.Project) }

func (c ChangeMemberRole) check(p *problems) {
	p.id("account", c.Account)
	p.role("role", c.Role)
}

func (c ChangeMemberRole) decide(a asking, p Project) ([]events.Event, error) {
	if r := p.mayOwnActive(a.actor); r != nil {
		return nil, r
	}
	role := p.Role(c.Account)
	switch {
	case role == "":
		return nil, reject(CodeNotFound, "The account is not a member of the project.")
	case role == c.Role:
		return nil, nil
	case c.Seen != "" && c.Seen != role:
		return nil, overtakenRole()
	case role == events.RoleOwner && p.owners() == 1:
		return nil, reject(CodeLastOwner, "The project would have no owner. Make another member an owner first.")
	}
	return []events.Event{events.MemberRoleChanged{Account: c.Account, From: role, To: c.Role}}, nil
}

// RemoveMember removes a member from the project. Owners can remove any member,
// and every member can leave; a project always keeps an owner. It also works on
// an archived project, because revoking access must never have to wait. Seen,
// if not empty, is the role the actor saw: if it has changed since, the command
// is refused with [CodeChanged].
type RemoveMember struct {
	Project uuid.UUID
	Account uuid.UUID
	Seen    events.Role
}

func (c RemoveMember) Target() events.Aggregate { return events.Project(c.Project) }

func (c RemoveMember) check(p *problems) { p.id("account", c.Account) }

func (c RemoveMember) decide(a asking, p Project) ([]events.Event, error) {
	if r := p.mayRead(a.actor, "project"); r != nil {
		return nil, r
	}
	if c.Account != a.actor {
		if r := p.mayOwn(a.actor); r != nil {
			return nil, r
		}
	}
	role := p.Role(c.Account)
	switch {
	case role == "":
		return nil, nil
	case c.Seen != "" && c.Seen != role:
		return nil, overtakenRole()
	case role == events.RoleOwner && p.owners() == 1:
		return nil, reject(CodeLastOwner, "The project would have no owner. Make another member an owner first.")
	}
	return []events.Event{events.MemberRemoved{Account: c.Account, Role: role}}, nil
}

// overtakenRole rejects a command that was based on an outdated role.
func overtakenRole() *Rejection {
	var overtaken meanwhile
	overtaken.add("role")
	return overtaken.rejection()
}
