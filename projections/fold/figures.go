package fold

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/schema"
)

// figuresRow holds totals over all projects, in one row: it is folded with
// everything else, so it needs no query over tasks and is the same after every
// rebuild.
type figuresRow struct {
	created, completed, reopened int64
	// toDo, doing and done count the current tasks by category, deleted those
	// in the trash.
	toDo, doing, done, deleted int64
	// cycles counts completions by cycle time, in the order of [CycleBounds]
	// plus one for longer times; taken is the sum of all cycle times.
	cycles []int64
	taken  int64
}

// onlyFigures is the key of the single row.
const onlyFigures = 1

// CycleBounds are the upper bounds of the cycle time buckets, in order. They
// must not be modified.
var CycleBounds = []time.Duration{
	time.Minute, 10 * time.Minute, time.Hour, 4 * time.Hour, 24 * time.Hour, 2 * 24 * time.Hour, 4 * 24 * time.Hour,
	7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour, 56 * 24 * time.Hour, 112 * 24 * time.Hour,
}

func newFigures() *rowCache[int64, figuresRow] {
	return &rowCache[int64, figuresRow]{
		of: &schema.Table{Name: "figures", Key: 1, Columns: []schema.Column{
			schema.Number("id"), schema.Number("created"), schema.Number("completed"), schema.Number("reopened"),
			schema.Number("to_do"), schema.Number("doing"), schema.Number("done"), schema.Number("deleted"),
			schema.Text("cycles"), schema.Number("cycle_time"),
		}},
		key: func(k int64, to []any) []any { return append(to, k) },
		values: func(k int64, r *figuresRow, to []any) []any {
			return append(to, k, r.created, r.completed, r.reopened,
				r.toDo, r.doing, r.done, r.deleted,
				schema.EncodeList(r.cycles), r.taken)
		},
		scan: func(scan func(...any) error) (k int64, r figuresRow, err error) {
			var cycles string
			if err = scan(&k, &r.created, &r.completed, &r.reopened, &r.toDo, &r.doing, &r.done, &r.deleted, &cycles, &r.taken); err != nil {
				return k, r, err
			}
			return k, r, schema.Decode(cycles, &r.cycles)
		},
	}
}

// cycleRow is a task that was started or reopened, and the time since when.
type cycleRow struct{ since int64 }

func newCycles() *rowCache[uuid.UUID, cycleRow] {
	return &rowCache[uuid.UUID, cycleRow]{
		of:  &schema.Table{Name: "cycles", Key: 1, Narrow: true, Columns: []schema.Column{schema.ID("task"), schema.Number("since")}},
		key: idKey,
		values: func(id uuid.UUID, r *cycleRow, to []any) []any {
			return append(to, id, r.since)
		},
		scan: func(scan func(...any) error) (id uuid.UUID, r cycleRow, err error) {
			err = scan(&id, &r.since)
			return id, r, err
		},
	}
}

func wantFigures(r *Rows, f *Fact) {
	switch f.Type {
	case events.TypeStatusesChanged:
		r.tallies.want(f.Aggregate.ID)
	case events.TypeTaskCreated, events.TypeTaskMoved:
		r.cycles.want(f.Aggregate.ID)
		fallthrough
	case events.TypeTaskDeleted, events.TypeTaskRestored:
		r.tasks.want(f.Aggregate.ID)
		r.projects.want(f.Project)
	default:
		return
	}
	r.figures.want(onlyFigures)
	if f.Aggregate.Kind == events.KindProject {
		r.projects.want(f.Aggregate.ID)
	}
}

