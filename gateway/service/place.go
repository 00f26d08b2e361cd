package service

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/projections"
)

// Place is the place of a task within its status: a rank, or one or two
// neighbours. The zero Place leaves the task where it is.
type Place struct {
	Rank          string
	After, Before *Neighbour
}

// Neighbour is what a task is placed beside: another task or, if None, the
// beginning or the end of the status.
type Neighbour struct {
	Task uuid.UUID
	None bool
}

// rank returns a rank between the two neighbours. If only one is named, the
// rows are queried for the other once they have reached the position. If they
// are still behind, the task stands one place off at most.
func (s *Service) rank(ctx context.Context, change TaskChange, at events.Position) (string, error) {
	place := change.Place
	if place.Rank != "" {
		return "", problem.Wrong(problem.InBody, "rank", problem.Misplaced, "cannot be combined with after or before")
	}
	moved, project, err := s.Visible(ctx, change.Task)
	if err != nil {
		return "", err
	}
	after, err := s.neighbour(ctx, moved, "after", place.After)
	if err != nil {
		return "", err
	}
	before, err := s.neighbour(ctx, moved, "before", place.Before)
	if err != nil {
		return "", err
	}
	status := change.Status
	if status == "" {
		if own, ok := project.Status(moved.Status); ok {
			status = own.Key
		}
	}
	switch {
	case place.Before == nil:
		before, err = s.next(ctx, moved, status, "rank", at, func(rank string) bool { return rank > after })
	case place.After == nil && before != "":
		after, err = s.next(ctx, moved, status, "-rank", at, func(rank string) bool { return rank < before })
	}
	if err != nil {
		return "", err
	}
	return between(after, before, time.Now())
}

// between returns a rank between the ranks after and before; "" means no bound.
func between(after, before string, now time.Time) (string, error) {
	if before == "" {
		// Appending by the clock keeps ranks short however often it is used.
		if end := commands.RankAtEnd(now); end > after {
			return end, nil
		}
	}
	if after == "" {
		// The same holds at the start.
		if start := commands.RankAtStart(now); start < before {
			return start, nil
		}
	}
	rank := commands.RankBetween(after, before)
	if len(rank) > commands.MaxRank {
		return "", problem.New(problem.Code(commands.CodeLimit), "There is no rank left between these two tasks. Move one of them, then try again.")
	}
	return rank, nil
}

// neighbour returns the rank of a task named as a neighbour, "" if none is.
func (s *Service) neighbour(ctx context.Context, moved commands.Task, field string, n *Neighbour) (string, error) {
	if n == nil || n.None {
		return "", nil
	}
	if n.Task == moved.ID {
		return "", problem.Wrong(problem.InBody, field, problem.Misplaced, "must not be the task being moved")
	}
	task, err := s.commands.Task(ctx, n.Task)
	if err != nil {
		return "", err
	}
	if !task.Exists() || task.Project != moved.Project {
		return "", problem.Wrong(problem.InBody, field, problem.Elsewhere, "must be a task of the same project")
	}
	return task.Rank, nil
}

// next finds in the rows the neighbour that was not named: the first in the
// order that lies beyond the named one, "" if there is none.
func (s *Service) next(ctx context.Context, moved commands.Task, status, sort string, at events.Position, beyond func(rank string) bool) (string, error) {
	filter := projections.TaskFilter{Statuses: []string{status}}
	rank, _, err := Read(ctx, s, at, func(ctx context.Context, rows *projections.Snapshot) (string, error) {
		for cursor := ""; ; {
			page := projections.Page{Limit: projections.MaxLimit, Cursor: cursor, Sort: sort}
			tasks, next, err := rows.Tasks(ctx, access.From(ctx).Account, moved.Project, filter, page)
			if err != nil {
				return "", err
			}
			for _, t := range tasks {
				if t.ID != moved.ID && beyond(t.Rank) {
					return t.Rank, nil
				}
			}
			if cursor = next; next == "" {
				return "", nil
			}
		}
	})
	return rank, err
}
