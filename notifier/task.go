package notifier

import (
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// task is the part of a task that the rules and the mail need.
type task struct {
	project    uuid.UUID
	title      string
	creator    uuid.UUID
	assignees  []uuid.UUID
	commenters []uuid.UUID // all who ever commented, in order of their first comment
}

// apply folds an event that the task's chain accepted.
func (t *task) apply(actor uuid.UUID, event events.Event) {
	switch e := event.(type) {
	case events.TaskCreated:
		t.project, t.title, t.creator, t.assignees = e.Project, e.Title, actor, e.Assignees
	case events.TaskEdited:
		if e.Title != nil {
			t.title = e.Title.To
		}
	case events.TaskAssigned:
		t.assignees = with(t.assignees, e.Accounts...)
	case events.TaskUnassigned:
		t.assignees = without(t.assignees, e.Accounts)
	case events.CommentAdded:
		t.commenters = with(t.commenters, actor)
	}
}
