package commands

import (
	"slices"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// Task is a task folded from its events. A value is never changed after it was
// returned.
type Task struct {
	Head        events.Head
	ID          uuid.UUID
	Project     uuid.UUID
	Title       string
	Description string
	// Status is the key of the status that the task was last moved to. The
	// project may have retired it since; see [Project.Status].
	Status    string
	Rank      string
	Priority  events.Priority
	Due       events.Date
	Labels    []string
	Assignees []uuid.UUID
	Comments  []Comment
	CreatedAt time.Time
	CreatedBy uuid.UUID
	UpdatedAt time.Time
	// DeletedAt is when the task was moved to the trash, zero if it is not
	// there.
	DeletedAt time.Time
}

// Comment is a comment on a task. A deleted comment keeps its last text.
type Comment struct {
	ID        uuid.UUID
	Author    uuid.UUID
	Text      string
	CreatedAt time.Time
	EditedAt  time.Time
	Deleted   bool
}

// Exists reports whether the task was ever created.
func (t Task) Exists() bool { return t.Head.Revision > 0 }

// Deleted reports whether the task is in the trash.
func (t Task) Deleted() bool { return !t.DeletedAt.IsZero() }

// Comment returns the comment with the given id, unless it was deleted.
func (t Task) Comment(id uuid.UUID) (Comment, bool) {
	if i := t.comment(id); i >= 0 && !t.Comments[i].Deleted {
		return t.Comments[i], true
	}
	return Comment{}, false
}

// CommentCount returns the number of comments that are not deleted.
func (t Task) CommentCount() int {
	n := 0
	for i := range t.Comments {
		if !t.Comments[i].Deleted {
			n++
		}
	}
	return n
}

func (t Task) comment(id uuid.UUID) int {
	return slices.IndexFunc(t.Comments, func(c Comment) bool { return c.ID == id })
}

// Apply folds one accepted event into the task.
func (t Task) Apply(e *events.Envelope, event events.Event) Task {
	t.Head = t.Head.After(e)
	t.UpdatedAt = e.Time
	switch event := event.(type) {
	case events.TaskCreated:
		t.ID = e.Aggregate.ID
		t.Project = event.Project
		t.Title, t.Description = event.Title, event.Description
		t.Status, t.Rank = event.Status, event.Rank
		t.Priority, t.Due = event.Priority, event.Due
		t.Labels, t.Assignees = event.Labels, event.Assignees
		t.CreatedAt, t.CreatedBy = e.Time, e.Actor
	case events.TaskEdited:
		set(&t.Title, event.Title)
		set(&t.Description, event.Description)
		set(&t.Priority, event.Priority)
		set(&t.Due, event.Due)
		set(&t.Labels, event.Labels)
	case events.TaskMoved:
		t.Status, t.Rank = event.Status.To, event.Rank.To
	case events.TaskAssigned:
		t.Assignees = append(slices.Clone(t.Assignees), event.Accounts...)
	case events.TaskUnassigned:
		t.Assignees = slices.DeleteFunc(slices.Clone(t.Assignees), func(id uuid.UUID) bool {
			return slices.Contains(event.Accounts, id)
		})
	case events.TaskDeleted:
		t.DeletedAt = e.Time
	case events.TaskRestored:
		t.DeletedAt = time.Time{}
	case events.CommentAdded:
		t.Comments = append(slices.Clone(t.Comments), Comment{
			ID: event.Comment, Author: e.Actor, Text: event.Text, CreatedAt: e.Time,
		})
	case events.CommentEdited:
		t.Comments = slices.Clone(t.Comments)
		if i := t.comment(event.Comment); i >= 0 {
			t.Comments[i].Text, t.Comments[i].EditedAt = event.To, e.Time
		}
	case events.CommentDeleted:
		t.Comments = slices.Clone(t.Comments)
		if i := t.comment(event.Comment); i >= 0 {
			t.Comments[i].Deleted = true
		}
	case events.CommentRestored:
		t.Comments = slices.Clone(t.Comments)
		if i := t.comment(event.Comment); i >= 0 {
			t.Comments[i] = Comment{
				ID: event.Comment, Author: event.Author, Text: event.Text, CreatedAt: event.CreatedAt, EditedAt: event.EditedAt,
			}
		}
	}
	return t
}

func set[T any](field *T, change *events.Changed[T]) {
	if change != nil {
		*field = change.To
	}
}

// mayChange rejects an actor who may not change the task, and any change of a
// task in the trash.
func (t Task) mayChange(a asking, p Project) *Rejection {
	if !t.Exists() {
		return reject(CodeNotFound, "The task does not exist or you have no access to it.")
	}
	if r := p.mayWrite(a.actor, "task"); r != nil {
		return r
	}
	if t.Deleted() {
		return reject(CodeDeleted, "The task is in the trash. Restore it first.")
	}
	return nil
}

// membersOnly rejects accounts that are not members of the project.
func membersOnly(p Project, field string, accounts []uuid.UUID) *Rejection {
	for _, id := range accounts {
		if p.Role(id) == "" {
			return rejectField(CodeNotMember, field, "Account %s is not a member of the project. Add it first.", id)
		}
	}
	return nil
}
