package service

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/problem"
)

// AddMember adds the account with the address to the project, and returns the
// account with the outcome. A caller who may not add members is refused before
// the lookup, so that no answer reveals who has an account.
func (s *Service) AddMember(ctx context.Context, project uuid.UUID, email string, role events.Role, w Write) (commands.Outcome, uuid.UUID, error) {
	caller := access.From(ctx).Account
	p, err := s.commands.Project(ctx, project)
	if err != nil {
		return commands.Outcome{}, uuid.Nil, err
	}
	account, owner := caller, p.Role(caller) == events.RoleOwner
	if owner {
		person, err := s.accounts.Lookup(ctx, caller, email)
		if errors.Is(err, accounts.ErrNotFound) {
			err = problem.Wrong(problem.InBody, "email", problem.NoAccount, "does not belong to an account; ask the person to register first")
		}
		if err != nil {
			return commands.Outcome{}, uuid.Nil, err
		}
		account = person.ID
	}
	o, err := s.Do(ctx, commands.AddMember{Project: project, Account: account, Role: role}, w)
	if err == nil && o.Duplicate && !owner {
		// A retry by a former owner: only a current owner may look up the account
		// it added.
		err = problem.New(problem.Code(commands.CodeForbidden), "Only a project owner can do this.")
	}
	return o, account, err
}
