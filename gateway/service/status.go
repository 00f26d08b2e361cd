package service

import (
	"context"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

// Part is something of the installation that can be asked how it is.
type Part string

// The parts.
const (
	PartLog    Part = "log"
	PartRows   Part = "rows"
	PartParked Part = "parked"
)

// Status is how the installation is, as far as it could be asked.
type Status struct {
	Head        events.Position // the log's
	Rows        projections.Status
	Parked      []projections.Parked
	Projections []projections.ProjectionVersion
	// Replicas are the databases, where the rows are in several.
	Replicas []projections.Replica
	Commands commands.Stats
	// Feeds is how many are open in this process.
	Feeds int64
	// Unreachable are the parts that could not be asked.
	Unreachable []Part
}

// Status asks every part of the installation how it is. What cannot be asked is
// named, and is no error. It is for administrators only, which the caller sees to.
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
