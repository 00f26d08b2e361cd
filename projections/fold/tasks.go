package fold

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/schema"
)

// taskRow is a complete task. Its status is the recorded one; see statusRow.
type taskRow struct {
	project     uuid.UUID
	number      int64
	title       string
	description string
	status      string
	priority    events.Priority
	due         events.Date
	labels      []string
	assignees   []uuid.UUID
	rank        string
	comments    int64
	revision    uint64
	createdAt   int64
	createdBy   uuid.UUID
	updatedAt   int64
	deletedAt   *int64
}

func newTasks() *rowCache[uuid.UUID, taskRow] {
	return &rowCache[uuid.UUID, taskRow]{
		of: &schema.Table{Name: "tasks", Key: 1, Indexes: [][]string{{"project", "number"}}, Columns: []schema.Column{
			schema.ID("id"), schema.ID("project"), schema.Number("number"),
			schema.Text("title"), schema.Text("folded_title"), schema.Text("description"), schema.Text("folded_description"),
			schema.Text("status"), schema.Text("priority"), schema.Text("due"), schema.Text("labels"), schema.Text("assignees"), schema.Text("board_rank"),
			schema.Number("comments"), schema.Number("revision"),
			schema.Number("created_at"), schema.ID("created_by"), schema.Number("updated_at"), schema.Moment("deleted_at"),
		}},
		key: idKey,
		values: func(id uuid.UUID, r *taskRow, to []any) []any {
			return append(to, id, r.project, r.number,
				r.title, strings.ToLower(r.title), r.description, strings.ToLower(r.description),
				r.status, string(r.priority), string(r.due), schema.EncodeList(r.labels), schema.EncodeList(r.assignees), r.rank,
				r.comments, int64(r.revision), r.createdAt, r.createdBy, r.updatedAt, when(r.deletedAt))
		},
		scan: func(scan func(...any) error) (id uuid.UUID, r taskRow, err error) {
			var foldedTitle, foldedDescription, labels, assignees string
			if err = scan(&id, &r.project, &r.number,
				&r.title, &foldedTitle, &r.description, &foldedDescription,
				&r.status, (*string)(&r.priority), (*string)(&r.due), &labels, &assignees, &r.rank,
				&r.comments, &r.revision, &r.createdAt, &r.createdBy, &r.updatedAt, &r.deletedAt); err != nil {
				return id, r, err
			}
			return id, r, schema.Decode(labels, &r.labels, assignees, &r.assignees)
		},
	}
}

// tallyRow counts a project's tasks: all ever created, which gives the next
// number, and the current ones by recorded status.
type tallyRow struct {
	created int64
	counts  []StatusCount
}

// StatusCount is the number of a project's tasks with a recorded status,
// without those in the trash. The column counts of a tally is a JSON list of
// them, by status, without zero counts.
type StatusCount struct {
	Status string `json:"status"`
	Tasks  int    `json:"tasks"`
}

func newTallies() *rowCache[uuid.UUID, tallyRow] {
	return &rowCache[uuid.UUID, tallyRow]{
		of:  &schema.Table{Name: "tallies", Key: 1, Columns: []schema.Column{schema.ID("project"), schema.Number("created"), schema.Text("counts")}},
		key: idKey,
		values: func(id uuid.UUID, r *tallyRow, to []any) []any {
			return append(to, id, r.created, schema.EncodeList(r.counts))
		},
		scan: func(scan func(...any) error) (id uuid.UUID, r tallyRow, err error) {
			var counts string
			if err = scan(&id, &r.created, &counts); err != nil {
				return id, r, err
			}
			return id, r, schema.Decode(counts, &r.counts)
		},
	}
}

// assignmentKey is an entry of the index by which an account finds its tasks.
type assignmentKey struct{ account, task uuid.UUID }

func newAssignments() *rowCache[assignmentKey, struct{}] {
	return &rowCache[assignmentKey, struct{}]{
		of: &schema.Table{Name: "assignments", Key: 2, Narrow: true, Indexes: [][]string{{"task"}}, Columns: []schema.Column{
			schema.ID("account"), schema.ID("task"),
		}},
		key: func(k assignmentKey, to []any) []any { return append(to, k.account, k.task) },
		values: func(k assignmentKey, _ *struct{}, to []any) []any {
			return append(to, k.account, k.task)
		},
	}
}

// labelKey is an entry of the index by which tasks are found by label.
type labelKey struct {
	task  uuid.UUID
	label string
}

func newLabels() *rowCache[labelKey, struct{}] {
	return &rowCache[labelKey, struct{}]{
		of:  &schema.Table{Name: "labels", Key: 2, Narrow: true, Columns: []schema.Column{schema.ID("task"), schema.Word("label")}},
		key: func(k labelKey, to []any) []any { return append(to, k.task, k.label) },
		values: func(k labelKey, _ *struct{}, to []any) []any {
			return append(to, k.task, k.label)
		},
	}
}

func wantTask(r *Rows, f *Fact) {
	switch f.Aggregate.Kind {
	case events.KindProject:
		r.tallies.want(f.Aggregate.ID)
	case events.KindTask:
		r.tasks.want(f.Aggregate.ID)
		r.tallies.want(f.Project)
		wantComment(r, f)
	}
}

