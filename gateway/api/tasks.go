package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/projections"
)

// TaskAnswer is the answer with one task.
type TaskAnswer struct {
	Position string `header:"Docket-Position" doc:"The log position this response reflects."`
	ETag     string `header:"ETag" doc:"The task's revision."`
	Change   string `header:"Docket-Change" doc:"The last task revision that this request created; pass it to the undo operation. Absent if nothing changed."`
	Location string `header:"Location" doc:"The URL of the task, if it was created."`
	Body     Task
}

// ofTask is the input of requests about one task.
type OfTask struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The task's ID."`
}

func (a *API) taskAnswer(ctx context.Context, o commands.Outcome) *TaskAnswer {
	return &TaskAnswer{
		Position: o.Position.String(), ETag: etag(o.Task.Head.Revision), Change: changeOf(o),
		Body: taskOfFold(o.Task, o.Project, a.service.Number(ctx, o.Task.ID, o.Position)),
	}
}

// Task returns the task of an outcome, in the format of the interface.
func (a *API) Task(ctx context.Context, o commands.Outcome) Task { return a.taskAnswer(ctx, o).Body }

func (a *API) task(ctx context.Context, in *struct {
	OfTask
	Reading
	Conditional
}) (*TaskAnswer, error) {
	t, position, err := a.service.Task(ctx, in.at(), in.ID)
	if err != nil {
		return nil, err
	}
	tag := etag(t.Revision)
	if in.matches(tag) {
		return nil, &unchanged{tag, position}
	}
	return &TaskAnswer{Position: position.String(), ETag: tag, Body: taskOfRow(t)}, nil
}

// Filter selects the tasks of a list.
type Filter struct {
	Status   []string        `query:"status,explode" maxItems:"20" doc:"Only tasks in one of these statuses. Can be repeated."`
	Open     bool            `query:"open" doc:"Exclude tasks in statuses of the category done."`
	Assignee string          `query:"assignee" maxLength:"64" doc:"Only tasks assigned to this account ID, to the caller (me), or to no one (none)."`
	Label    []string        `query:"label,explode" maxItems:"20" doc:"Only tasks with all of these labels. Can be repeated."`
	Due      events.Date     `query:"due" format:"date" doc:"Only tasks due on this day. Cannot be combined with due_from or due_to."`
	DueFrom  events.Date     `query:"due_from" format:"date" doc:"Only tasks due on this day or later."`
	DueTo    events.Date     `query:"due_to" format:"date" doc:"Only tasks due on this day or earlier."`
	Priority events.Priority `query:"priority" enum:"none,low,medium,high,urgent" doc:"Only tasks with this priority."`
	Number   int64           `query:"number" minimum:"1" doc:"Only tasks with this number, which is unique within a project."`
	Text     string          `query:"text" maxLength:"200" doc:"Only tasks with each of these words in the title or description."`
	Deleted  bool            `query:"deleted" doc:"List only tasks in the trash, which are otherwise excluded."`
	Sort     string          `query:"sort" enum:"number,-number,rank,-rank,created,-created,updated,-updated,due,-due,priority,-priority,title,-title" doc:"The sort order; - means descending."`
}

func (f Filter) filter(caller uuid.UUID) (projections.TaskFilter, error) {
	filter := projections.TaskFilter{
		Statuses: f.Status, Open: f.Open, Labels: f.Label, DueFrom: f.DueFrom, DueTo: f.DueTo,
		Priority: f.Priority, Number: f.Number, Text: f.Text, Deleted: f.Deleted,
	}
	if f.Due != "" {
		if f.DueFrom != "" || f.DueTo != "" {
			return filter, problem.Wrong(problem.InQuery, "due", problem.Misplaced, "cannot be combined with due_from or due_to")
		}
		filter.DueFrom, filter.DueTo = f.Due, f.Due
	}
	switch f.Assignee {
	case "":
	case "me":
		filter.Assignee = caller
	case "none":
		filter.Unassigned = true
	default:
		id, err := uuid.Parse(f.Assignee)
		if err != nil {
			return filter, problem.Wrong(problem.InQuery, "assignee", problem.Malformed, "must be an account ID, me, or none")
		}
		filter.Assignee = id
	}
	return filter, nil
}

func (a *API) tasks(ctx context.Context, in *struct {
	OfProject
	Filter
	Paging
	Reading
}) (*Listed[Task], error) {
	caller := access.From(ctx).Account
	filter, err := in.filter(caller)
	if err != nil {
		return nil, err
	}
	p, position, err := service.ReadOfProject(ctx, a.service, in.at(), in.ID, func(ctx context.Context, s *projections.Snapshot) (p page[projections.Task], err error) {
		p.rows, p.next, err = s.Tasks(ctx, caller, in.ID, filter, in.page(in.Sort))
		return p, err
	})
	if err != nil {
		return nil, err
	}
	return listed(p.rows, p.next, position, taskOfRow), nil
}

