package api

import (
	"context"

	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/projections"
)

// Order is the order of a history.
type Order struct {
	Sort string `query:"sort" enum:"position,-position" default:"-position" doc:"The sort order; -position lists the newest first."`
}

func (a *API) history(ctx context.Context, in *struct {
	OfTask
	Order
	Paging
	Reading
}) (*Listed[Entry], error) {
	p, position, err := service.ReadOfTask(ctx, a.service, in.at(), in.ID, func(ctx context.Context, s *projections.Snapshot) (p page[projections.Entry], err error) {
		p.rows, p.next, err = s.History(ctx, access.From(ctx).Account, in.ID, in.page(in.Sort))
		return p, err
	})
	if err != nil {
		return nil, err
	}
	return listed(p.rows, p.next, position, entryOfRow), nil
}

func (a *API) projectHistory(ctx context.Context, in *struct {
	OfProject
	Order
	Paging
	Reading
}) (*Listed[Entry], error) {
	p, position, err := service.ReadOfProject(ctx, a.service, in.at(), in.ID, func(ctx context.Context, s *projections.Snapshot) (p page[projections.Entry], err error) {
		p.rows, p.next, err = s.ProjectHistory(ctx, access.From(ctx).Account, in.ID, in.page(in.Sort))
		return p, err
	})
	if err != nil {
		return nil, err
	}
	return listed(p.rows, p.next, position, entryOfRow), nil
}
