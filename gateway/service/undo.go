package service

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/problem"
)

// Undo reverts, on behalf of the caller in ctx, the whole commit that made the
// revision of a task or project; see [commands.Undo]. It is itself a command:
// it can be undone, and a retry with the same idempotency key takes effect
// once. It fails like any command: for a caller who is not a member the task or
// project does not exist, and a revision that it does not have is invalid.
func (s *Service) Undo(ctx context.Context, target events.Aggregate, revision uint64, w Write) (commands.Outcome, error) {
	if err := s.mayKnow(ctx, target); err != nil {
		return commands.Outcome{}, err
	}
	happened, err := s.commit(ctx, target, revision)
	if err != nil {
		return commands.Outcome{}, err
	}
	for _, event := range happened {
		// Adding a member requires an address, which an erased account no longer
		// has; an undo would restore a member without an identity.
		if e, ok := event.(events.MemberRemoved); ok {
			if person, known := s.accounts.Person(e.Account); known && person.Erased {
				return commands.Outcome{}, problem.New(problem.Code(commands.CodeCannotUndo), "The member's data has been erased, so they cannot be added again.")
			}
		}
	}
	command, err := commands.Undo(target, happened)
	if err != nil {
		return commands.Outcome{}, err
	}
	return s.Do(ctx, command, w)
}

// mayKnow fails as if the target did not exist unless the log has the caller as
// a member: no one else may learn what a commit was, not even from the
// difference between two refusals.
func (s *Service) mayKnow(ctx context.Context, target events.Aggregate) error {
	switch target.Kind {
	case events.KindTask:
		_, _, err := s.Visible(ctx, target.ID)
		return err
	case events.KindProject:
		_, err := s.VisibleProject(ctx, target.ID)
		return err
	}
	return problem.New(problem.NotFound, "")
}

// commit returns the events of the commit that made a revision, in order.
func (s *Service) commit(ctx context.Context, target events.Aggregate, revision uint64) ([]events.Event, error) {
	past, _, err := s.log.Load(ctx, events.Head{Aggregate: target})
	if err != nil {
		return nil, err
	}
	command := uuid.Nil
	for i := range past {
		if past[i].Revision == revision {
			command = past[i].Command
		}
	}
	if command == uuid.Nil {
		return nil, problem.Wrong(problem.InBody, "revision", problem.Malformed, "must be an existing revision, 1 to %d", len(past))
	}
	var happened []events.Event
	for i := range past {
		if past[i].Command != command {
			continue
		}
		event, err := past[i].Event()
		if err != nil {
			return nil, fmt.Errorf("undo revision %d of %s: %w: %w", revision, target, commands.ErrDamaged, err)
		}
		happened = append(happened, event)
	}
	return happened, nil
}
