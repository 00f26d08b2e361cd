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
	Position string `header:"Docket-Position" doc:"The place in the log this answer rests on."`
	ETag     string `header:"ETag" doc:"The task's revision."`
	Change   string `header:"Docket-Change" doc:"The last revision that this request made of the task: send it to undo. Absent if it changed nothing."`
	Location string `header:"Location" doc:"Where the task is, if it was created."`
	Body     Task
}

// ofTask is the input of requests about one task.
type OfTask struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The task."`
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
	Status   []string        `query:"status,explode" maxItems:"20" doc:"In one of these statuses; may be given several times."`
	Open     bool            `query:"open" doc:"Leave out what is in a status of category done."`
	Assignee string          `query:"assignee" maxLength:"64" doc:"Assigned to this account, to me, or to none."`
	Label    []string        `query:"label,explode" maxItems:"20" doc:"With all of these labels; may be given several times."`
	Due      events.Date     `query:"due" format:"date" doc:"Due on this day."`
	DueFrom  events.Date     `query:"due_from" format:"date" doc:"Due on this day or later."`
	DueTo    events.Date     `query:"due_to" format:"date" doc:"Due on this day or earlier."`
	Priority events.Priority `query:"priority" enum:"none,low,medium,high,urgent" doc:"Of this priority."`
	Number   int64           `query:"number" minimum:"1" doc:"With this number, of which each project has one at most."`
	Text     string          `query:"text" maxLength:"200" doc:"With each of these words in title or description."`
	Deleted  bool            `query:"deleted" doc:"In the trash, instead of not."`
	Sort     string          `query:"sort" enum:"number,-number,rank,-rank,created,-created,updated,-updated,due,-due,priority,-priority,title,-title" doc:"The order; - for descending."`
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
			return filter, problem.Wrong(problem.InQuery, "assignee", problem.Malformed, "must be the id of an account, me, or none")
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
	Description string          `json:"description,omitempty" maxLength:"65536" doc:"At most 65,536 bytes. <@id> names the account with that id; a member is told."`
	Status      string          `json:"status,omitempty" maxLength:"32" doc:"The board's first if left out."`
	Rank        string          `json:"rank,omitempty" maxLength:"128" doc:"The end of its status if left out."`
	Priority    events.Priority `json:"priority,omitempty" enum:"none,low,medium,high,urgent"`
	Due         events.Date     `json:"due,omitempty" format:"date"`
	Labels      []string        `json:"labels,omitempty" maxItems:"20" doc:"At most 50 characters each."`
	Assignees   []uuid.UUID     `json:"assignees,omitempty" maxItems:"50" format:"uuid" doc:"Members of the project."`
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
	Account uuid.UUID `path:"account" format:"uuid" doc:"The account."`
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
