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

// Priority says how much a task matters.
type Priority string

// The priorities, from least to most.
const (
	PriorityNone   Priority = "none"
	PriorityLow    Priority = "low"
	PriorityMedium Priority = "medium"
	PriorityHigh   Priority = "high"
	PriorityUrgent Priority = "urgent"
)

// Priorities lists them from least to most.
var Priorities = []Priority{PriorityNone, PriorityLow, PriorityMedium, PriorityHigh, PriorityUrgent}

// Weight is the priority's place among the priorities, 0 for none, or -1 if it
// is not one of them.
func (p Priority) Weight() int {
	for i, known := range Priorities {
		if p == known {
			return i
		}
	}
	return -1
}

// Date is a calendar day, 2006-01-02, or empty for none. It has no time zone:
// a task that is due on the third is due on everybody's third.
type Date string

// TaskCreated begins a task. Rank is its place within its status: ranks are
// compared as bytes, and between two there is always another.
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

// Changed is a field's value before and after.
type Changed[T any] struct {
	From T `json:"from"`
	To   T `json:"to"`
}

// TaskEdited changes the fields it names and no others. One edit of several
// fields is one event.
type TaskEdited struct {
	Title       *Changed[string]   `json:"title,omitempty"`
	Description *Changed[string]   `json:"description,omitempty"`
	Priority    *Changed[Priority] `json:"priority,omitempty"`
	Due         *Changed[Date]     `json:"due,omitempty"`
	Labels      *Changed[[]string] `json:"labels,omitempty"`
}

// TaskMoved puts the task elsewhere on the board: to another status, or to
// another place within its own, where From and To of Status are equal.
type TaskMoved struct {
	Status Changed[string] `json:"status"`
	Rank   Changed[string] `json:"rank"`
}

// TaskAssigned adds people to those who are to do the task.
type TaskAssigned struct {
	Accounts []uuid.UUID `json:"accounts"`
}

// TaskUnassigned takes people from those who are to do the task.
type TaskUnassigned struct {
	Accounts []uuid.UUID `json:"accounts"`
}

// TaskDeleted puts the task in the trash. Nothing of it is lost.
type TaskDeleted struct{}

// TaskRestored takes it out again, as it was.
type TaskRestored struct{}

// CommentAdded says something about the task. The actor is its author.
type CommentAdded struct {
	Comment uuid.UUID `json:"comment"`
	Text    string    `json:"text"`
}

// CommentEdited changes what was said.
type CommentEdited struct {
	Comment uuid.UUID `json:"comment"`
	From    string    `json:"from"`
	To      string    `json:"to"`
}

// CommentDeleted takes a comment off the task; Text is what it said.
type CommentDeleted struct {
	Comment uuid.UUID `json:"comment"`
	Text    string    `json:"text"`
}

// CommentRestored puts a deleted comment back, as it was: whose it is, what it
// said last, when it was said and, unless it was never edited, when it was
// edited last. The actor may be somebody else than the author.
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
