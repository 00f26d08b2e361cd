package service

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/feed"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/projections"
)

// Subscribe starts a subscription of the caller to events after a position, or
// from now on if it is zero: in one project, or in all of the caller's projects
// if project is [uuid.Nil]. The caller of Subscribe must close the
// subscription.
func (s *Service) Subscribe(ctx context.Context, project uuid.UUID, after events.Position) (*feed.Subscription, error) {
	caller := access.From(ctx).Account
	if project != uuid.Nil {
		p, err := s.commands.Project(ctx, project)
		if err != nil {
			return nil, err
		}
		if p.Role(caller) == "" {
			return nil, projections.ErrNotFound
		}
	}
	subscription, err := s.feed.Subscribe(ctx, caller, project, after)
	switch {
	case errors.Is(err, feed.ErrTooMany):
		return nil, problem.New(problem.TooManyFeeds, "")
	case errors.Is(err, feed.ErrStopped), errors.Is(err, feed.ErrInterrupted):
		return nil, problem.New(problem.Unavailable, "")
	}
	return subscription, err
}
