package service

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/projections"
)

// PositionHeader is the header that carries a position, in requests and answers
// of every interface.
const PositionHeader = "Docket-Position"

// readTimeout is the timeout of a read, both for the rows to reach a position
// and for the query.
const readTimeout = 5 * time.Second

// Read queries the rows once they have reached the position, and returns the
// position of the snapshot that answered. It fails as [projections.Store.Read]
// does, and after five seconds. The result may include projects that the caller
// has just left; see [Service.StillIn].
func Read[T any](ctx context.Context, s *Service, at events.Position, ask func(context.Context, *projections.Snapshot) (T, error)) (T, events.Position, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var answer T
	var reached events.Position
	err := s.rows.Read(ctx, at, func(rows *projections.Snapshot) (err error) {
		reached = rows.Position
		answer, err = ask(ctx, rows)
		return err
	})
	return answer, reached, err
}

// ReadOfProject is [Read] for data of a project; the caller must still be a
// member of it.
func ReadOfProject[T any](ctx context.Context, s *Service, at events.Position, project uuid.UUID, ask func(context.Context, *projections.Snapshot) (T, error)) (T, events.Position, error) {
	answer, reached, err := Read(ctx, s, at, ask)
	if err == nil {
		err = s.StillIn(ctx, project)
	}
	return answer, reached, err
}

// ReadOfTask is [Read] for data of a task; the caller must be able to see the
// task.
func ReadOfTask[T any](ctx context.Context, s *Service, at events.Position, task uuid.UUID, ask func(context.Context, *projections.Snapshot) (T, error)) (T, events.Position, error) {
	var project uuid.UUID
	answer, reached, err := Read(ctx, s, at, func(ctx context.Context, rows *projections.Snapshot) (T, error) {
		t, err := rows.Task(ctx, access.From(ctx).Account, task)
		if err != nil {
			var none T
			return none, err
		}
		project = t.Project
		return ask(ctx, rows)
	})
	if err == nil {
		err = s.StillIn(ctx, project)
	}
	return answer, reached, err
}

// Task reads one task.
func (s *Service) Task(ctx context.Context, at events.Position, id uuid.UUID) (projections.Task, events.Position, error) {
	t, reached, err := Read(ctx, s, at, func(ctx context.Context, rows *projections.Snapshot) (projections.Task, error) {
		return rows.Task(ctx, access.From(ctx).Account, id)
	})
	if err == nil {
		err = s.StillIn(ctx, t.Project)
	}
	if err == nil {
		s.numbers.put(t.ID, t.Number)
	}
	return t, reached, err
}

// Now returns a position for answers that depend on no event, at or after the
// one asked for. It fails with [events.ErrIncarnation] for a position of
// another log, and with [projections.ErrStale] for one that the log has not
// reached.
func (s *Service) Now(ctx context.Context, asked events.Position) (events.Position, error) {
	at := s.feed.Position()
	reached, err := at.Reached(asked)
	if !at.IsZero() && (asked.IsZero() || err == nil && reached) {
		return at, nil
	}
	if at, err = s.log.End(ctx); err != nil {
		return events.Position{}, err
	}
	if reached, err = at.Reached(asked); !asked.IsZero() && (err != nil || !reached) {
		return events.Position{}, cmp.Or(err, projections.ErrStale)
	}
	return at, nil
}
