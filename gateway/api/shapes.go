package api

import (
	"encoding/json"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

// Task is a task.
type Task struct {
	ID          uuid.UUID       `json:"id" format:"uuid"`
	ProjectID   uuid.UUID       `json:"project_id" format:"uuid"`
	Number      *int64          `json:"number" doc:"The task's number within its project, from 1. Null in the response to a write if the database is too far behind the log to know it."`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Status      string          `json:"status" doc:"The key of one of the project's statuses."`
	Priority    events.Priority `json:"priority" enum:"none,low,medium,high,urgent"`
	Due         *string         `json:"due" format:"date" doc:"A calendar day; null for none."`
	Labels      []string        `json:"labels" nullable:"false"`
	Assignees   []uuid.UUID     `json:"assignees" nullable:"false" format:"uuid" doc:"Account IDs. Former members are omitted."`
	Comments    int             `json:"comments" doc:"The number of comments."`
	Rank        string          `json:"rank" doc:"The place within the status. Ranks compare as bytes."`
	Revision    uint64          `json:"revision" doc:"Increases with every change; the value of ETag."`
	CreatedAt   time.Time       `json:"created_at"`
	CreatedBy   uuid.UUID       `json:"created_by" format:"uuid"`
	UpdatedAt   time.Time       `json:"updated_at" doc:"When the task or one of its comments last changed."`
	DeletedAt   *time.Time      `json:"deleted_at,omitempty" doc:"When the task was moved to the trash; absent if it is not in the trash."`
}

// taskOfRow converts a task from the rows.
func taskOfRow(t projections.Task) Task {
	return Task{
		ID: t.ID, ProjectID: t.Project, Number: &t.Number, Title: t.Title, Description: t.Description,
		Status: t.Status, Priority: t.Priority, Due: due(t.Due), Labels: filled(t.Labels), Assignees: filled(t.Assignees),
		Comments: t.CommentCount, Rank: t.Rank, Revision: t.Revision, CreatedAt: t.CreatedAt.UTC(), CreatedBy: t.CreatedBy,
		UpdatedAt: t.UpdatedAt.UTC(), DeletedAt: utc(t.DeletedAt),
	}
}

// taskOfFold converts a task as a command left it, to the same format.
func taskOfFold(t commands.Task, p commands.Project, number *int64) Task {
	status := t.Status
	if s, ok := p.Status(t.Status); ok {
		status = s.Key
	}
	assignees := make([]uuid.UUID, 0, len(t.Assignees))
	for _, id := range t.Assignees {
		if p.Role(id) != "" {
			assignees = append(assignees, id)
		}
	}
	shaped := Task{
		ID: t.ID, ProjectID: t.Project, Number: number, Title: t.Title, Description: t.Description,
		Status: status, Priority: t.Priority, Due: due(t.Due), Labels: filled(t.Labels), Assignees: assignees,
		Comments: t.CommentCount(), Rank: t.Rank, Revision: t.Head.Revision, CreatedAt: t.CreatedAt, CreatedBy: t.CreatedBy, UpdatedAt: t.UpdatedAt,
	}
	if t.Deleted() {
		shaped.DeletedAt = &t.DeletedAt
	}
	return shaped
}

// Project is a project as one of its members sees it.
type Project struct {
	ID        uuid.UUID       `json:"id" format:"uuid"`
	Name      string          `json:"name"`
	Archived  bool            `json:"archived"`
	Role      events.Role     `json:"role" enum:"owner,member,viewer" doc:"The caller's role."`
	Statuses  []events.Status `json:"statuses" nullable:"false" doc:"The columns of the board, in order."`
	Members   []Membership    `json:"members" nullable:"false" doc:"In the order in which they joined. See /members for their names."`
	Counts    map[string]int  `json:"counts,omitempty" doc:"The number of tasks in each status. Only in responses to reads."`
	Revision  uint64          `json:"revision" doc:"Increases with every change; the value of ETag."`
	CreatedAt time.Time       `json:"created_at"`
	CreatedBy uuid.UUID       `json:"created_by" format:"uuid"`
	UpdatedAt time.Time       `json:"updated_at"`
}

// Membership is an account and its role in a project.
type Membership struct {
	Account uuid.UUID   `json:"account" format:"uuid"`
	Role    events.Role `json:"role" enum:"owner,member,viewer"`
	Since   time.Time   `json:"since"`
}

func projectOfRow(p projections.Project) Project {
	shaped := Project{
		ID: p.ID, Name: p.Name, Archived: p.Archived, Role: p.Role, Statuses: filled(p.Statuses),
		Members: make([]Membership, len(p.Members)), Counts: p.Counts, Revision: p.Revision,
		CreatedAt: p.CreatedAt.UTC(), CreatedBy: p.CreatedBy, UpdatedAt: p.UpdatedAt.UTC(),
	}
	for i, m := range p.Members {
		shaped.Members[i] = Membership{m.Account, m.Role, m.Since.UTC()}
	}
	return shaped
}

func projectOfFold(p commands.Project, caller uuid.UUID) Project {
	shaped := Project{
		ID: p.ID, Name: p.Name, Archived: p.Archived, Role: p.Role(caller), Statuses: filled(p.Statuses),
		Members: make([]Membership, len(p.Members)), Revision: p.Head.Revision,
		CreatedAt: p.CreatedAt, CreatedBy: p.CreatedBy, UpdatedAt: p.UpdatedAt,
	}
	for i, m := range p.Members {
		shaped.Members[i] = Membership(m)
	}
	return shaped
}

// Comment is a comment on a task.
type Comment struct {
	ID        uuid.UUID  `json:"id" format:"uuid"`
	TaskID    uuid.UUID  `json:"task_id" format:"uuid"`
	Author    uuid.UUID  `json:"author" format:"uuid"`
	Text      string     `json:"text"`
	CreatedAt time.Time  `json:"created_at"`
	EditedAt  *time.Time `json:"edited_at" doc:"Null if the comment has never been edited."`
}

func commentOfRow(c projections.Comment) Comment {
	return Comment{c.ID, c.Task, c.Author, c.Text, c.CreatedAt.UTC(), utc(c.EditedAt)}
}

func commentOfFold(task uuid.UUID, c commands.Comment) Comment {
	shaped := Comment{ID: c.ID, TaskID: task, Author: c.Author, Text: c.Text, CreatedAt: c.CreatedAt}
	if !c.EditedAt.IsZero() {
		shaped.EditedAt = &c.EditedAt
	}
	return shaped
}

// Entry is one event in a history.
type Entry struct {
	ID        uuid.UUID   `json:"id" format:"uuid" doc:"The event's ID."`
	Type      events.Type `json:"type" doc:"The event type, such as task_moved."`
	At        time.Time   `json:"at"`
	Actor     uuid.UUID   `json:"actor" format:"uuid" doc:"The account that made the change."`
	TaskID    *uuid.UUID  `json:"task_id,omitempty" format:"uuid" doc:"The task that changed, if any."`
	AccountID *uuid.UUID  `json:"account_id,omitempty" format:"uuid" doc:"The member that the event is about, if any."`
	Revision  uint64      `json:"revision" doc:"The revision of the task or project that the event created."`
	Position  string      `json:"position" doc:"The log position of the event."`
	Changes   Changes     `json:"changes"`
}

// Changes maps each field to its value before and after, as the rows store it.
type Changes json.RawMessage

// MarshalJSON returns the bytes unchanged.
func (c Changes) MarshalJSON() ([]byte, error) { return json.RawMessage(c).MarshalJSON() }

// Schema describes the content of the bytes.
func (c Changes) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeArray, Description: "Each changed field with its value before and after; null means none.",
		Items: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"field", "from", "to"},
			Properties: map[string]*huma.Schema{"field": {Type: huma.TypeString}, "from": {}, "to": {}},
		},
	}
}

func entryOfRow(e projections.Entry) Entry {
	shaped := Entry{
		ID: e.Event, Type: e.Type, At: e.At.UTC(), Actor: e.Actor, Revision: e.Revision,
		Position: e.Position.String(), Changes: Changes(e.Differences),
	}
	if e.Aggregate.Kind == events.KindTask {
		shaped.TaskID = &e.Aggregate.ID
	}
	if e.Concerns != uuid.Nil {
		shaped.AccountID = &e.Concerns
	}
	return shaped
}

func due(d events.Date) *string {
	if d == "" {
		return nil
	}
	s := string(d)
	return &s
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// filled returns a list that is never null.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
