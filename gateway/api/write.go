package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/problem"
)

// do hands the command over in the caller's name.
func (a *API) do(ctx context.Context, command commands.Command, in Writing) (commands.Outcome, error) {
	caller := access.From(ctx)
	outcome, err := a.Commands.Handle(ctx, command, commands.Request{
		Actor: caller.Account, Command: idempotency.Command(ctx),
		IfRevision: in.IfMatch.Revision, TraceParent: in.TraceParent.valid(),
	})
	if err != nil {
		return outcome, err
	}
	// A command that has happened is not decided again, so what it would now
	// answer must not be told to somebody who was a member only then.
	if outcome.Duplicate && outcome.Project.Role(caller.Account) == "" {
		if _, leaving := command.(commands.RemoveMember); !leaving {
			return outcome, problem.New(problem.NotFound, "There is no such %s", command.Target().Kind)
		}
	}
	return outcome, nil
}

// newID makes the id of what the request creates.
func newID(ctx context.Context, what string) uuid.UUID {
	return derived(idempotency.Command(ctx), what)
}

// Written answers a write that has nothing to show.
type Written struct {
	Position string `header:"Docket-Position" doc:"The place in the log that has it."`
	ETag     string `header:"ETag" doc:"The revision of the task or project."`
	Change   string `header:"Docket-Change" doc:"The last revision that this request made of it: send it to undo. Absent if it changed nothing."`
}
