package app

import (
	"context"

	"github.com/docketlog/docket/projections"
)

// openProjector opens the projector, which keeps the rows up to date with the
// log.
func (s *system) openProjector(context.Context) error {
	s.projector = projections.NewProjector(s.rows, s.log, projections.ProjectorOptions{Logger: s.logger, Applied: s.counted.applied, Tracer: s.tracer})
	return nil
}

func projectorPart(s *system, _ context.Context) (front, back []part, err error) {
	return nil, []part{{"projector", s.projector.Run}}, nil
}
