package events

import (
	"time"

	"github.com/google/uuid"
)

// The task events.
const (
	TypeTaskCreated     Type = "task_created"
	TypeTaskEdited      Type = "task_edited"
	TypeTaskMoved       Type = "task_moved"
	TypeTaskAssigned    Type = "task_assigned"
	TypeTaskUnassigned  Type = "task_unassigned"
	TypeTaskDeleted     Type = "task_deleted"
	TypeTaskRestored    Type = "task_restored"
	TypeCommentAdded    Type = "comment_added"
	TypeCommentEdited   Type = "comment_edited"
	TypeCommentDeleted  Type = "comment_deleted"
	TypeCommentRestored Type = "comment_restored"
)

// Priority is the importance of a task.
type Priority string

// The priorities, from least to most important.
const (
	PriorityNone   Priority = "none"
	PriorityLow    Priority = "low"
	PriorityMedium Priority = "medium"
	PriorityHigh   Priority = "high"
	PriorityUrgent Priority = "urgent"
)

// Priorities lists all priorities from least to most important.
var Priorities = []Priority{PriorityNone, PriorityLow, PriorityMedium, PriorityHigh, PriorityUrgent}

// Weight returns the priority's index in [Priorities], 0 for none, or -1 for an
// unknown priority.
func (p Priority) Weight() int {
	for i, known := range Priorities {
		if p == known {
			return i
		}
	}
	return -1
}

// Date is a calendar day, 2006-01-02, or empty for none. It has no time zone: a
// task is due on that day wherever its readers are.
type Date string

// TaskCreated creates a task. Rank is its place within its status: ranks are
// compared as bytes, and another rank always fits between two.
type TaskCreated struct {
	Project     uuid.UUID   `json:"project"`
	Title       string      `json:"title"`
	Description string      `json:"description,omitempty"`
	Status      string      `json:"status"`
	Rank        string      `json:"rank"`
	Priority    Priority    `json:"priority"`
	Due         Date        `json:"due,omitempty"`
	Labels      []string    `json:"labels,omitempty"`
	Assignees   []uuid.UUID `json:"assignees,omitempty"`
}

// Changed holds a field's value before and after a change.
type Changed[T any] struct {
	From T `json:"from"`
	To   T `json:"to"`
}

// TaskEdited changes the fields that are not nil and no others. One edit of
// several fields is one event.
type TaskEdited struct {
	Title       *Changed[string]   `json:"title,omitempty"`
	Description *Changed[string]   `json:"description,omitempty"`
	Priority    *Changed[Priority] `json:"priority,omitempty"`
	Due         *Changed[Date]     `json:"due,omitempty"`
	Labels      *Changed[[]string] `json:"labels,omitempty"`
}

// TaskMoved moves the task on the board: to another status, or to another place
// within its status, in which case From and To of Status are equal.
type TaskMoved struct {
	Status Changed[string] `json:"status"`
	Rank   Changed[string] `json:"rank"`
}

// TaskAssigned adds assignees to the task.
type TaskAssigned struct {
	Accounts []uuid.UUID `json:"accounts"`
}

// TaskUnassigned removes assignees from the task.
type TaskUnassigned struct {
	Accounts []uuid.UUID `json:"accounts"`
}

// TaskDeleted moves the task to the trash. No data is lost.
type TaskDeleted struct{}

// TaskRestored restores a task from the trash unchanged.
type TaskRestored struct{}

// CommentAdded adds a comment to the task. The actor is its author.
type CommentAdded struct {
	Comment uuid.UUID `json:"comment"`
	Text    string    `json:"text"`
}

// CommentEdited changes the text of a comment.
type CommentEdited struct {
	Comment uuid.UUID `json:"comment"`
	From    string    `json:"from"`
	To      string    `json:"to"`
}

// CommentDeleted deletes a comment. Text is the deleted text.
type CommentDeleted struct {
	Comment uuid.UUID `json:"comment"`
	Text    string    `json:"text"`
}

// CommentRestored restores a deleted comment unchanged: its author, its last
// text, when it was created and when it was last edited. EditedAt is zero if it
// was never edited. The actor may differ from the author.
type CommentRestored struct {
	Comment   uuid.UUID `json:"comment"`
	Author    uuid.UUID `json:"author"`
	Text      string    `json:"text"`
	CreatedAt time.Time `json:"created_at"`
	EditedAt  time.Time `json:"edited_at,omitzero"`
}

func (TaskCreated) EventType() Type     { return TypeTaskCreated }
func (TaskEdited) EventType() Type      { return TypeTaskEdited }
func (TaskMoved) EventType() Type       { return TypeTaskMoved }
func (TaskAssigned) EventType() Type    { return TypeTaskAssigned }
func (TaskUnassigned) EventType() Type  { return TypeTaskUnassigned }
func (TaskDeleted) EventType() Type     { return TypeTaskDeleted }
func (TaskRestored) EventType() Type    { return TypeTaskRestored }
func (CommentAdded) EventType() Type    { return TypeCommentAdded }
func (CommentEdited) EventType() Type   { return TypeCommentEdited }
func (CommentDeleted) EventType() Type  { return TypeCommentDeleted }
func (CommentRestored) EventType() Type { return TypeCommentRestored }
