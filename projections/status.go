package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/fold"
	"github.com/docketlog/docket/projections/schema"
)

// State is what a projector is doing.
type State string

// The states of a projector.
const (
	// StateStarting means that the projector has not read the database yet.
	StateStarting State = "starting"
	// StateBuilding means that it builds rows that will replace the served
	// ones.
	StateBuilding State = "building"
	// StateFollowing means that it holds the claim and applies new events.
	StateFollowing State = "following"
	// StateStandby means that it watches another projector and takes over if
	// that one stops.
	StateStandby State = "standby"
	// StateOutdated means that the rows are of a newer program; they are left
	// unchanged.
	StateOutdated State = "outdated"
	// StateDown means that it cannot reach the database or the log, and
	// retries.
	StateDown State = "down"
)

// Status is the state of the rows. [Store.Status] returns what the database
// knows, without State, Rate and Batch; [Projector.Status] what the projector
// knows itself, without Building and Kept; [Projector.Overview] everything.
type Status struct {
	State State
	// Position is that of the rows, Head the last known end of the log.
	Position events.Position
	Head     events.Position
	// Lag is how many events the rows are behind Head. Behind is the time since
	// the log stored the last event that the rows reflect: they are behind by at
	// most that long; 0 without Lag.
	Lag    uint64
	Behind time.Duration
	// Rate is in events per second over about the last ten seconds; Batch is
	// the number of events in the last transaction.
	Rate  float64
	Batch int
	// Generation and Epoch identify the rows and the claim on them.
	Generation int64
	Epoch      int64
	// Building is the progress of the rows that will replace them. Kept is the
	// generation that can be rolled back to, or 0.
	Building Building
	Kept     int64
	// Refused counts events that their aggregate's chain does not accept,
	// Parked the aggregates with an event that cannot be folded, and Malformed
	// the messages that are not events; all since the rows were built.
	Refused   int64
	Parked    int64
	Malformed int64
}

func (m *model) status(now time.Time) Status {
	return Status{
		Position: m.position, Head: m.position.At(max(m.head, m.position.Sequence)),
		Lag: max(m.head, m.position.Sequence) - m.position.Sequence, Behind: m.behind(now),
		Generation: m.generation, Epoch: m.epoch, Malformed: m.malformed,
	}
}

// Status returns the status of the live rows, whether or not this program may
// serve them. The zero Generation means that there are none.
func (s *Store) Status(ctx context.Context) (Status, error) {
	m, err := s.model(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("read checkpoint: %w", err)
	}
	status := m.status(time.Now())
	if status.Building, err = s.Building(ctx); err != nil {
		return Status{}, err
	}
	if status.Kept, err = s.Kept(ctx); err != nil {
		return Status{}, err
	}
	if m.servable(s.fingerprint) != nil {
		return status, nil
	}
	err = s.Read(ctx, events.Position{}, func(snapshot *Snapshot) error {
		return snapshot.one(ctx, []any{&status.Refused, &status.Parked},
			`select (select count(*) from {g}refused), (select count(*) from {g}parked)`)
	})
	if err != nil {
		return Status{}, fmt.Errorf("count events that were not applied: %w", err)
	}
	return status, nil
}

// Parked is an aggregate with an event that cannot be folded. It stays as it
// was before that event. A program that can fold the event has another version,
// and applies all held events when it builds its rows.
type Parked struct {
	Aggregate events.Aggregate
	Project   uuid.UUID
	// Position, Revision and Type are those of the event; At is when it
	// happened.
	Position events.Position
	Revision uint64
	Type     events.Type
	At       time.Time
	Reason   string
	// Held is the number of events not applied, including this one.
	Held int64
}

// Parked lists the parked aggregates in log order.
func (s *Store) Parked(ctx context.Context) ([]Parked, error) {
	var list []Parked
	err := s.Read(ctx, events.Position{}, func(snapshot *Snapshot) error {
		list = nil
		return snapshot.each(ctx, func(scan func(...any) error) error {
			var p Parked
			var sequence uint64
			var at int64
			err := scan(&p.Aggregate.ID, (*string)(&p.Aggregate.Kind), &p.Project, &sequence, &p.Revision, (*string)(&p.Type), &p.Reason, &at, &p.Held)
			p.Position, p.At = snapshot.Position.At(sequence), schema.Time(at)
			list = append(list, p)
			return err
		}, `select p.id, p.kind, p.project, p.sequence, p.revision, p.event_type, p.reason, p.happened_at, h.held
			from {g}parked p join {g}heads h on h.id = p.id and h.kind = p.kind order by p.sequence`)
	})
	if err != nil {
		return nil, fmt.Errorf("list parked aggregates: %w", err)
	}
	return list, nil
}

// ProjectionVersion is a projection's name and the version of its rows.
type ProjectionVersion struct {
	Name    string
	Version int
}

// Versions lists all projections in the order in which they fold. All of them
// share one position; see [Status].
func Versions() []ProjectionVersion {
	all := fold.Projections()
	list := make([]ProjectionVersion, len(all))
	for i, p := range all {
		list[i] = ProjectionVersion{p.Name, p.Version}
	}
	return list
}
