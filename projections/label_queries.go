package projections

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// maxLabels is the maximum number of labels returned for a project.
const maxLabels = 200

// Labels returns the labels of a project's tasks, without those in the trash:
// most used first, then by bytes, at most 200. It fails with [ErrNotFound] as
// [Snapshot.Project] does.
func (s *Snapshot) Labels(ctx context.Context, caller, project uuid.UUID) ([]LabelCount, error) {
	var id uuid.UUID
	err := s.one(ctx, []any{&id}, `select project from {g}memberships where account = ? and project = ?`, caller, project)
	if err != nil {
		return nil, fmt.Errorf("labels of project %s: %w", project, err)
	}
	labels := []LabelCount{}
	err = s.each(ctx, func(scan func(...any) error) error {
		var l LabelCount
		err := scan(&l.Label, &l.Tasks)
		labels = append(labels, l)
		return err
	}, `select x.label, count(*) from {g}tasks t join {g}labels x on x.task = t.id
		where t.project = ? and t.deleted_at is null
		group by x.label order by count(*) desc, x.label limit ?`, project, maxLabels)
	if err != nil {
		return nil, fmt.Errorf("labels of project %s: %w", project, err)
	}
	return labels, nil
}
