package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/gateway/web/taskquery"
	"github.com/docketlog/docket/projections"
)

// listData is the content of a page with a list of tasks.
type listData struct {
	Path    string // of the page, without query
	Query   string
	Find    taskquery.Query
	Sort    string
	Group   string
	Groups  []group // if Group is empty, one without a name
	Next    string  // the cursor of the next page
	First   bool    // whether this is the first page
	Empty   bool
	Filters []accounts.SavedFilter
	// Projects says that the tasks may be of several projects.
	Projects bool
}

// group is the tasks under one heading that are on the page.
type group struct {
	projections.TaskGroup
	Name string
}

// address returns the address of the page with another query, order, grouping
// or cursor.
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

// sorted returns the address of the page sorted by a column, in reverse if it
// is already sorted by that column.
func (d listData) sorted(by string) string {
	if d.Sort == by {
		by = "-" + by
	}
	return d.address(d.Query, by, d.Group, "")
}

// order returns the aria-sort value of a column.
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
	d.Find = taskquery.Parse(d.Query)
	if !slices.Contains(groupings, d.Group) {
		d.Group = ""
	}
	return d
}

const listPage = 100

// page reads the requested part of the list. An unknown order, or a cursor of
// another order, is not an error: the list is still shown.
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
		filter, none := d.Find.Filter(v.scope(v.members()))
		if none {
			return nil, nil
		}
		filter.Deleted = deleted
		if err = v.readLabels(ctx, s); err != nil {
			return nil, err
		}
		if !deleted && d.Group != "" {
			by := v.grouping(d.Group)
			groups, next, err := s.TaskGroups(ctx, v.me.ID, id, filter, by, page)
			d.Groups, d.Next = v.named(groups, d.Group), next
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
	v.title = v.T("page."+name) + " · " + v.project.Name
	if len(tasks) > 0 {
		d.Groups = oneGroup(tasks)
	}
	d.Empty = len(d.Groups) == 0
	if deleted {
		return result{show: trashPage(v, d, tasks)}, nil
	}
	return result{show: listPageOf(v, d)}, nil
}

// oneGroup returns tasks as a single group without a heading.
func oneGroup(tasks []projections.Task) []group {
	return []group{{TaskGroup: projections.TaskGroup{Tasks: tasks, Total: len(tasks)}}}
}

// myWork shows the tasks assigned to the user in all projects, by due date.
func (w *Web) myWork(ctx context.Context, v *view, r *http.Request) (result, error) {
	v.name("my_work")
	d := newList(r, "/my-work")
	d.Projects = true
	page := d.page(r, taskSorts, "due")
	groups, err := read(ctx, v, func(ctx context.Context, s *projections.Snapshot) (groups []projections.TaskGroup, err error) {
		filter, none := d.Find.Filter(v.scope(w.everybody(v)))
		if none {
			return nil, nil
		}
		filter.Open = true
		groups, d.Next, err = s.MyTaskGroups(ctx, v.me.ID, filter, v.grouping("due"), page)
		return groups, err
	})
	if err != nil {
		return result{}, err
	}
	for _, g := range v.named(groups, "due") {
		before := len(g.Tasks)
		g.Tasks = w.service.ReadableTasks(ctx, g.Tasks)
		g.Total -= before - len(g.Tasks)
		if len(g.Tasks) > 0 {
			d.Groups = append(d.Groups, g)
		}
	}
	if d.Filters, err = w.filtersOf(ctx, v); err != nil {
		return result{}, err
	}
	d.Empty = len(d.Groups) == 0
	return result{show: myWorkPage(v, d)}, nil
}

// find searches everything the user has access to.
func (w *Web) find(ctx context.Context, v *view, r *http.Request) (result, error) {
	v.name("find")
	d := newList(r, "/find")
	d.Projects = true
	page := d.page(r, taskSorts, "-updated")
	tasks, err := read(ctx, v, func(ctx context.Context, s *projections.Snapshot) (tasks []projections.Task, err error) {
		filter, none := d.Find.Filter(v.scope(w.everybody(v)))
		if none || len(d.Find.Terms) == 0 {
			return nil, nil
		}
		tasks, d.Next, err = s.AllTasks(ctx, v.me.ID, filter, page)
		return tasks, err
	})
	if err != nil {
		return result{}, err
	}
	tasks = w.service.ReadableTasks(ctx, tasks)
	if d.Filters, err = w.filtersOf(ctx, v); err != nil {
		return result{}, err
	}
	d.Empty = len(tasks) == 0
	d.Groups = oneGroup(tasks)
	return result{show: findPage(v, d)}, nil
}

// everybody returns the people of all the user's projects.
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

// filtersOf returns the user's saved filters for the page: those of its
// project, or those for all projects.
func (w *Web) filtersOf(ctx context.Context, v *view) ([]accounts.SavedFilter, error) {
	all, err := w.accounts.Filters(ctx, v.me.ID)
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
	_, err := w.accounts.SaveFilter(ctx, v.me.ID, accounts.SavedFilter{
		Name: r.PostFormValue("name"), Project: personID(r.PostFormValue("project")), Query: r.PostFormValue("q"),
	})
	return result{to: local(r.PostFormValue("back"), "/find"), done: &done{phrase: "filter_saved"}}, err
}

func (w *Web) deleteFilter(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	all, err := w.accounts.Filters(ctx, v.me.ID)
	if err != nil {
		return result{}, err
	}
	told := &done{phrase: "filter_deleted"}
	if i := slices.IndexFunc(all, func(f accounts.SavedFilter) bool { return f.ID == id }); i >= 0 {
		told.filter = &all[i]
	}
	err = w.accounts.DeleteFilter(ctx, v.me.ID, id)
	if errors.Is(err, accounts.ErrNotFound) {
		err = nil // already deleted, as requested
	}
	return result{to: local(r.PostFormValue("back"), "/find"), done: told}, err
}

func parseRevision(text string) (uint64, bool) {
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil && n > 0
}
