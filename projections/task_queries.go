package projections

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/schema"
)

// taskColumns are read by taskScan, from a join of tasks t and statuses s. A
// board shows no descriptions and does not read them.
const (
	taskColumnsBut  = `t.id, t.project, t.number, t.title, coalesce(s.resolved, t.status), t.priority, t.due, t.labels, t.assignees, t.board_rank, t.comments, t.revision, t.created_at, t.created_by, t.updated_at, t.deleted_at, `
	taskColumns     = taskColumnsBut + `t.description`
	taskColumnsCard = taskColumnsBut + `''`
	taskStatus      = ` left join {g}statuses s on s.project = t.project and s.status = t.status `
)

var taskList = list{
	name: "tasks", id: "t.id", first: "number",
	orders: map[string]order{
		"number":   {expr: "t.number", number: true},
		"rank":     {expr: "t.board_rank"},
		"created":  {expr: "t.created_at", number: true},
		"updated":  {expr: "t.updated_at", number: true},
		"due":      {expr: "case when t.due = '' then '9999-99-99' else t.due end", reverse: "t.due"},
		"priority": {expr: priorityOrder()},
		"title":    {expr: "t.folded_title"},
	},
}

// priorityOrder returns an expression of one digit that sorts as priorities do.
func priorityOrder() string {
	var b strings.Builder
	b.WriteString("case t.priority")
	for weight, p := range events.Priorities {
		fmt.Fprintf(&b, " when '%s' then '%d'", p, weight)
	}
	b.WriteString(" else '0' end")
	return b.String()
}

// taskScan holds the destinations of a task's columns.
type taskScan struct {
	answer               Task
	createdAt, updatedAt int64
	deletedAt            *int64
	// labels and assignees are JSON.
	labels, assignees string
	// after is 1 if the task lies after the cursor, where the query selects
	// that.
	after int
}

func (t *taskScan) dest(more ...any) []any {
	a := &t.answer
	return append([]any{&a.ID, &a.Project, &a.Number, &a.Title, &a.Status, (*string)(&a.Priority), (*string)(&a.Due),
		&t.labels, &t.assignees, &a.Rank, &a.CommentCount, &a.Revision, &t.createdAt, &a.CreatedBy, &t.updatedAt, &t.deletedAt,
		&a.Description}, more...)
}

// task converts the row; assigned reports which of the assigned accounts to
// include.
func (t *taskScan) task(assigned func(account uuid.UUID) bool) (Task, error) {
	answer := t.answer
	answer.Labels, answer.Assignees = []string{}, []uuid.UUID{}
	if err := schema.Decode(t.labels, &answer.Labels, t.assignees, &answer.Assignees); err != nil {
		return Task{}, fmt.Errorf("task %s: %w", answer.ID, err)
	}
	answer.Assignees = slices.DeleteFunc(answer.Assignees, func(a uuid.UUID) bool { return !assigned(a) })
	answer.CreatedAt, answer.UpdatedAt, answer.DeletedAt = schema.Time(t.createdAt), schema.Time(t.updatedAt), instant(t.deletedAt)
	return answer, nil
}

// Task returns one task, in the trash or not. It fails with [ErrNotFound] if it
// does not exist or the caller is not a member of its project.
func (s *Snapshot) Task(ctx context.Context, caller, id uuid.UUID) (Task, error) {
	var row taskScan
	var list string
	err := s.one(ctx, row.dest(&list), `select `+taskColumns+`, p.members from {g}tasks t
		join {g}memberships m on m.project = t.project and m.account = ?
		join {g}projects p on p.id = t.project`+taskStatus+`where t.id = ?`, caller, id)
	if err != nil {
		return Task{}, fmt.Errorf("task %s: %w", id, err)
	}
	var project Project
	if err := schema.Decode(list, &project.Members); err != nil {
		return Task{}, fmt.Errorf("task %s: %w", id, err)
	}
	return row.task(project.member)
}

