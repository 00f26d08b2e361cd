package commands

import (
	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// DeleteTask moves the task to the trash. If it is there already, nothing
// changes.
type DeleteTask struct {
	ofTask
	Task uuid.UUID
}

func (c DeleteTask) Target() events.Aggregate { return events.Task(c.Task) }

func (c DeleteTask) check(*problems) {}

func (c DeleteTask) decide(a asking, p Project, t Task) ([]events.Event, error) {
	return trash(a, p, t, true, events.TaskDeleted{})
}

// RestoreTask restores the task from the trash, unchanged.
type RestoreTask struct {
	ofTask
	Task uuid.UUID
}

func (c RestoreTask) Target() events.Aggregate { return events.Task(c.Task) }

func (c RestoreTask) check(*problems) {}

func (c RestoreTask) decide(a asking, p Project, t Task) ([]events.Event, error) {
	return trash(a, p, t, false, events.TaskRestored{})
}

func trash(a asking, p Project, t Task, deleted bool, event events.Event) ([]events.Event, error) {
	if !t.Exists() {
		return nil, reject(CodeNotFound, "The task does not exist or you have no access to it.")
	}
	if r := p.mayWrite(a.actor, "task"); r != nil {
		return nil, r
	}
	if t.Deleted() == deleted {
		return nil, nil
	}
	return []events.Event{event}, nil
}