func (a *API) myTasks(ctx context.Context, in *struct {
	Filter
	Paging
	Reading
}) (*Listed[Task], error) {
	return a.tasksOfMany(ctx, in.Filter, in.Paging, in.Reading, (*projections.Snapshot).MyTasks)
}

func (a *API) allTasks(ctx context.Context, in *struct {
	Filter
	Paging
	Reading
}) (*Listed[Task], error) {
	return a.tasksOfMany(ctx, in.Filter, in.Paging, in.Reading, (*projections.Snapshot).AllTasks)
}

// tasksOfMany returns a list of tasks across all projects of the caller.
func (a *API) tasksOfMany(ctx context.Context, f Filter, paging Paging, in Reading,
	ask func(*projections.Snapshot, context.Context, uuid.UUID, projections.TaskFilter, projections.Page) ([]projections.Task, string, error),
) (*Listed[Task], error) {
	caller := access.From(ctx).Account
	filter, err := f.filter(caller)
	if err != nil {
		return nil, err
	}
	p, position, err := service.Read(ctx, a.service, in.at(), func(ctx context.Context, s *projections.Snapshot) (p page[projections.Task], err error) {
		p.rows, p.next, err = ask(s, ctx, caller, filter, paging.page(f.Sort))
		return p, err
	})
	if err != nil {
		return nil, err
	}
	p.rows = a.service.ReadableTasks(ctx, p.rows)
	return listed(p.rows, p.next, position, taskOfRow), nil
}

// NewTask is a task to create.
type NewTask struct {
	Title       string          `json:"title" maxLength:"200"`
	Description string          `json:"description,omitempty" maxLength:"65536" doc:"At most 65,536 bytes. <@id> mentions the account with that ID; members are notified."`
	Status      string          `json:"status,omitempty" maxLength:"32" doc:"Defaults to the first status of the board."`
	Rank        string          `json:"rank,omitempty" maxLength:"128" doc:"The place within the status. Defaults to the end."`
	Priority    events.Priority `json:"priority,omitempty" enum:"none,low,medium,high,urgent"`
	Due         events.Date     `json:"due,omitempty" format:"date"`
	Labels      []string        `json:"labels,omitempty" maxItems:"20" doc:"At most 50 characters each."`
	Assignees   []uuid.UUID     `json:"assignees,omitempty" maxItems:"50" format:"uuid" doc:"Account IDs of members of the project."`
}

func (a *API) createTask(ctx context.Context, in *struct {
	OfProject
	Creating
	Body NewTask
}) (*TaskAnswer, error) {
	b := in.Body
	o, err := a.service.Do(ctx, commands.CreateTask{
		Task: service.NewID(ctx, "task"), Project: in.ID, Title: b.Title, Description: b.Description, Status: b.Status,
		Rank: b.Rank, Priority: b.Priority, Due: b.Due, Labels: b.Labels, Assignees: b.Assignees,
	}, in.write())
	if err != nil {
		return nil, err
	}
	answer := a.taskAnswer(ctx, o)
	answer.Location = "/api/v1/tasks/" + o.Task.ID.String()
	return answer, nil
}

func (a *API) deleteTask(ctx context.Context, in *struct {
	OfTask
	Writing
}) (*TaskAnswer, error) {
	return a.changed(ctx, commands.DeleteTask{Task: in.ID}, in.write())
}

func (a *API) restoreTask(ctx context.Context, in *struct {
	OfTask
	Writing
}) (*TaskAnswer, error) {
	return a.changed(ctx, commands.RestoreTask{Task: in.ID}, in.write())
}

// OfAssignee is the input of requests about an assignment.
type OfAssignee struct {
	OfTask
	Account uuid.UUID `path:"account" format:"uuid" doc:"The account's ID."`
}

func (a *API) assign(ctx context.Context, in *struct {
	OfAssignee
	Writing
}) (*TaskAnswer, error) {
	return a.changed(ctx, commands.AssignTask{Task: in.ID, Accounts: []uuid.UUID{in.Account}}, in.write())
}

func (a *API) unassign(ctx context.Context, in *struct {
	OfAssignee
	Writing
}) (*TaskAnswer, error) {
	return a.changed(ctx, commands.UnassignTask{Task: in.ID, Accounts: []uuid.UUID{in.Account}}, in.write())
}

// changed executes a command about a task, and answers with the task.
func (a *API) changed(ctx context.Context, command commands.Command, w service.Write) (*TaskAnswer, error) {
	o, err := a.service.Do(ctx, command, w)
	if err != nil {
		return nil, err
	}
	return a.taskAnswer(ctx, o), nil
}