// TaskNumber returns a task's number within its project, for any caller, or
// fails with [ErrNotFound].
func (s *Snapshot) TaskNumber(ctx context.Context, id uuid.UUID) (number int64, err error) {
	if err := s.one(ctx, []any{&number}, `select number from {g}tasks where id = ?`, id); err != nil {
		return 0, fmt.Errorf("task %s: %w", id, err)
	}
	return number, nil
}

// Board returns a project with all its tasks that are not in the trash, by
// status and then by rank. Tasks recorded with a status that the project never
// had are in extra columns behind the others. It fails with [ErrNotFound] as
// [Snapshot.Project] does.
func (s *Snapshot) Board(ctx context.Context, caller, project uuid.UUID) (Board, error) {
	p, err := s.Project(ctx, caller, project)
	if err != nil {
		return Board{}, err
	}
	board := Board{Project: p}
	column := make(map[string]int)
	for i, status := range p.Statuses {
		board.Columns = append(board.Columns, Column{Status: status, Tasks: []Task{}})
		column[status.Key] = i
	}
	err = s.each(ctx, func(scan func(...any) error) error {
		var row taskScan
		if err := scan(row.dest()...); err != nil {
			return err
		}
		task, err := row.task(p.member)
		if err != nil {
			return err
		}
		i, ok := column[task.Status]
		if !ok {
			i = len(board.Columns)
			column[task.Status] = i
			board.Columns = append(board.Columns, Column{Status: events.Status{Key: task.Status, Name: task.Status, Category: events.CategoryToDo}})
		}
		board.Columns[i].Tasks = append(board.Columns[i].Tasks, task)
		return nil
	}, `select `+taskColumnsCard+` from {g}tasks t`+taskStatus+`where t.project = ? and t.deleted_at is null order by t.number`, project)
	if err != nil {
		return Board{}, fmt.Errorf("board %s: %w", project, err)
	}
	for _, c := range board.Columns {
		slices.SortStableFunc(c.Tasks, func(a, b Task) int { return cmp.Compare(a.Rank, b.Rank) })
	}
	return board, nil
}

// Tasks returns the tasks of a project that match the filter, and the cursor of
// the next page, empty at the end. They are ordered by number unless the page
// says otherwise. It fails with [ErrNotFound] as [Snapshot.Project] does, with
// [ErrSort] and with [ErrCursor].
func (s *Snapshot) Tasks(ctx context.Context, caller, project uuid.UUID, filter TaskFilter, p Page) (tasks []Task, next string, err error) {
	part, err := taskList.section(p)
	if err != nil {
		return nil, "", err
	}
	in, filter, none, err := s.within(ctx, caller, project, filter)
	if err != nil {
		return nil, "", err
	}
	if none {
		return []Task{}, "", nil
	}
	var w dialect.Where
	w.And("t.project = ?", project)
	found, err := s.tasks(ctx, &part, &w, filter, `{g}tasks t`)
	if err != nil {
		return nil, "", fmt.Errorf("tasks of %s: %w", project, err)
	}
	return taskPage(&part, found, func(_, account uuid.UUID) bool { return in.member(account) })
}

// within returns the project, and the filter with its statuses resolved there;
// none means that nothing can match it. It fails as [Snapshot.Project] does.
func (s *Snapshot) within(ctx context.Context, caller, project uuid.UUID, filter TaskFilter) (in Project, meant TaskFilter, none bool, err error) {
	if in, err = s.Project(ctx, caller, project); err != nil {
		return in, filter, false, err
	}
	filter.Statuses = slices.Clone(filter.Statuses)
	for i, status := range filter.Statuses {
		filter.Statuses[i] = in.Resolve(status)
	}
	return in, filter, filter.Assignee != uuid.Nil && !in.member(filter.Assignee), nil
}

// assignedTasks joins tasks t with the assignments a of accounts that are members.
const assignedTasks = `{g}assignments a join {g}tasks t on t.id = a.task
	join {g}memberships m on m.project = t.project and m.account = a.account`

