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
	// Statuses are the columns of the board, in order. Retired maps each status
	// that was removed from the board to the status that received its tasks.
	Statuses []events.Status
	Retired  map[string]string
	// Members are in the order in which they joined.
	Members []Member
	// Role is the caller's own.
	Role events.Role
	// Counts is the number of tasks in each status, without those in the trash.
	// A status without tasks is absent.
	Counts    map[string]int
	Revision  uint64
	CreatedAt time.Time
	CreatedBy uuid.UUID
	UpdatedAt time.Time
}

// Member is an account with access to a project, as it is folded.
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
	// Status is one of the project's statuses. If the task's own status was
	// retired, it is the one that replaced it.
	Status   string
	Priority events.Priority
	Due      events.Date
	Labels   []string
	// Assignees are the assigned accounts that are members now.
	Assignees []uuid.UUID
	Rank      string
	Revision  uint64
	CreatedAt time.Time
	CreatedBy uuid.UUID
	// UpdatedAt is the time of the task's last event, comments included.
	UpdatedAt time.Time
	// DeletedAt is when the task was moved to the trash, nil if it is not
	// there.
	DeletedAt    *time.Time
	CommentCount int
}

// Comment is a comment on a task.
type Comment struct {
	ID        uuid.UUID
	Task      uuid.UUID
	Author    uuid.UUID
	Text      string
	CreatedAt time.Time
	// EditedAt is nil for a comment that was never edited.
	EditedAt *time.Time
}

// Board is a project with its tasks by column.
type Board struct {
	Project Project
	Columns []Column
}

// Column is one status of a board with its tasks in rank order. The tasks have
// no Description, because a board does not show it.
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
	// Differences is the JSON of what [events.Differences] returns for the
	// event, [] if that is empty.
	Differences json.RawMessage
}

// AccountRow is an account as the log knows it: without personal data.
type AccountRow struct {
	ID            uuid.UUID
	Administrator bool
	Registered    time.Time
	// Erased is when the person's data was erased, nil if it was not.
	Erased *time.Time
}

// TaskFilter selects tasks; all its conditions must hold. The zero TaskFilter
// selects every task that is not in the trash.
type TaskFilter struct {
	// Statuses selects tasks in one of these. A retired status means the one
	// that replaced it.
	Statuses []string
	// Open excludes tasks in a status of category done.
	Open bool
	// Assignee, if not zero, selects tasks this account is assigned to.
	Assignee uuid.UUID
	// Unassigned selects tasks that no current member is assigned to.
	Unassigned bool
	// Labels selects tasks that carry all of these.
	Labels []string
	// DueFrom and DueTo bound the due date, both inclusive; tasks without one
	// are then excluded.
	DueFrom, DueTo events.Date
	// Priority, if not empty, selects tasks of exactly this priority.
	Priority events.Priority
	// Number selects tasks with this number, at most one per project; 0 means
	// any.
	Number int64
	// Text selects tasks whose title or description contains each of its words,
	// ignoring case, also within longer words.
	Text string
	// Deleted selects the tasks in the trash instead of the others.
	Deleted bool
}

// LabelCount is a label and the number of tasks that carry it, without those in
// the trash.
type LabelCount struct {
	Label string
	Tasks int
}

// Page selects a part of a list, and its order.
type Page struct {
	// Limit is the maximum number of items; 0 means [DefaultLimit], and more
	// than [MaxLimit] means MaxLimit.
	Limit int
	// Cursor is the next cursor of the previous page, or empty for the first
	// page. It belongs to one order: with another Sort it is [ErrCursor].
	Cursor string
	// Sort names the order, with a leading - for descending. Tasks: number,
	// rank, created, updated, due, priority, title. Projects: name, created,
	// updated. Comments: created. History: position. Anything else is [ErrSort].
	// Tasks without a due date come last either way.
	Sort string
}

// Page sizes.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)
