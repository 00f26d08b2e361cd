package projections

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/schema"
)

var historyList = list{
	name: "history", id: "h.event", first: "position",
	orders: map[string]order{"position": {expr: "h.sequence", number: true}},
}

var commentList = list{
	name: "comments", id: "c.id", first: "created",
	orders: map[string]order{"created": {expr: "c.created_at", number: true}},
}

// visible fails with ErrNotFound unless the caller may see the task.
func (s *Snapshot) visible(ctx context.Context, caller, task uuid.UUID) error {
	var id uuid.UUID
	return s.one(ctx, []any{&id}, `select t.id from {g}tasks t
		join {g}memberships m on m.project = t.project and m.account = ? where t.id = ?`, caller, task)
}

// Comments returns the comments on a task, oldest first unless the page says
// otherwise, and the cursor of the next page, empty at the end. It fails with
// [ErrNotFound] as [Snapshot.Task] does, with [ErrSort] and with [ErrCursor].
func (s *Snapshot) Comments(ctx context.Context, caller, task uuid.UUID, p Page) (comments []Comment, next string, err error) {
	if err := s.visible(ctx, caller, task); err != nil {
		return nil, "", fmt.Errorf("comments of task %s: %w", task, err)
	}
	part, err := commentList.section(p)
	if err != nil {
		return nil, "", err
	}
	w := dialect.Where{}
	w.And("c.task = ?", task)
	part.where(&w)
	var found []keyed[Comment]
	err = s.each(ctx, func(scan func(...any) error) error {
		c := Comment{Task: task}
		var createdAt int64
		var editedAt *int64
		var key string
		if err := scan(&c.ID, &c.Author, &c.Text, &createdAt, &editedAt, &key); err != nil {
			return err
		}
		c.CreatedAt, c.EditedAt = schema.Time(createdAt), instant(editedAt)
		found = append(found, keyed[Comment]{c, key})
		return nil
	}, `select c.id, c.author, c.body, c.created_at, c.edited_at, `+part.expr+` from {g}comments c where `+w.String()+part.end(), w.Args...)
	if err != nil {
		return nil, "", fmt.Errorf("comments of task %s: %w", task, err)
	}
	comments, next = page(&part, found, func(c Comment) uuid.UUID { return c.ID })
	return comments, next, nil
}

// History returns the history of a task, oldest first unless the page says
// otherwise, and the cursor of the next page, empty at the end. It fails with
// [ErrNotFound] as [Snapshot.Task] does, with [ErrSort] and with [ErrCursor].
func (s *Snapshot) History(ctx context.Context, caller, task uuid.UUID, p Page) (entries []Entry, next string, err error) {
	if err := s.visible(ctx, caller, task); err != nil {
		return nil, "", fmt.Errorf("history of task %s: %w", task, err)
	}
	return s.entries(ctx, p, "h.id = ? and h.kind = ?", task, string(events.KindTask))
}

// ProjectHistory returns the history of a project and its tasks, in the order
// of [Snapshot.History].
func (s *Snapshot) ProjectHistory(ctx context.Context, caller, project uuid.UUID, p Page) (entries []Entry, next string, err error) {
	var id uuid.UUID
	err = s.one(ctx, []any{&id}, `select project from {g}memberships where account = ? and project = ?`, caller, project)
	if err != nil {
		return nil, "", fmt.Errorf("history of project %s: %w", project, err)
	}
	return s.entries(ctx, p, "h.project = ?", project)
}

func (s *Snapshot) entries(ctx context.Context, p Page, condition string, args ...any) (entries []Entry, next string, err error) {
	part, err := historyList.section(p)
	if err != nil {
		return nil, "", err
	}
	w := dialect.Where{}
	w.And(condition, args...)
	part.where(&w)
	var found []keyed[Entry]
	err = s.each(ctx, func(scan func(...any) error) error {
		var e Entry
		var sequence uint64
		var at int64
		var differences, key string
		if err := scan(&e.Event, &e.Aggregate.ID, (*string)(&e.Aggregate.Kind), &e.Revision, &sequence, &at, &e.Actor,
			(*string)(&e.Type), &e.Concerns, &differences, &key); err != nil {
			return err
		}
		e.Position, e.At, e.Differences = s.Position.At(sequence), schema.Time(at), json.RawMessage(differences)
		found = append(found, keyed[Entry]{e, key})
		return nil
	}, `select h.event, h.id, h.kind, h.revision, h.sequence, h.happened_at, h.actor, h.event_type, h.concerns, h.differences, `+
		part.expr+` from {g}history h where `+w.String()+part.end(), w.Args...)
	if err != nil {
		return nil, "", fmt.Errorf("history: %w", err)
	}
	entries, next = page(&part, found, func(e Entry) uuid.UUID { return e.Event })
	return entries, next, nil
}