// MyTasks returns the tasks that the caller is assigned to, in all projects of
// which the caller is a member now, and the cursor of the next page, empty at
// the end. They are ordered by due date unless the page says otherwise. A
// status in the filter matches only itself. It fails with [ErrSort] and with
// [ErrCursor].
func (s *Snapshot) MyTasks(ctx context.Context, caller uuid.UUID, filter TaskFilter, p Page) (tasks []Task, next string, err error) {
	if p.Sort == "" {
		p.Sort = "due"
	}
	part, err := taskList.section(p)
	if err != nil {
		return nil, "", err
	}
	var w dialect.Where
	w.And("a.account = ?", caller)
	found, err := s.tasks(ctx, &part, &w, filter, assignedTasks)
	if err != nil {
		return nil, "", fmt.Errorf("my tasks: %w", err)
	}
	members, err := s.membersOf(ctx, found)
	if err != nil {
		return nil, "", fmt.Errorf("my tasks: %w", err)
	}
	return taskPage(&part, found, func(project, account uuid.UUID) bool { return members[membership{account, project}] })
}

// AllTasks returns the tasks that match the filter in all projects of which the
// caller is a member now, including archived ones, and the cursor of the next
// page, empty at the end. They are ordered by most recent update unless the
// page says otherwise; numbers are those within each project. A status in the
// filter matches only itself. It fails with [ErrSort] and with [ErrCursor].
func (s *Snapshot) AllTasks(ctx context.Context, caller uuid.UUID, filter TaskFilter, p Page) (tasks []Task, next string, err error) {
	if p.Sort == "" {
		p.Sort = "-updated"
	}
	part, err := taskList.section(p)
	if err != nil {
		return nil, "", err
	}
	var w dialect.Where
	w.And("m.account = ?", caller)
	found, err := s.tasks(ctx, &part, &w, filter, `{g}memberships m join {g}tasks t on t.project = m.project`)
	if err != nil {
		return nil, "", fmt.Errorf("all tasks: %w", err)
	}
	members, err := s.membersOf(ctx, found)
	if err != nil {
		return nil, "", fmt.Errorf("all tasks: %w", err)
	}
	return taskPage(&part, found, func(project, account uuid.UUID) bool { return members[membership{account, project}] })
}

// tasks runs the query of a list of tasks. It chooses the page by sort keys and
// ids alone and reads whole tasks only for the page: otherwise a database that
// sorts thousands of tasks would carry all their descriptions along.
func (s *Snapshot) tasks(ctx context.Context, part *section, w *dialect.Where, filter TaskFilter, from string) ([]keyed[taskScan], error) {
	filter.where(w)
	part.where(w)
	var found []keyed[taskScan]
	err := s.each(ctx, func(scan func(...any) error) error {
		var f keyed[taskScan]
		err := scan(f.item.dest(&f.key)...)
		found = append(found, f)
		return err
	}, `select `+taskColumns+`, k.sort_key from (select t.id as task_id, `+part.expr+` as sort_key from `+from+taskStatus+`where `+w.String()+part.end()+`) k
		join {g}tasks t on t.id = k.task_id`+taskStatus+part.order("k.sort_key", "k.task_id"), w.Args...)
	return found, err
}

// taskPage converts what was found; assigned reports whether an account is a
// member of a project.
func taskPage(part *section, found []keyed[taskScan], assigned func(project, account uuid.UUID) bool) (tasks []Task, next string, err error) {
	scans, next := page(part, found, func(t taskScan) uuid.UUID { return t.answer.ID })
	tasks = make([]Task, len(scans))
	for i := range scans {
		project := scans[i].answer.Project
		if tasks[i], err = scans[i].task(func(account uuid.UUID) bool { return assigned(project, account) }); err != nil {
			return nil, "", err
		}
	}
	return tasks, next, nil
}

// membership is an account in a project.
type membership struct{ account, project uuid.UUID }

