package api

import (
	"context"

	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/projections"
)

// LabelCount is a label and the number of tasks that have it.
type LabelCount struct {
	Label string `json:"label"`
	Tasks int    `json:"tasks" doc:"The number of tasks with this label, not counting those in the trash."`
}

func (a *API) labels(ctx context.Context, in *struct {
	OfProject
	Reading
}) (*Listed[LabelCount], error) {
	all, position, err := service.ReadOfProject(ctx, a.service, in.at(), in.ID, func(ctx context.Context, s *projections.Snapshot) ([]projections.LabelCount, error) {
		return s.Labels(ctx, access.From(ctx).Account, in.ID)
	})
	if err != nil {
		return nil, err
	}
	return listed(all, "", position, func(l projections.LabelCount) LabelCount { return LabelCount(l) }), nil
}
