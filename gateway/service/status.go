package service

import (
	"context"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

// Part is a component of the installation whose status can be queried.
type Part string

// The parts.
const (
	PartLog    Part = "log"
	PartRows   Part = "rows"
	PartParked Part = "parked"
)

// Status is the state of the installation, as far as it could be queried.
type Status struct {
	Head        events.Position // of the log
	Rows        projections.Status
	Parked      []projections.Parked
	Projections []projections.ProjectionVersion
	// Replicas lists the databases, if the rows have several.
	Replicas []projections.Replica
	Commands commands.Stats
	// Feeds is the number of open feeds in this process.
	Feeds int64
	// Unreachable lists the parts that could not be queried.
	Unreachable []Part
}

// Status queries every part of the installation. It lists unreachable parts and
// does not fail for them. Only administrators may see it; the caller must check
// that.
func (s *Service) Status(ctx context.Context) Status {
	status := Status{Projections: projections.Versions(), Commands: s.commands.Stats(), Feeds: s.feed.Subscribers()}
	var err error
	if status.Head, err = s.log.End(ctx); err != nil {
		status.Unreachable = append(status.Unreachable, PartLog)
	}
	if status.Rows, err = s.rows.Status(ctx); err != nil {
		status.Unreachable = append(status.Unreachable, PartRows)
	} else if status.Parked, err = s.rows.Parked(ctx); err != nil {
		status.Unreachable = append(status.Unreachable, PartParked)
	}
	if s.replicas != nil {
		if status.Replicas = s.replicas(); len(status.Replicas) == 1 {
			status.Replicas = nil
		}
	}
	return status
}