// foldFigures runs before the folds of projects and tasks, because it needs
// their previous state. It leaves it to them to refuse events that are out of
// order.
func foldFigures(r *Rows, f *Fact) error {
	switch e := f.event.(type) {
	case events.StatusesChanged:
		project, tally := r.projects.get(f.Aggregate.ID), r.tallies.get(f.Aggregate.ID)
		if project == nil || tally == nil {
			return nil
		}
		next := *project
		if err := next.reboard(e.To, e.Retired); err != nil {
			return err
		}
		r.figure(func(t *figuresRow) {
			for _, c := range tally.counts {
				t.stand(project.category(c.Status), -int64(c.Tasks))
				t.stand(next.category(c.Status), int64(c.Tasks))
			}
		})
	case events.TaskCreated:
		project, old := r.projects.get(f.Project), r.tasks.get(f.Aggregate.ID)
		if project == nil || old != nil {
			return nil
		}
		category := project.category(schema.Plain(e.Status))
		r.figure(func(t *figuresRow) {
			t.created++
			t.stand(category, 1)
		})
		if category == events.CategoryDoing {
			r.cycles.put(f.Aggregate.ID, cycleRow{f.at})
		}
	case events.TaskMoved:
		project, old := r.projects.get(f.Project), r.tasks.get(f.Aggregate.ID)
		if project == nil || old == nil {
			return nil
		}
		r.moved(f, old, project.category(old.status), project.category(schema.Plain(e.Status.To)))
	case events.TaskDeleted:
		r.buried(f, -1)
	case events.TaskRestored:
		r.buried(f, +1)
	}
	return nil
}

// moved counts a task that moves from one category to another. A cycle begins
// when the task is first in doing, or reopened after it was done; if neither
// happened, when it was created.
func (r *Rows) moved(f *Fact, old *taskRow, from, to events.Category) {
	id := f.Aggregate.ID
	r.figure(func(t *figuresRow) {
		if old.deletedAt == nil {
			t.stand(from, -1)
			t.stand(to, +1)
		}
		switch done := events.CategoryDone; {
		case from != done && to == done:
			since := old.createdAt
			if begun := r.cycles.get(id); begun != nil {
				since = begun.since
			}
			t.complete(f.at - since)
		case from == done && to != done:
			t.reopened++
		}
	})
	switch begun := r.cycles.get(id) != nil; {
	case to == events.CategoryDone && begun:
		r.cycles.remove(id)
	case to == events.CategoryDone:
	case from == events.CategoryDone, to == events.CategoryDoing && !begun:
		r.cycles.put(id, cycleRow{f.at})
	}
}

// buried counts a task that is moved to the trash, or restored from it.
func (r *Rows) buried(f *Fact, by int64) {
	project, old := r.projects.get(f.Project), r.tasks.get(f.Aggregate.ID)
	if project == nil || old == nil || (old.deletedAt == nil) != (by < 0) {
		return
	}
	r.figure(func(t *figuresRow) {
		t.stand(project.category(old.status), by)
		t.deleted -= by
	})
}

// figure changes a copy of the row and puts the copy.
func (r *Rows) figure(change func(*figuresRow)) {
	var row figuresRow
	if old := r.figures.get(onlyFigures); old != nil {
		row = *old
	}
	change(&row)
	r.figures.put(onlyFigures, row)
}

// stand counts tasks in a category. A status that the board does not know has
// no category, and its tasks are on no list either.
func (t *figuresRow) stand(category events.Category, by int64) {
	switch category {
	case events.CategoryToDo:
		t.toDo += by
	case events.CategoryDoing:
		t.doing += by
	case events.CategoryDone:
		t.done += by
	}
}

// complete counts a completion that took this many microseconds. Gateway clocks
// may differ, so a negative cycle time counts as zero.
func (t *figuresRow) complete(took int64) {
	took = max(0, took)
	t.completed++
	t.taken += took
	t.cycles = append(make([]int64, 0, len(CycleBounds)+1), t.cycles...)
	for len(t.cycles) <= len(CycleBounds) {
		t.cycles = append(t.cycles, 0)
	}
	i, _ := slices.BinarySearch(CycleBounds, time.Duration(took)*time.Microsecond)
	t.cycles[i]++
}

// category returns the current category of a recorded status; empty if the
// board never had it.
func (p *projectRow) category(status string) events.Category {
	for range 2 {
		for i := range p.statuses {
			if p.statuses[i].Key == status {
				return p.statuses[i].Category
			}
		}
		status = p.retired[status]
	}
	return ""
}
