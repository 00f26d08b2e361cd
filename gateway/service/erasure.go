package service

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/projections"
)

// EraseAccount removes the context's caller from all projects and then erases
// the account, so that no project is left with an erased owner. It returns the
// position that includes the erasure. The password must be the caller's own. If
// it refuses, it has changed nothing; if it is interrupted, a retry completes
// it.
func (s *Service) EraseAccount(ctx context.Context, password string) (events.Position, error) {
	caller := access.From(ctx).Account
	if err := s.accounts.CheckPassword(ctx, caller, password); err != nil {
		if errors.Is(err, accounts.ErrCredentials) {
			// The caller is signed in, so this is not a 401, on which programs
			// discard their session.
			err = problem.Wrong(problem.InBody, "password", problem.Mistaken, "is incorrect")
		}
		return events.Position{}, err
	}
	projects, err := s.toLeave(ctx, caller)
	if err != nil {
		return events.Position{}, err
	}
	for _, project := range projects {
		if err := s.leave(ctx, project, caller); err != nil {
			return events.Position{}, err
		}
	}
	return s.accounts.Erase(ctx, caller)
}

// toLeave returns the projects an account must leave before it is erased: all
// but those where it is the only person. It refuses if one would be left
// without an owner. Projects the account owns come first, because there the log
// may still refuse.
func (s *Service) toLeave(ctx context.Context, account uuid.UUID) ([]uuid.UUID, error) {
	end, err := s.log.End(ctx)
	if err != nil {
		return nil, err
	}
	memberships, _, err := Read(ctx, s, end, func(ctx context.Context, rows *projections.Snapshot) ([]uuid.UUID, error) {
		return rows.Memberships(ctx, account)
	})
	if err != nil {
		return nil, err
	}
	var owned, others []uuid.UUID
	for _, id := range memberships {
		project, err := s.commands.Project(ctx, id)
		if err != nil {
			return nil, err
		}
		people, owners := s.besides(project, account)
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

// leave removes the account from the project. If owners leave at the same time,
// the log decides: one of them stays.
func (s *Service) leave(ctx context.Context, id, account uuid.UUID) error {
	_, err := s.Do(ctx, commands.RemoveMember{Project: id, Account: account}, Write{Part: "leave " + id.String()})
	var rejection *commands.Rejection
	if !errors.As(err, &rejection) {
		return err
	}
	switch rejection.Code {
	case commands.CodeNotFound: // Removed meanwhile.
		return nil
	case commands.CodeLastOwner:
		project, err := s.commands.Project(ctx, id)
		if err != nil {
			return err
		}
		if people, _ := s.besides(project, account); people == 0 {
			return nil // The others have left meanwhile.
		}
		return lastOwner(id)
	}
	return err
}

// besides counts the members other than the account that have not been erased,
// and the owners among them.
func (s *Service) besides(p commands.Project, account uuid.UUID) (people, owners int) {
	for _, m := range p.Members {
		if person, known := s.accounts.Person(m.Account); m.Account == account || known && person.Erased {
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
	return problem.New(problem.LastOwner, "You are the only owner of project %s, which has other members. Make another member an owner first.", project)
}
