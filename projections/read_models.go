package projections

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/fold"
)

// Project is a project as one of its members sees it.
type Project struct {
	ID       uuid.UUID
	Name     string
	Archived bool
	// Statuses are the columns of the board, in order. Retired names, for each
	// status that was taken off the board, the one that took its tasks.
	Statuses []events.Status
	Retired  map[string]string
	// Members are in the order in which they joined.
	Members []Member
	// Role is the caller's own.
	Role events.Role
	// Counts says how many tasks stand in each status, those in the trash left
	// out. A status without tasks is absent.
	Counts    map[string]int
	Revision  uint64
	CreatedAt time.Time
	CreatedBy uuid.UUID
	UpdatedAt time.Time
}

// Member is an account that may see a project, as it is folded.
type Member = fold.Member

// Task is a task as a member of its project sees it.
type Task struct {
	ID      uuid.UUID
	Project uuid.UUID
	// Number is the task's place among all tasks ever created in its project,
	// from 1. It never changes.
	Number      int64
	Title       string
	Description string
	// Status is one of the project's statuses: where the task's own was
	// retired, the one that took its place.
	Status   string
	Priority events.Priority
	Due      events.Date
	Labels   []string
	// Assignees are those of the assigned who are members now.
	Assignees []uuid.UUID
	Rank      string
	Revision  uint64
	CreatedAt time.Time
	CreatedBy uuid.UUID
	// UpdatedAt is the time of the task's last event, comments included.
	UpdatedAt time.Time
	// DeletedAt is when the task was put in the trash, nil if it is not there.
	DeletedAt    *time.Time
	CommentCount int
}

// Comment is what somebody said about a task.
type Comment struct {
	ID        uuid.UUID
	Task      uuid.UUID
	Author    uuid.UUID
	Text      string
	CreatedAt time.Time
	// EditedAt is nil for a comment that still says what it said at first.
	EditedAt *time.Time
}

// Board is a project with its tasks laid out.
type Board struct {
	Project Project
	Columns []Column
}

// Column is one status of a board with its tasks in rank order. The tasks have
// no Description: a board of thousands of cards shows none of them.
type Column struct {
	Status events.Status
	Tasks  []Task
}

// Entry is one event in the history of a task or a project.
type Entry struct {
	Event     uuid.UUID
	Aggregate events.Aggregate
	Revision  uint64
	Position  events.Position
	At        time.Time
	Actor     uuid.UUID
	Type      events.Type
	// Concerns is the account a membership event is about, or the zero id.
	Concerns uuid.UUID
	// Differences is the JSON of what [events.Differences] tells of the event,
	// [] where it tells nothing.
	Differences json.RawMessage
}

// AccountRow is what the log knows of a person: nothing personal.
type AccountRow struct {
	ID            uuid.UUID
	Administrator bool
	Registered    time.Time
	// Erased is when the person's data was erased, nil if it was not.
	Erased *time.Time
}

// TaskFilter says which tasks are wanted; all its conditions hold together. The
// zero TaskFilter wants every task that is not in the trash.
type TaskFilter struct {
	// Statuses wants tasks in one of these. A retired status stands for the
	// one that took its place.
	Statuses []string
	// Open leaves out tasks in a status of category done.
	Open bool
	// Assignee wants tasks this account is assigned to, if not zero.
	Assignee uuid.UUID
	// Unassigned wants tasks that no present member is assigned to.
	Unassigned bool
	// Labels wants tasks that carry all of these.
	Labels []string
	// DueFrom and DueTo bound the due date, both inclusive; a task without one
	// is then left out.
	DueFrom, DueTo events.Date
	// Priority wants tasks of exactly this one, if not empty.
	Priority events.Priority
	// Number wants tasks of this number, of which a project has one at most; 0
	// stands for any.
	Number int64
	// Text wants tasks in whose title or description each of its words occurs,
	// in upper or lower case, also within a longer word.
	Text string
	// Deleted wants the tasks in the trash instead of the others.
	Deleted bool
}

// LabelCount is a label and how many tasks carry it, those in the trash left
// out.
type LabelCount struct {
	Label string
	Tasks int
}

// Page says which part of a list is wanted, and in which order.
type Page struct {
	// Limit is the largest number of items; 0 stands for [DefaultLimit], and
	// more than [MaxLimit] for MaxLimit.
	Limit int
	// Cursor is what the page before gave as next, or empty for the first page.
	// It belongs to one order: with another Sort it is [ErrCursor].
	Cursor string
	// Sort names the order, with a leading - for descending. Tasks: number,
	// rank, created, updated, due, priority, title. Projects: name, created,
	// updated. Comments: created. History: position. Anything else is [ErrSort].
	// Tasks without a due date come last either way.
	Sort string
}

// The sizes of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)
