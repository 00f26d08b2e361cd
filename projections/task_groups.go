package projections

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/docketlog/docket/projections/dialect"
)

// Grouping assigns each task to one group. Its functions depend only on their
// arguments.
type Grouping struct {
	// Name is part of every cursor; a cursor is valid only in the same
	// grouping.
	Name string
	// Key returns the group of a task. Compare is the order of groups: 0 only
	// for the same key.
	Key     func(Task) string
	Compare func(a, b string) int
}

// TaskGroup is the part of a group that a page shows: Tasks, without their
// descriptions, out of the Total that match the filter, with Before others on
// earlier pages.
type TaskGroup struct {
	Key           string
	Total, Before int
	Tasks         []Task
}

// TaskGroups returns the tasks of a project that match the filter, group after
// group and in the page's order within each, and the cursor of the next page,
// empty at the end. The totals are those of the whole list, on every page. It
// reads every task that matches the filter, so it costs as much as a board. It
// fails as [Snapshot.Tasks] does.
func (s *Snapshot) TaskGroups(ctx context.Context, caller, project uuid.UUID, filter TaskFilter, by Grouping, p Page) (groups []TaskGroup, next string, err error) {
	part, err := taskList.sectionIn(p, by.Name)
	if err != nil {
		return nil, "", err
	}
	in, filter, none, err := s.within(ctx, caller, project, filter)
	if err != nil || none {
		return nil, "", err
	}
	var w dialect.Where
	w.And("t.project = ?", project)
	found, err := s.placed(ctx, &part, &w, filter, `{g}tasks t`)
	if err != nil {
		return nil, "", fmt.Errorf("groups of tasks of %s: %w", project, err)
	}
	return groupPage(&part, by, found, func(_, account uuid.UUID) bool { return in.member(account) })
}

// MyTaskGroups is [Snapshot.TaskGroups] for the tasks that [Snapshot.MyTasks]
// returns.
func (s *Snapshot) MyTaskGroups(ctx context.Context, caller uuid.UUID, filter TaskFilter, by Grouping, p Page) (groups []TaskGroup, next string, err error) {
	if p.Sort == "" {
		p.Sort = "due"
	}
	part, err := taskList.sectionIn(p, by.Name)
	if err != nil {
		return nil, "", err
	}
	var w dialect.Where
	w.And("a.account = ?", caller)
	found, err := s.placed(ctx, &part, &w, filter, assignedTasks)
	if err != nil {
		return nil, "", fmt.Errorf("groups of my tasks: %w", err)
	}
	members, err := s.membersOf(ctx, found)
	if err != nil {
		return nil, "", fmt.Errorf("groups of my tasks: %w", err)
	}
	return groupPage(&part, by, found, func(project, account uuid.UUID) bool { return members[membership{account, project}] })
}

// placed reads all tasks of a list in its order, and whether each lies after
// the cursor.
func (s *Snapshot) placed(ctx context.Context, part *section, w *dialect.Where, filter TaskFilter, from string) ([]keyed[taskScan], error) {
	filter.where(w)
	after, args := "1", []any(nil)
	if part.after != nil {
		var behind dialect.Where
		part.where(&behind)
		after, args = "case when "+behind.String()+" then 1 else 0 end", behind.Args
	}
	var found []keyed[taskScan]
	err := s.each(ctx, func(scan func(...any) error) error {
		var f keyed[taskScan]
		err := scan(f.item.dest(&f.key, &f.item.after)...)
		found = append(found, f)
		return err
	}, `select `+taskColumnsCard+`, `+part.expr+`, `+after+` from `+from+taskStatus+`where `+w.String()+part.order(part.expr, "t.id"), append(args, w.Args...)...)
	return found, err
}

// groupPage splits a sorted list into groups, and cuts them down to the page.
func groupPage(part *section, by Grouping, found []keyed[taskScan], assigned func(project, account uuid.UUID) bool) (groups []TaskGroup, next string, err error) {
	index := make(map[string]int)
	all := make([][]keyed[taskScan], 0)
	for _, f := range found {
		project := f.item.answer.Project
		t, err := f.item.task(func(account uuid.UUID) bool { return assigned(project, account) })
		if err != nil {
			return nil, "", err
		}
		key := by.Key(t)
		i, known := index[key]
		if !known {
			i = len(groups)
			index[key] = i
			groups, all = append(groups, TaskGroup{Key: key}), append(all, nil)
		}
		g := &groups[i]
		g.Total++
		if part.after != nil {
			if order := by.Compare(key, part.after.Group); order < 0 || order == 0 && f.item.after == 0 {
				g.Before++
				continue
			}
		}
		g.Tasks, all[i] = append(g.Tasks, t), append(all[i], f)
	}
	slices.SortFunc(groups, func(a, b TaskGroup) int { return by.Compare(a.Key, b.Key) })
	groups = slices.DeleteFunc(groups, func(g TaskGroup) bool { return len(g.Tasks) == 0 })
	room := part.limit
	for n := range groups {
		g := &groups[n]
		if room == 0 {
			return groups[:n], next, nil
		}
		cut := min(room, len(g.Tasks))
		last := all[index[g.Key]][cut-1]
		next = part.nextIn(g.Key, last.key, last.item.answer.ID)
		if cut < len(g.Tasks) {
			g.Tasks = g.Tasks[:cut]
			return groups[:n+1], next, nil
		}
		room -= cut
	}
	return groups, "", nil
}
