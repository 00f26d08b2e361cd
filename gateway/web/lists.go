package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

// listData is what a page with a list of tasks shows.
type listData struct {
	Path    string // of the page, without query
	Query   string
	Find    query
	Sort    string
	Group   string
	Groups  []group
	Next    string // the cursor of the next page
	First   bool   // whether this is the first page
	Empty   bool
	Filters []accounts.SavedFilter
	// Projects says that the tasks may be of several projects.
	Projects bool
}

// group is tasks under one heading.
type group struct {
	Key   string // stays the same while groups before it come and go
	Name  string
	Tasks []projections.Task
}

// address is the page with another query, order, grouping or cursor.
func (d listData) address(q, sort, group, cursor string) string {
	values := url.Values{}
	for name, value := range map[string]string{"q": q, "sort": sort, "group": group, "cursor": cursor} {
		if value != "" {
			values.Set(name, value)
		}
	}
	if len(values) == 0 {
		return d.Path
	}
	return d.Path + "?" + values.Encode()
}

// sorted is the address of the page in the order of a column, the other way
// round if it is in that order already.
func (d listData) sorted(by string) string {
	if d.Sort == by {
		by = "-" + by
	}
	return d.address(d.Query, by, d.Group, "")
}

// order is what aria-sort says of a column.
func (d listData) order(by string) string {
	switch d.Sort {
	case by:
		return "ascending"
	case "-" + by:
		return "descending"
	}
	return "none"
}

func newList(r *http.Request, path string) listData {
	values := r.URL.Query()
	d := listData{
		Path: path, Query: strings.TrimSpace(values.Get("q")), Sort: values.Get("sort"), Group: values.Get("group"),
		First: values.Get("cursor") == "",
	}
	d.Find = parseQuery(d.Query)
	if !slices.Contains(groupings, d.Group) {
		d.Group = ""
	}
	return d
}

var groupings = []string{"status", "priority", "assignee", "due", "label"}

const listPage = 100

// page is the part of the list that was asked for. An order that is not one of
// the list's, or a place in another, is no reason to show nothing.
func (d *listData) page(r *http.Request, sorts []string, first string) projections.Page {
	if !slices.Contains(sorts, strings.TrimPrefix(d.Sort, "-")) {
		d.Sort = first
	}
	return projections.Page{Limit: listPage, Sort: d.Sort, Cursor: r.URL.Query().Get("cursor")}
}

var taskSorts = []string{"number", "title", "priority", "due", "updated", "created", "rank"}

// list shows a project's tasks as a table.
func (w *Web) list(ctx context.Context, v *view, r *http.Request) (result, error) {
	return w.projectList(ctx, v, r, "list", false)
}

// trash shows a project's deleted tasks.
func (w *Web) trash(ctx context.Context, v *view, r *http.Request) (result, error) {
	return w.projectList(ctx, v, r, "trash", true)
}

func (w *Web) projectList(ctx context.Context, v *view, r *http.Request, name string, deleted bool) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	v.name(name)
	d := newList(r, "/projects/"+id.String()+"/"+name)
	first := "-number"
	if deleted {
		first = "-updated"
	}
	page := d.page(r, taskSorts, first)
	tasks, err := read(ctx, v, func(ctx context.Context, s *projections.Snapshot) (tasks []projections.Task, err error) {
		if err = v.open(ctx, s, id); err != nil {
			return nil, err
		}
		filter, none := d.Find.filter(v, v.members())
		if none {
			return nil, nil
		}
		filter.Deleted = deleted
		if err = v.readLabels(ctx, s); err != nil {
			return nil, err
		}
		tasks, d.Next, err = s.Tasks(ctx, v.me.ID, id, filter, page)
		return tasks, err
	})
	if err != nil {
		return result{}, err
	}
	if d.Filters, err = w.filtersOf(ctx, v); err != nil {
		return result{}, err
	}
	d.Empty = len(tasks) == 0
	v.title = v.T("page."+name) + " · " + v.project.Name
	if deleted {
		return result{show: trashPage(v, d, tasks)}, nil
	}
	d.Groups = v.grouped(tasks, d.Group)
	return result{show: listPageOf(v, d)}, nil
}

// grouped puts tasks under headings; tasks with several labels or assignees
// stand under the first.
func (v *view) grouped(tasks []projections.Task, by string) []group {
	if by == "" {
		return []group{{Tasks: tasks}}
	}
	var groups []group
	index := map[string]int{}
	add := func(key, name string, t projections.Task) {
		i, ok := index[key]
		if !ok {
			i = len(groups)
			index[key] = i
			groups = append(groups, group{Key: key, Name: name})
		}
		groups[i].Tasks = append(groups[i].Tasks, t)
	}
	switch by {
	case "status":
		for _, s := range v.project.Statuses {
			for _, t := range tasks {
				if t.Status == s.Key {
					add(s.Key, v.shownStatus(s), t)
				}
			}
		}
	case "priority":
		for i := len(events.Priorities) - 1; i >= 0; i-- {
			for _, t := range tasks {
				if p := events.Priorities[i]; t.Priority == p {
					add(string(p), v.T("priority."+string(p)), t)
				}
			}
		}
	default:
		for _, t := range tasks {
			key, name := "", v.T("list.none")
			switch {
			case by == "assignee" && len(t.Assignees) > 0:
				key = t.Assignees[0].String()
				name = v.personName(t.Assignees[0])
			case by == "label" && len(t.Labels) > 0:
				key, name = t.Labels[0], t.Labels[0]
			case by == "due":
				key = v.dueGroup(t.Due)
				name = v.T("due." + key)
			}
			add(key, name, t)
		}
	}
	return groups
}

