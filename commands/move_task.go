package commands

import (
	"strings"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// MoveTask moves the task on the board. Without a status it stays in its
// status; without a rank it goes to the end of another status, or keeps its
// place in its own. SeenStatus, if not empty, is the status the actor saw it
// in: if the task is now neither there nor in the wanted status, it is not
// moved and the command is refused with [CodeChanged].
type MoveTask struct {
	ofTask
	Task       uuid.UUID
	Status     string
	Rank       string
	SeenStatus string
}

func (c MoveTask) Target() events.Aggregate { return events.Task(c.Task) }

func (c MoveTask) check(p *problems) {
	if c.Rank != "" {
		p.rank("rank", c.Rank)
	}
}

func (c MoveTask) decide(a asking, p Project, t Task) ([]events.Event, error) {
	if r := t.mayChange(a, p); r != nil {
		return nil, r
	}
	from, ok := p.Status(t.Status)
	if !ok {
		// Cannot happen to a task that was created under the rules of this
		// project; the task's own key is then the best answer.
		from.Key = t.Status
	}
	to := from
	if c.Status != "" {
		if to, ok = p.Status(c.Status); !ok {
			return nil, unknownStatus(p, c.Status)
		}
	}
	if c.SeenStatus != "" {
		seen := c.SeenStatus
		if s, ok := p.Status(seen); ok {
			seen = s.Key
		}
		wanted := to.Key
		if c.Status == "" {
			// The actor wants a place within the status it saw.
			wanted = seen
		}
		var overtaken meanwhile
		guard(&overtaken, "status", &seen, from.Key, wanted)
		if r := overtaken.rejection(); r != nil {
			return nil, r
		}
	}
	rank := c.Rank
	switch {
	case rank != "":
	case to.Key == from.Key:
		rank = t.Rank
	default:
		rank = RankAtEnd(a.now)
	}
	if to.Key == from.Key && rank == t.Rank {
		return nil, nil
	}
	return []events.Event{events.TaskMoved{
		Status: events.Changed[string]{From: from.Key, To: to.Key},
		Rank:   events.Changed[string]{From: t.Rank, To: rank},
	}}, nil
}

func unknownStatus(p Project, key string) *Rejection {
	keys := make([]string, len(p.Statuses))
	for i, s := range p.Statuses {
		keys[i] = s.Key
	}
	return rejectField(CodeUnknownStatus, "status", "The board has no status %q. Its statuses are %s.", key, strings.Join(keys, ", "))
}
