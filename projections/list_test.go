package projections

import (
	cmpstd "cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/schema"
)

// matches implements a filter's meaning again in Go.
func matches(f TaskFilter, p Project, t Task) bool {
	category := events.Category("")
	for _, s := range p.Statuses {
		if s.Key == t.Status {
			category = s.Category
		}
	}
	in := func(s string) bool { return p.Resolve(s) == t.Status }
	if f.Deleted != (t.DeletedAt != nil) || len(f.Statuses) > 0 && !slices.ContainsFunc(f.Statuses, in) ||
		f.Open && category == events.CategoryDone ||
		f.Assignee != uuid.Nil && !slices.Contains(t.Assignees, f.Assignee) || f.Unassigned && len(t.Assignees) > 0 ||
		f.DueFrom != "" && t.Due < f.DueFrom || f.DueTo != "" && (t.Due == "" || t.Due > f.DueTo) ||
		f.Priority != "" && t.Priority != f.Priority || f.Number != 0 && t.Number != f.Number {
		return false
	}
	for _, l := range f.Labels {
		if !slices.Contains(t.Labels, l) {
			return false
		}
	}
	for _, word := range strings.Fields(strings.ToLower(f.Text)) {
		if !strings.Contains(strings.ToLower(t.Title), word) && !strings.Contains(strings.ToLower(t.Description), word) {
			return false
		}
	}
	return true
}

func drawFilter(t *rapid.T, c drawn) TaskFilter {
	maybe := func() bool { return c.IntN(4) == 0 }
	var f TaskFilter
	f.Deleted = maybe()
	if maybe() {
		f.Statuses = []string{pick(c, []string{"waiting", "done", "new1", "new2", "unheard"}), "in_progress"}
	}
	f.Open, f.Unassigned = maybe(), maybe()
	if maybe() {
		f.Assignee = id(1 + c.IntN(8))
	}
	if maybe() {
		f.Labels = []string{schema.Plain(pick(c, words))}
	}
	if maybe() {
		f.DueFrom = events.Date(fmt.Sprintf("2026-%02d-15", 1+c.IntN(12)))
	}
	if maybe() {
		f.DueTo = events.Date(fmt.Sprintf("2026-%02d-15", 1+c.IntN(12)))
	}
	if maybe() {
		f.Priority = pick(c, events.Priorities)
	}
	if c.IntN(8) == 0 {
		f.Number = int64(1 + c.IntN(20))
	}
	if maybe() {
		f.Text = schema.Plain(pick(c, words) + " " + pick(c, words))
	}
	return f
}

// sortKey implements each order's meaning again in Go.
func sortKey(name string, t Task) string {
	switch strings.TrimPrefix(name, "-") {
	case "number":
		return fmt.Sprintf("%09d", t.Number)
	case "rank":
		return t.Rank
	case "created":
		return t.CreatedAt.Format("20060102150405.000000")
	case "updated":
		return t.UpdatedAt.Format("20060102150405.000000")
	case "priority":
		return fmt.Sprint(t.Priority.Weight())
	case "title":
		return strings.ToLower(t.Title)
	case "due":
		if t.Due == "" && !strings.HasPrefix(name, "-") {
			return "~"
		}
		return string(t.Due)
	}
	panic(name)
}

// inOrder compares as a list in that order does.
func inOrder(sort string) func(a, b Task) int {
	return func(a, b Task) int {
		order := strings.Compare(sortKey(sort, a)+"\x00"+a.ID.String(), sortKey(sort, b)+"\x00"+b.ID.String())
		if strings.HasPrefix(sort, "-") {
			return -order
		}
		return order
	}
}

// byUse returns labels as the query does: most used first.
func byUse(labels map[string]int) []LabelCount {
	var list []LabelCount
	for label, tasks := range labels {
		list = append(list, LabelCount{label, tasks})
	}
	slices.SortFunc(list, func(a, b LabelCount) int { return cmpstd.Or(b.Tasks-a.Tasks, strings.Compare(a.Label, b.Label)) })
	return list
}

