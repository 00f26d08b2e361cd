package api

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/projections"
)

// Password is the caller's own.
type Password struct {
	Password string `json:"password" maxLength:"256"`
}

// Erased answers an erasure.
type Erased struct {
	Position  string `header:"Docket-Position" doc:"The place in the log that has it."`
	SetCookie string `header:"Set-Cookie" doc:"Makes a browser forget the session."`
}

// erasing is a request to be erased.
type erasing struct {
	Keyed
	Body Password
}

// eraseMe takes the caller out of all projects and erases the account then, so
// that no project is left to an owner who is nobody. Refused, it has done
// nothing; broken off, it is completed by asking again.
func (a *API) eraseMe(ctx context.Context, in *erasing) (*Erased, error) {
	caller := access.From(ctx).Account
	if err := a.Accounts.CheckPassword(ctx, caller, in.Body.Password); err != nil {
		return nil, wrongPassword(err, "password")
	}
	projects, err := a.toLeave(ctx, caller)
	if err != nil {
		return nil, err
	}
	for _, project := range projects {
		if err := a.leave(ctx, project, caller); err != nil {
			return nil, err
		}
	}
	position, err := a.Accounts.Erase(ctx, caller)
	if err != nil {
		return nil, err
	}
	return &Erased{position.String(), access.NoCookie(a.SecureCookies).String()}, nil
}

// toLeave is the projects an account has to leave before it is erased: all but
// those where it is the only person. It refuses if one would be left without
// an owner. What it owns comes first, since there the log may still refuse.
func (a *API) toLeave(ctx context.Context, account uuid.UUID) ([]uuid.UUID, error) {
	end, err := a.Log.End(ctx)
	if err != nil {
		return nil, err
	}
	memberships, _, err := read(ctx, a, Reading{Position{end}}, func(ctx context.Context, s *projections.Snapshot) ([]uuid.UUID, error) {
		return s.Memberships(ctx, account)
	})
	if err != nil {
		return nil, err
	}
	var owned, others []uuid.UUID
	for _, id := range memberships {
		project, err := a.Commands.Project(ctx, id)
		if err != nil {
			return nil, err
		}
		people, owners := a.besides(project, account)
		switch role := project.Role(account); {
		case role == "" || people == 0:
		case owners == 0:
			return nil, lastOwner(id)
		case role == events.RoleOwner:
			owned = append(owned, id)
		default:
			others = append(others, id)
		}
	}
	return slices.Concat(owned, others), nil
}

// leave takes the account out of the project. The log decides between owners
// who leave at once: one of them stays.
func (a *API) leave(ctx context.Context, id, account uuid.UUID) error {
	_, err := a.Commands.Handle(ctx, commands.RemoveMember{Project: id, Account: account}, commands.Request{
		Actor: account, Command: derived(idempotency.Command(ctx), "leave "+id.String()),
	})
	var rejection *commands.Rejection
	if !errors.As(err, &rejection) {
		return err
	}
	switch rejection.Code {
	case commands.CodeNotFound: // It has been taken out meanwhile.
		return nil
	case commands.CodeLastOwner:
		project, err := a.Commands.Project(ctx, id)
		if err != nil {
			return err
		}
		if people, _ := a.besides(project, account); people == 0 {
			return nil // The others have left meanwhile.
		}
		return lastOwner(id)
	}
	return err
}

// besides counts the members other than the account who have not been erased,
// and the owners among them.
func (a *API) besides(p commands.Project, account uuid.UUID) (people, owners int) {
	for _, m := range p.Members {
		if person, known := a.Accounts.Person(m.Account); m.Account == account || known && person.Erased {
			continue
		}
		people++
		if m.Role == events.RoleOwner {
			owners++
		}
	}
	return people, owners
}

func lastOwner(project uuid.UUID) error {
	return problem.New(problem.LastOwner, "You are the only owner of a project with other members, %s. Make somebody else an owner first", project)
}
