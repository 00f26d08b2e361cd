package projections

import (
	cmpstd "cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// groupings are by a field with few values, and by one with an empty value that
// comes last.
var groupings = []Grouping{
	{"status", func(t Task) string { return t.Status }, strings.Compare},
	{"label", func(t Task) string { return strings.Join(t.Labels[:min(1, len(t.Labels))], "") }, func(a, b string) int {
		if (a == "") != (b == "") {
			return -strings.Compare(a, b)
		}
		return strings.Compare(a, b)
	}},
}

// pagesOfGroups reads groups to the end and joins their tasks. Each page must
// be full, and state for each group the total and how many came before.
func pagesOfGroups(by Grouping, p Page, want []Task, read func(Page) ([]TaskGroup, string, error)) ([]Task, error) {
	totals, seen := map[string]int{}, map[string]int{}
	for _, t := range want {
		totals[by.Key(t)]++
	}
	var all []Task
	for {
		groups, next, err := read(p)
		if err != nil {
			return nil, err
		}
		shown := 0
		for _, g := range groups {
			if len(g.Tasks) == 0 || g.Total != totals[g.Key] || g.Before != seen[g.Key] {
				return nil, fmt.Errorf("group %q says %d, %d before, shows %d; it has %d, %d were shown", g.Key, g.Total, g.Before, len(g.Tasks), totals[g.Key], seen[g.Key])
			}
			seen[g.Key] += len(g.Tasks)
			shown += len(g.Tasks)
			all = append(all, g.Tasks...)
		}
		if shown > p.Limit || next != "" && shown < p.Limit {
			return nil, fmt.Errorf("a page of %d, next %q, limit %d", shown, next, p.Limit)
		}
		if next == "" {
			return all, nil
		}
		p.Cursor = next
	}
}

// grouped returns what a list with groups should contain: the tasks by group,
// then in order, without their descriptions.
func grouped(by Grouping, sort string, tasks []Task) []Task {
	tasks = slices.Clone(tasks)
	slices.SortFunc(tasks, func(a, b Task) int {
		return cmpstd.Or(by.Compare(by.Key(a), by.Key(b)), inOrder(sort)(a, b))
	})
	for i := range tasks {
		tasks[i].Description = ""
	}
	return tasks
}

// For every filter, order and grouping, the pages together contain each task
// that matches the filter once, by group, and each page has the totals of the
// whole list.
func TestGroupsPageByPage(t *testing.T) {
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
				projects, _, err := q.Projects(ctx, id(n), Page{})
				if err != nil {
					return err
				}
				for _, p := range projects {
					by, filter := pick(c, groupings), drawFilter(r, c)
					page := Page{Limit: 1 + c.IntN(5), Sort: pick(c, []string{"", "-"}) + pick(c, []string{"number", "rank", "updated", "due", "priority", "title"})}
					all, err := everyTask(ctx, q, id(n), p.ID)
					if err != nil {
						return err
					}
					want := grouped(by, page.Sort, slices.DeleteFunc(all, func(t Task) bool { return !matches(filter, p, t) }))
					have, err := pagesOfGroups(by, page, want, func(page Page) ([]TaskGroup, string, error) {
						return q.TaskGroups(ctx, id(n), p.ID, filter, by, page)
					})
					if err != nil {
						r.Fatalf("%+v by %s of %s: %v", filter, page.Sort, by.Name, err)
					}
					if diff := cmp.Diff(want, have, cmpopts.EquateEmpty()); diff != "" {
						r.Fatalf("%+v by %s of %s, -want +have:\n%s", filter, page.Sort, by.Name, diff)
					}
				}
				by, page := pick(c, groupings), Page{Limit: 1 + c.IntN(4), Sort: pick(c, []string{"due", "-updated"})}
				mine, err := whole(func(p Page) ([]Task, string, error) { return q.MyTasks(ctx, id(n), TaskFilter{}, p) }, Page{Limit: MaxLimit})
				if err != nil {
					return err
				}
				want := grouped(by, page.Sort, mine)
				have, err := pagesOfGroups(by, page, want, func(page Page) ([]TaskGroup, string, error) {
					return q.MyTaskGroups(ctx, id(n), TaskFilter{}, by, page)
				})
				if err != nil {
					r.Fatalf("mine by %s of %s: %v", page.Sort, by.Name, err)
				}
				if diff := cmp.Diff(want, have, cmpopts.EquateEmpty()); diff != "" {
					r.Fatalf("mine by %s of %s, -want +have:\n%s", page.Sort, by.Name, diff)
				}
			}
			return nil
		})
	})
}

// TestGroupsOnEach reads groups page by page on every database. A cursor of
// another grouping is rejected, and accounts without access see nothing.
func TestGroupsOnEach(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		team := newTeam(l)
		team.founded(1000, 1)
		for n := range 9 {
			task := created(1000, fmt.Sprintf("Task %d", n))
			task.Status = []string{"waiting", "done"}[n%2]
			task.Assignees = append(task.Assignees, id(1))
			team.task(10000+n, 1000, 1, task)
		}
		if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
		look(t, s, func(q *Snapshot) error {
			type read = func(Page) ([]TaskGroup, string, error)
			for name, read := range map[string]read{
				"project": func(p Page) ([]TaskGroup, string, error) {
					return q.TaskGroups(t.Context(), id(1), id(1000), TaskFilter{}, groupings[0], p)
				},
				"mine": func(p Page) ([]TaskGroup, string, error) {
					return q.MyTaskGroups(t.Context(), id(1), TaskFilter{}, groupings[0], p)
				},
			} {
				told := ""
				for p := (Page{Limit: 3, Sort: "-title"}); ; {
					groups, next, err := read(p)
					if err != nil {
						return err
					}
					for _, g := range groups {
						told += fmt.Sprintf("%s %d+%d/%d ", g.Key, g.Before, len(g.Tasks), g.Total)
					}
					if p.Cursor = next; next == "" {
						break
					}
				}
				if told != "done 0+3/4 done 3+1/4 waiting 0+2/5 waiting 2+3/5 " {
					t.Errorf("%s: %s", name, told)
				}
			}
			_, next, err := q.TaskGroups(t.Context(), id(1), id(1000), TaskFilter{}, groupings[0], Page{Limit: 3})
			if err != nil {
				return err
			}
			if _, _, err := q.TaskGroups(t.Context(), id(1), id(1000), TaskFilter{}, groupings[1], Page{Cursor: next}); !errors.Is(err, ErrCursor) {
				t.Errorf("a cursor of another grouping: %v", err)
			}
			if _, _, err := q.Tasks(t.Context(), id(1), id(1000), TaskFilter{}, Page{Cursor: next}); !errors.Is(err, ErrCursor) {
				t.Errorf("a cursor of groups in a list without: %v", err)
			}
			if _, _, err := q.TaskGroups(t.Context(), id(2), id(1000), TaskFilter{}, groupings[0], Page{}); !errors.Is(err, ErrNotFound) {
				t.Errorf("a stranger: %v", err)
			}
			return nil
		})
	})
}
