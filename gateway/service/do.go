package service

import (
	"context"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/problem"
)

// Write is what a caller may say of a write besides what is to be done.
type Write struct {
	// IfRevision, if not nil, must be the revision of the task or project.
	IfRevision *uint64
	// TraceParent is a W3C traceparent that is kept with the events, "" for none.
	TraceParent string
	// Seen is the position the caller has seen, for writes that look at the rows:
	// they wait until the rows have reached it. Zero is none.
	Seen events.Position
	// Part tells the commands apart that one request does to different things.
	Part string
}

// Do hands a command over in the name of the context's caller. The id of the
// command is the request's, so that a request that is sent again is done once. It
// fails as [commands.Handler.Handle] does.
func (s *Service) Do(ctx context.Context, command commands.Command, w Write) (commands.Outcome, error) {
	caller := access.From(ctx).Account
	id := idempotency.Command(ctx)
	if w.Part != "" {
		id = derived(id, w.Part)
	}
	outcome, err := s.commands.Handle(ctx, command, commands.Request{
		Actor: caller, Command: id, IfRevision: w.IfRevision, TraceParent: w.TraceParent,
	})
	if err != nil {
		return outcome, err
	}
	// A command that has happened is not decided again, so what it would now
	// answer must not be told to somebody who was a member only then.
	if outcome.Duplicate && outcome.Project.Role(caller) == "" {
		if _, leaving := command.(commands.RemoveMember); !leaving {
			return outcome, problem.New(problem.NotFound, "There is no such %s", command.Target().Kind)
		}
	}
	return outcome, nil
}

// NewID makes the id of something that the request creates, the same whenever it
// is sent; what tells several apart.
func NewID(ctx context.Context, what string) uuid.UUID {
	return derived(idempotency.Command(ctx), what)
}

func derived(command uuid.UUID, what string) uuid.UUID {
	return uuid.NewSHA1(command, []byte(what))
}