func foldTask(r *Rows, f *Fact) error {
	switch f.Aggregate.Kind {
	case events.KindProject:
		if f.Type == events.TypeProjectCreated {
			r.tallies.put(f.Aggregate.ID, tallyRow{})
		}
		return nil
	case events.KindTask:
	default:
		return nil
	}
	id := f.Aggregate.ID
	old := r.tasks.get(id)
	if e, ok := f.event.(events.TaskCreated); ok {
		return createTask(r, f, e)
	}
	if old == nil {
		return missingRow("task", id)
	}
	if old.project != f.Project {
		return fmt.Errorf("%w: the task is in project %s, the event in %s", errOrder, old.project, f.Project)
	}
	row := *old
	row.revision, row.updatedAt = f.Revision, f.at
	switch e := f.event.(type) {
	case events.TaskEdited:
		if err := row.edit(r, id, e); err != nil {
			return err
		}
	case events.TaskMoved:
		if row.deletedAt == nil {
			r.countTasks(row.project, row.status, -1)
			r.countTasks(row.project, schema.Plain(e.Status.To), +1)
		}
		row.status, row.rank = schema.Plain(e.Status.To), schema.Plain(e.Rank.To)
	case events.TaskAssigned:
		row.assignees = slices.Clone(row.assignees)
		for _, account := range e.Accounts {
			if !slices.Contains(row.assignees, account) {
				row.assignees = append(row.assignees, account)
				r.assignments.put(assignmentKey{account, id}, struct{}{})
			}
		}
	case events.TaskUnassigned:
		row.assignees = without(row.assignees, e.Accounts)
		for _, account := range e.Accounts {
			r.assignments.remove(assignmentKey{account, id})
		}
	case events.TaskDeleted:
		if row.deletedAt == nil {
			r.countTasks(row.project, row.status, -1)
		}
		row.deletedAt = f.moment()
	case events.TaskRestored:
		if row.deletedAt != nil {
			r.countTasks(row.project, row.status, +1)
		}
		row.deletedAt = nil
	default:
		if err := row.discuss(r, f); err != nil {
			return err
		}
	}
	r.tasks.put(id, row)
	return nil
}

func createTask(r *Rows, f *Fact, e events.TaskCreated) error {
	id := f.Aggregate.ID
	if r.tasks.get(id) != nil {
		return errOrder
	}
	if e.Project != f.Project {
		return fmt.Errorf("%w: the task is in project %s, the event in %s", errOrder, e.Project, f.Project)
	}
	if r.tallies.get(e.Project) == nil {
		return missingRow("project", e.Project)
	}
	row := taskRow{
		project: e.Project, number: r.nextNumber(e.Project),
		title: schema.Plain(e.Title), description: schema.Plain(e.Description),
		status: schema.Plain(e.Status), rank: schema.Plain(e.Rank),
		priority: events.Priority(schema.Plain(string(e.Priority))), due: events.Date(schema.Plain(string(e.Due))),
		revision: f.Revision, createdAt: f.at, createdBy: f.Actor, updatedAt: f.at,
	}
	if err := row.relabel(r, id, e.Labels); err != nil {
		return err
	}
	for _, account := range e.Assignees {
		if !slices.Contains(row.assignees, account) {
			row.assignees = append(row.assignees, account)
			r.assignments.put(assignmentKey{account, id}, struct{}{})
		}
	}
	r.countTasks(e.Project, row.status, +1)
	r.tasks.put(id, row)
	return nil
}

// passTask gives a task its number even if its creation could not be folded:
// the envelope shows that the number is used, and later tasks must not get
// other numbers once a later program can read the event.
func passTask(r *Rows, f *Fact) {
	if f.Type == events.TypeTaskCreated && f.Aggregate.Kind == events.KindTask && f.Revision == 1 && r.tallies.get(f.Project) != nil {
		r.nextNumber(f.Project)
	}
}

func (t *taskRow) edit(r *Rows, id uuid.UUID, e events.TaskEdited) error {
	if c := e.Title; c != nil {
		t.title = schema.Plain(c.To)
	}
	if c := e.Description; c != nil {
		t.description = schema.Plain(c.To)
	}
	if c := e.Priority; c != nil {
		t.priority = events.Priority(schema.Plain(string(c.To)))
	}
	if c := e.Due; c != nil {
		t.due = events.Date(schema.Plain(string(c.To)))
	}
	if c := e.Labels; c != nil {
		return t.relabel(r, id, c.To)
	}
	return nil
}

func (t *taskRow) relabel(r *Rows, id uuid.UUID, to []string) error {
	labels := make([]string, 0, len(to))
	for _, label := range to {
		if len(label) > schema.MaxWord {
			return fmt.Errorf("label of %d bytes", len(label))
		}
		if label = schema.Plain(label); !slices.Contains(labels, label) {
			labels = append(labels, label)
		}
	}
	for _, label := range without(t.labels, labels) {
		r.labels.remove(labelKey{id, label})
	}
	for _, label := range without(labels, t.labels) {
		r.labels.put(labelKey{id, label}, struct{}{})
	}
	t.labels = labels
	return nil
}

// nextNumber returns the next task number of a project that exists.
func (r *Rows) nextNumber(project uuid.UUID) int64 {
	tally := *r.tallies.get(project)
	tally.created++
	r.tallies.put(project, tally)
	return tally.created
}

func (r *Rows) countTasks(project uuid.UUID, status string, by int) {
	tally := *r.tallies.get(project)
	tally.counts = slices.Clone(tally.counts)
	i, found := slices.BinarySearchFunc(tally.counts, status, func(c StatusCount, status string) int {
		return strings.Compare(c.Status, status)
	})
	if !found {
		tally.counts = slices.Insert(tally.counts, i, StatusCount{Status: status})
	}
	tally.counts[i].Tasks += by
	if tally.counts[i].Tasks == 0 {
		tally.counts = slices.Delete(tally.counts, i, i+1)
	}
	r.tallies.put(project, tally)
}

// without returns list without the elements of gone, as a new slice.
func without[T comparable](list, gone []T) []T {
	rest := make([]T, 0, len(list))
	for _, v := range list {
		if !slices.Contains(gone, v) {
			rest = append(rest, v)
		}
	}
	return rest
}
