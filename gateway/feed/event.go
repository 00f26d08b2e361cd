package feed

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// Event is one event as subscribers receive it.
type Event struct {
	Position events.Position
	// JSON is a [Body] on one line, encoded once for all subscribers.
	JSON []byte
}

// Body is the JSON form of an event for clients. Fields that do not apply are
// omitted.
type Body struct {
	ID       uuid.UUID   `json:"id" doc:"The event's ID."`
	Type     events.Type `json:"type" doc:"The event type, such as task_moved."`
	Project  *uuid.UUID  `json:"project_id,omitempty" doc:"The project whose members can see the event; absent for account events."`
	Task     *uuid.UUID  `json:"task_id,omitempty" doc:"The task that changed."`
	Person   *uuid.UUID  `json:"account_id,omitempty" doc:"The account that the event is about: a member, or the account itself."`
	Comment  *uuid.UUID  `json:"comment_id,omitempty" doc:"The comment that the event is about."`
	Revision uint64      `json:"revision" doc:"The revision of the task, project or account that the event created."`
	At       time.Time   `json:"at" doc:"When the change was made."`
	Actor    uuid.UUID   `json:"actor" doc:"The account that made the change."`
	Changes  []Change    `json:"changes" doc:"Each changed field with its value before and after."`
	Position string      `json:"position" doc:"The log position of the event. Send it as Last-Event-ID to resume after it."`
}

// Change is the value of one field before and after an event.
type Change struct {
	Field string `json:"field"`
	From  any    `json:"from" doc:"The value before; null for none."`
	To    any    `json:"to" doc:"The value after; null for none."`
}

// told encodes the event's body.
func told(e *events.Envelope, event events.Event) ([]byte, error) {
	b := Body{
		ID: e.ID, Type: e.Type, Project: optional(e.Project), Person: optional(events.Concerns(event)),
		Comment: optional(commentOf(event)), Revision: e.Revision, At: e.Time, Actor: e.Actor,
		Changes: []Change{}, Position: e.Position.String(),
	}
	switch e.Aggregate.Kind {
	case events.KindTask:
		b.Task = &e.Aggregate.ID
	case events.KindAccount:
		b.Person = &e.Aggregate.ID
	}
	for _, d := range events.Differences(event) {
		b.Changes = append(b.Changes, Change(d))
	}
	return json.Marshal(b)
}

func commentOf(event events.Event) uuid.UUID {
	switch event := event.(type) {
	case events.CommentAdded:
		return event.Comment
	case events.CommentEdited:
		return event.Comment
	case events.CommentDeleted:
		return event.Comment
	case events.CommentRestored:
		return event.Comment
	}
	return uuid.Nil
}

func optional(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