// dueGroup is where a due date stands from today.
func (v *view) dueGroup(d events.Date) string {
	today := v.today()
	day := func(n int) string { return today.AddDate(0, 0, n).Format(time.DateOnly) }
	switch due := string(d); {
	case due == "":
		return "none"
	case due < day(0):
		return "overdue"
	case due == day(0):
		return "today"
	case due == day(1):
		return "tomorrow"
	case due <= day(7):
		return "week"
	}
	return "later"
}

// myWork shows what the person is assigned to, in all projects, by due date.
func (w *Web) myWork(ctx context.Context, v *view, r *http.Request) (result, error) {
	v.name("my_work")
	d := newList(r, "/my-work")
	d.Projects = true
	page := d.page(r, taskSorts, "due")
	tasks, err := read(ctx, v, func(ctx context.Context, s *projections.Snapshot) (tasks []projections.Task, err error) {
		filter, none := d.Find.filter(v, w.everybody(v))
		if none {
			return nil, nil
		}
		filter.Open = true
		tasks, d.Next, err = s.MyTasks(ctx, v.me.ID, filter, page)
		return tasks, err
	})
	if err != nil {
		return result{}, err
	}
	tasks = w.api.StillReadable(ctx, tasks)
	if d.Filters, err = w.filtersOf(ctx, v); err != nil {
		return result{}, err
	}
	d.Empty = len(tasks) == 0
	for _, key := range []string{"overdue", "today", "tomorrow", "week", "later", "none"} {
		g := group{Key: key, Name: v.T("due." + key)}
		for _, t := range tasks {
			if v.dueGroup(t.Due) == key {
				g.Tasks = append(g.Tasks, t)
			}
		}
		if len(g.Tasks) > 0 {
			d.Groups = append(d.Groups, g)
		}
	}
	return result{show: myWorkPage(v, d)}, nil
}

// find looks through everything the person may see.
func (w *Web) find(ctx context.Context, v *view, r *http.Request) (result, error) {
	v.name("find")
	d := newList(r, "/find")
	d.Projects = true
	page := d.page(r, taskSorts, "-updated")
	tasks, err := read(ctx, v, func(ctx context.Context, s *projections.Snapshot) (tasks []projections.Task, err error) {
		filter, none := d.Find.filter(v, w.everybody(v))
		if none || len(d.Find.Terms) == 0 {
			return nil, nil
		}
		tasks, d.Next, err = s.AllTasks(ctx, v.me.ID, filter, page)
		return tasks, err
	})
	if err != nil {
		return result{}, err
	}
	tasks = w.api.StillReadable(ctx, tasks)
	if d.Filters, err = w.filtersOf(ctx, v); err != nil {
		return result{}, err
	}
	d.Empty = len(tasks) == 0
	d.Groups = []group{{Tasks: tasks}}
	return result{show: findPage(v, d)}, nil
}

// everybody is the people of all the person's projects.
func (w *Web) everybody(v *view) []accounts.Person {
	var people []accounts.Person
	seen := map[uuid.UUID]bool{}
	for _, p := range v.projects {
		for _, m := range p.Members {
			if !seen[m.Account] {
				seen[m.Account] = true
				people = append(people, w.person(m.Account))
			}
		}
	}
	return people
}

// filtersOf are the person's saved filters for the page: those of its project,
// or those for all.
func (w *Web) filtersOf(ctx context.Context, v *view) ([]accounts.SavedFilter, error) {
	all, err := w.api.Accounts.Filters(ctx, v.me.ID)
	if err != nil {
		return nil, err
	}
	var project uuid.UUID
	if v.project != nil {
		project = v.project.ID
	}
	return slices.DeleteFunc(all, func(f accounts.SavedFilter) bool { return f.Project != project }), nil
}

func (w *Web) saveFilter(ctx context.Context, v *view, r *http.Request) (result, error) {
	_, err := w.api.Accounts.SaveFilter(ctx, v.me.ID, accounts.SavedFilter{
		Name: r.PostFormValue("name"), Project: personID(r.PostFormValue("project")), Query: r.PostFormValue("q"),
	})
	return result{to: local(r.PostFormValue("back"), "/find"), done: &done{phrase: "filter_saved"}}, err
}

func (w *Web) deleteFilter(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	all, err := w.api.Accounts.Filters(ctx, v.me.ID)
	if err != nil {
		return result{}, err
	}
	told := &done{phrase: "filter_deleted"}
	if i := slices.IndexFunc(all, func(f accounts.SavedFilter) bool { return f.ID == id }); i >= 0 {
		told.filter = &all[i]
	}
	err = w.api.Accounts.DeleteFilter(ctx, v.me.ID, id)
	if errors.Is(err, accounts.ErrNotFound) {
		err = nil // it is gone, as it was to be
	}
	return result{to: local(r.PostFormValue("back"), "/find"), done: told}, err
}

func parseRevision(text string) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil && n > 0
}
