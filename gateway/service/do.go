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

// Write holds the options of a write.
type Write struct {
	// IfRevision, if not nil, must equal the revision of the task or project.
	IfRevision *uint64
	// TraceParent is a W3C traceparent stored with the events, "" for none.
	TraceParent string
	// Seen is the position the caller has seen, for writes that read the rows:
	// they wait until the rows have reached it. Zero means no wait.
	Seen events.Position
	// Part distinguishes the commands of one request that affect different
	// things.
	Part string
}

// Do executes a command on behalf of the context's caller. The command's id is
// the request's, so that a retried request takes effect once. It fails as
// [commands.Handler.Handle] does.
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
	// A retried command is not decided again, so its present answer must not
	// reach a caller who was a member only at the first attempt.
	if outcome.Duplicate && outcome.Project.Role(caller) == "" {
		if _, leaving := command.(commands.RemoveMember); !leaving {
			return outcome, problem.New(problem.NotFound, "The %s does not exist or you have no access to it.", command.Target().Kind)
		}
	}
	return outcome, nil
}

// NewID returns the id of something the request creates, the same on every
// retry; what distinguishes several of them.
func NewID(ctx context.Context, what string) uuid.UUID {
	return derived(idempotency.Command(ctx), what)
}

func derived(command uuid.UUID, what string) uuid.UUID {
	return uuid.NewSHA1(command, []byte(what))
}