// For every filter and order, the pages together contain each task that matches
// the filter once, in that order.
func TestListsPageByPage(t *testing.T) {
	t.Parallel()
	property(t, func(r *rapid.T, s *Store) {
		l, c := newMemoryLog(), drawn{r}
		newSimulation(l, c).steps(rapid.IntRange(30, 120).Draw(r, "steps"))
		if _, err := Rebuild(t.Context(), s, l, RebuildOptions{AcceptDifferences: true}); err != nil {
			r.Fatal(err)
		}
		ctx := t.Context()
		look(t, s, func(q *Snapshot) error {
			for n := 1; n <= 8; n++ {
				if err := accountLists(ctx, r, c, q, id(n)); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// accountLists checks the lists of one account, over all its projects and in each.
func accountLists(ctx context.Context, r *rapid.T, c drawn, q *Snapshot, caller uuid.UUID) error {
	projects, err := whole(func(p Page) ([]Project, string, error) { return q.Projects(ctx, caller, p) }, Page{Limit: 1 + c.IntN(3), Sort: pick(c, []string{"", "-name", "created", "-updated"})})
	if err != nil {
		return err
	}
	assigned := map[uuid.UUID]bool{}
	var everywhere []Task
	wide := drawFilter(r, c)
	for _, p := range projects {
		every, err := projectLists(ctx, r, c, q, caller, p)
		if err != nil {
			return err
		}
		// Across several boards a status stands only for itself.
		itself := p
		itself.Retired = nil
		for _, task := range every {
			if matches(wide, itself, task) {
				everywhere = append(everywhere, task)
			}
			if task.DeletedAt == nil && slices.Contains(task.Assignees, caller) {
				assigned[task.ID] = true
			}
		}
	}
	sort := pick(c, []string{"", "number", "-due", "priority", "title", "updated"})
	found, err := whole(func(page Page) ([]Task, string, error) { return q.AllTasks(ctx, caller, wide, page) }, Page{Limit: 1 + c.IntN(7), Sort: sort})
	if err != nil {
		return err
	}
	if sort == "" {
		sort = "-updated"
	}
	slices.SortFunc(everywhere, inOrder(sort))
	if diff := cmp.Diff(everywhere, found, cmpopts.EquateEmpty()); diff != "" {
		r.Fatalf("everywhere, %+v by %s, -want +have:\n%s", wide, sort, diff)
	}
	mine, err := whole(func(page Page) ([]Task, string, error) { return q.MyTasks(ctx, caller, TaskFilter{}, page) }, Page{Limit: 1 + c.IntN(5)})
	if err != nil {
		return err
	}
	last := ""
	for _, task := range mine {
		if !assigned[task.ID] || sortKey("due", task) < last {
			r.Fatalf("not mine, or not in order: %+v after %s", task, last)
		}
		last = sortKey("due", task)
		delete(assigned, task.ID)
	}
	if len(assigned) > 0 {
		r.Fatalf("missing from mine: %v", assigned)
	}
	return nil
}

// projectLists checks the lists of one project, and returns all its tasks.
func projectLists(ctx context.Context, r *rapid.T, c drawn, q *Snapshot, caller uuid.UUID, p Project) (every []Task, err error) {
	every, err = everyTask(ctx, q, caller, p.ID)
	if err != nil {
		return nil, err
	}
	filter := drawFilter(r, c)
	sort := pick(c, []string{"", "-"}) + pick(c, []string{"number", "rank", "created", "updated", "due", "priority", "title"})
	have, err := whole(func(page Page) ([]Task, string, error) { return q.Tasks(ctx, caller, p.ID, filter, page) }, Page{Limit: 1 + c.IntN(7), Sort: sort})
	if err != nil {
		return nil, err
	}
	want := slices.DeleteFunc(slices.Clone(every), func(t Task) bool { return !matches(filter, p, t) })
	slices.SortFunc(want, inOrder(sort))
	if diff := cmp.Diff(want, have, cmpopts.EquateEmpty()); diff != "" {
		r.Fatalf("%+v by %s, -want +have:\n%s", filter, sort, diff)
	}
	labels := map[string]int{}
	for _, task := range every {
		if task.DeletedAt == nil {
			for _, l := range task.Labels {
				labels[l]++
			}
		}
	}
	counted, err := q.Labels(ctx, caller, p.ID)
	if err != nil {
		return nil, err
	}
	if diff := cmp.Diff(byUse(labels), counted, cmpopts.EquateEmpty()); diff != "" {
		r.Fatalf("labels, -want +have:\n%s", diff)
	}
	return every, nil
}

func everyTask(ctx context.Context, q *Snapshot, caller, project uuid.UUID) ([]Task, error) {
	var all []Task
	for _, deleted := range []bool{false, true} {
		tasks, err := whole(func(p Page) ([]Task, string, error) {
			return q.Tasks(ctx, caller, project, TaskFilter{Deleted: deleted}, p)
		}, Page{Limit: MaxLimit})
		if err != nil {
			return nil, err
		}
		all = append(all, tasks...)
	}
	return all, nil
}

// whole reads a list to its end.
func whole[T any](read func(Page) ([]T, string, error), p Page) ([]T, error) {
	var all []T
	for {
		items, next, err := read(p)
		if err != nil {
			return nil, err
		}
		if len(items) > p.Limit || (next != "" && len(items) < p.Limit) {
			return nil, fmt.Errorf("a page of %d, next %q, limit %d", len(items), next, p.Limit)
		}
		all = append(all, items...)
		if next == "" {
			return all, nil
		}
		p.Cursor = next
	}
}

// Tasks created or moved between two pages neither repeat nor hide others.
func TestPagesAreStable(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		team := newTeam(l)
		team.founded(1000, 1)
		for n := range 10 {
			e := created(1000, "x")
			e.Rank = string(rune('a' + 2*n))
			team.task(n+1, 1000, 1, e)
		}
		run(t, s, l, ProjectorOptions{})
		seen := map[int64]int{}
		p := Page{Limit: 2, Sort: "rank"}
		for i := 0; ; i++ {
			arrive(t, s, l)
			look(t, s, func(q *Snapshot) (err error) {
				var tasks []Task
				tasks, p.Cursor, err = q.Tasks(t.Context(), id(1), id(1000), TaskFilter{}, p)
				for _, task := range tasks {
					seen[task.Number]++
				}
				return err
			})
			if p.Cursor == "" {
				break
			}
			before := created(1000, "before")
			before.Rank = "A"
			team.task(100+i, 1000, 1, before)
		}
		for n := range 10 {
			if seen[int64(n+1)] != 1 {
				t.Errorf("task %d was seen %d times", n+1, seen[int64(n+1)])
			}
		}
	})
}

func TestBadPages(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, _ := told(t, d, func(team *team) {
			team.founded(1000, 1)
			for n := range 3 {
				team.task(n+1, 1000, 1, created(1000, "x"))
			}
		})
		coded := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		look(t, s, func(q *Snapshot) error {
			list := func(p Page) (string, error) {
				_, next, err := q.Tasks(t.Context(), id(1), id(1000), TaskFilter{}, p)
				return next, err
			}
			next, err := list(Page{Limit: 1})
			if next == "" || err != nil {
				t.Fatalf("%q, %v", next, err)
			}
			for _, cursor := range []string{
				"x", "!!", next + "x", coded("{}"), coded("null"), coded(`{"s":"tasks:number","k":"one","i":"` + id(1).String() + `"}`),
				coded(`{"s":"projects:name","k":"1","i":"` + id(1).String() + `"}`), coded(`{"s":"tasks:number","k":"1","i":"?"}`), strings.Repeat("a", 9000),
			} {
				if _, err := list(Page{Cursor: cursor}); !errors.Is(err, ErrCursor) {
					t.Errorf("cursor %.60q: %v", cursor, err)
				}
			}
			if _, err := list(Page{Cursor: next, Sort: "-number"}); !errors.Is(err, ErrCursor) {
				t.Errorf("a cursor of another order: %v", err)
			}
			if _, err := list(Page{Cursor: coded(`{"s":"tasks:title","k":"\u0000'; drop table","i":"` + id(1).String() + `"}`), Sort: "title"}); !errors.Is(err, ErrCursor) {
				t.Errorf("a cursor with a NUL: %v", err)
			}
			for _, sort := range []string{"size", "--number", "-", "title desc"} {
				if _, err := list(Page{Sort: sort}); !errors.Is(err, ErrSort) {
					t.Errorf("sort %q: %v", sort, err)
				}
			}
			if _, _, err := q.Projects(t.Context(), id(1), Page{Sort: "rank"}); !errors.Is(err, ErrSort) {
				t.Errorf("projects by rank: %v", err)
			}
			return nil
		})
	})
}
