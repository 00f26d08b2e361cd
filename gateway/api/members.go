package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/projections"
)

// Member is a member of a project, with the details from package accounts.
type Member struct {
	Account uuid.UUID   `json:"account" format:"uuid"`
	Name    string      `json:"name"`
	Email   string      `json:"email" doc:"Empty if the person's data has been erased."`
	Role    events.Role `json:"role" enum:"owner,member,viewer"`
	Since   time.Time   `json:"since"`
}

// MemberAnswer is the answer with one member.
type MemberAnswer struct {
	Position string `header:"Docket-Position" doc:"The log position that includes the change."`
	ETag     string `header:"ETag" doc:"The project's revision."`
	Change   string `header:"Docket-Change" doc:"The last project revision that this request created; pass it to the undo operation. Absent if nothing changed."`
	Body     Member
}

// named adds the account's details to a membership.
func (a *API) named(account uuid.UUID, role events.Role, since time.Time) Member {
	m := Member{Account: account, Role: role, Since: since.UTC()}
	if person, ok := a.accounts.Person(account); ok {
		m.Name, m.Email = person.Name, person.Email
	}
	return m
}

func (a *API) memberAnswer(o commands.Outcome, account uuid.UUID) (*MemberAnswer, error) {
	for _, m := range o.Project.Members {
		if m.Account == account {
			return &MemberAnswer{
				Position: o.Position.String(), ETag: etag(o.Project.Head.Revision), Change: changeOf(o), Body: a.named(m.Account, m.Role, m.Since),
			}, nil
		}
	}
	// This is a retry, and the member has gone since.
	return nil, problem.New(problem.NotFound, "The account is no longer a member of the project.")
}

func (a *API) members(ctx context.Context, in *struct {
	OfProject
	Reading
}) (*Listed[Member], error) {
	p, position, err := service.ReadOfProject(ctx, a.service, in.at(), in.ID, func(ctx context.Context, s *projections.Snapshot) (projections.Project, error) {
		return s.Project(ctx, access.From(ctx).Account, in.ID)
	})
	if err != nil {
		return nil, err
	}
	return listed(p.Members, "", position, func(m projections.Member) Member { return a.named(m.Account, m.Role, m.Since) }), nil
}

// NewMember is a member to add.
type NewMember struct {
	Email string      `json:"email" maxLength:"254" doc:"The email address the person signs in with."`
	Role  events.Role `json:"role" enum:"owner,member,viewer"`
}

func (a *API) addMember(ctx context.Context, in *struct {
	OfProject
	Writing
	Body NewMember
}) (*MemberAnswer, error) {
	o, account, err := a.service.AddMember(ctx, in.ID, in.Body.Email, in.Body.Role, in.write())
	if err != nil {
		return nil, err
	}
	return a.memberAnswer(o, account)
}

// OfMember is the input of requests about one membership.
type OfMember struct {
	OfProject
	Account uuid.UUID `path:"account" format:"uuid" doc:"The member's account ID."`
}

// MemberPatch is a merge patch of a membership.
type MemberPatch struct {
	Role events.Role `json:"role" enum:"owner,member,viewer"`
}

func (a *API) changeMember(ctx context.Context, in *struct {
	OfMember
	Writing
	Body MemberPatch
}) (*MemberAnswer, error) {
	o, err := a.service.Do(ctx, commands.ChangeMemberRole{Project: in.ID, Account: in.Account, Role: in.Body.Role}, in.write())
	if err != nil {
		return nil, err
	}
	return a.memberAnswer(o, in.Account)
}

func (a *API) removeMember(ctx context.Context, in *struct {
	OfMember
	Writing
}) (*Written, error) {
	o, err := a.service.Do(ctx, commands.RemoveMember{Project: in.ID, Account: in.Account}, in.write())
	if err != nil {
		return nil, err
	}
	return written(o, o.Project.Head.Revision), nil
}
