package service

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/problem"
)

// Undo takes back, in the name of the caller in ctx, the whole commit that made
// the revision of a task or project; see [commands.Undo]. The outcome is that of
// a command, which it is: it can be undone, and sent again with the same
// idempotency key it happens once. It fails like any command; for who is no
// member there is no such task or project, and a revision that it does not
// have is invalid.
func (s *Service) Undo(ctx context.Context, target events.Aggregate, revision uint64, w Write) (commands.Outcome, error) {
	if err := s.mayKnow(ctx, target); err != nil {
		return commands.Outcome{}, err
	}
	happened, err := s.commit(ctx, target, revision)
	if err != nil {
		return commands.Outcome{}, err
	}
	for _, event := range happened {
		// Adding a member takes an address, which nobody has any more who was
		// erased; by this way they would come back as somebody nobody can be.
		if e, ok := event.(events.MemberRemoved); ok {
			if person, known := s.accounts.Person(e.Account); known && person.Erased {
				return commands.Outcome{}, problem.New(problem.Code(commands.CodeCannotUndo), "The person's data was erased; they cannot be let in again")
			}
		}
	}
	command, err := commands.Undo(target, happened)
	if err != nil {
		return commands.Outcome{}, err
	}
	return s.Do(ctx, command, w)
}

// mayKnow fails as if there were no such thing unless the caller is a member,
// by the log: what a commit was is not told to anybody else, not even by the
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
	return problem.New(problem.NotFound, "There is no such thing")
}

// commit is the events of the commit that made a revision, in order.
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
		return nil, problem.Wrong(problem.InBody, "revision", problem.Malformed, "is not one it has; it has %d", len(past))
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