// membersOf reads the members of the projects that the tasks belong to.
func (s *Snapshot) membersOf(ctx context.Context, found []keyed[taskScan]) (map[membership]bool, error) {
	var projects []uuid.UUID
	for i := range found {
		if id := found[i].item.answer.Project; !slices.Contains(projects, id) {
			projects = append(projects, id)
		}
	}
	members := make(map[membership]bool)
	if len(projects) == 0 {
		return members, nil
	}
	return members, s.each(ctx, func(scan func(...any) error) error {
		var id uuid.UUID
		var text string
		if err := scan(&id, &text); err != nil {
			return err
		}
		var list []Member
		if err := schema.Decode(text, &list); err != nil {
			return err
		}
		for _, m := range list {
			members[membership{m.Account, id}] = true
		}
		return nil
	}, `select id, members from {g}projects where id in (`+dialect.Marks(len(projects))+`)`, dialect.Values(projects)...)
}

// maxWords is the maximum number of words of a text that are searched for; the
// rest are ignored.
const maxWords = 16

// where adds the filter's conditions on tasks t and statuses s.
func (f *TaskFilter) where(w *dialect.Where) {
	if f.Deleted {
		w.And("t.deleted_at is not null")
	} else {
		w.And("t.deleted_at is null")
	}
	if len(f.Statuses) > 0 {
		w.And("coalesce(s.resolved, t.status) in ("+dialect.Marks(len(f.Statuses))+")", dialect.Values(f.Statuses)...)
	}
	if f.Open {
		w.And("coalesce(s.category, '') <> ?", string(events.CategoryDone))
	}
	if f.Assignee != uuid.Nil {
		// Accounts that have left the project are neither shown as assigned nor
		// matched.
		w.And(`exists (select 1 from {g}assignments x
			join {g}memberships y on y.account = x.account and y.project = t.project where x.account = ? and x.task = t.id)`, f.Assignee)
	}
	if f.Unassigned {
		w.And(`not exists (select 1 from {g}assignments x
			join {g}memberships y on y.account = x.account and y.project = t.project where x.task = t.id)`)
	}
	for _, label := range f.Labels {
		w.And("exists (select 1 from {g}labels x where x.task = t.id and x.label = ?)", schema.Plain(label))
	}
	if f.DueFrom != "" {
		w.And("t.due >= ?", schema.Plain(string(f.DueFrom)))
	}
	if f.DueTo != "" {
		w.And("t.due <> '' and t.due <= ?", schema.Plain(string(f.DueTo)))
	}
	if f.Priority != "" {
		w.And("t.priority = ?", schema.Plain(string(f.Priority)))
	}
	if f.Number != 0 {
		w.And("t.number = ?", f.Number)
	}
	words := strings.Fields(strings.ToLower(schema.Plain(f.Text)))
	for _, word := range words[:min(len(words), maxWords)] {
		pattern := dialect.Like(word)
		w.And("(t.folded_title like ? escape '!' or t.folded_description like ? escape '!')", pattern, pattern)
	}
}

// Matching returns the ids of all tasks of a project that match the filter, in
// no order, for a caller that already has the tasks. It fails with
// [ErrNotFound] as [Snapshot.Project] does.
func (s *Snapshot) Matching(ctx context.Context, caller, project uuid.UUID, filter TaskFilter) ([]uuid.UUID, error) {
	_, filter, none, err := s.within(ctx, caller, project, filter)
	if err != nil || none {
		return nil, err
	}
	var w dialect.Where
	w.And("t.project = ?", project)
	filter.where(&w)
	var ids []uuid.UUID
	err = s.each(ctx, func(scan func(...any) error) error {
		var id uuid.UUID
		err := scan(&id)
		ids = append(ids, id)
		return err
	}, `select t.id from {g}tasks t`+taskStatus+`where `+w.String(), w.Args...)
	if err != nil {
		return nil, fmt.Errorf("matching tasks of %s: %w", project, err)
	}
	return ids, nil
}
