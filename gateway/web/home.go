package web

import (
	"context"
	"net/http"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/projections"
)

// home shows the user's projects, or how to create the first one.
func (w *Web) home(ctx context.Context, v *view, _ *http.Request) (result, error) {
	v.name("home")
	_, err := read(ctx, v, func(context.Context, *projections.Snapshot) (struct{}, error) { return struct{}{}, nil })
	if err != nil {
		return result{}, err
	}
	return result{show: homePage(v, "", "")}, nil
}

func (w *Web) createProject(ctx context.Context, v *view, r *http.Request) (result, error) {
	name := r.PostFormValue("name")
	o, err := w.service.Do(ctx, commands.CreateProject{Project: service.NewID(ctx, "project"), Name: name}, service.Write{})
	if err != nil {
		if _, readErr := w.home(ctx, v, r); readErr != nil {
			return result{}, err
		}
		p := problemOf(v, err)
		return result{show: homePage(v, name, v.problemText(p)), status: p.Status}, nil
	}
	return result{to: "/projects/" + o.Project.ID.String(), done: did("project_created", o), at: o.Position}, nil
}

// openTasks counts the tasks of a project that are not done.
func openTasks(p *projections.Project) int {
	n := 0
	for _, s := range p.Statuses {
		if s.Category != events.CategoryDone {
			n += p.Counts[s.Key]
		}
	}
	return n
}

func doneTasks(p *projections.Project) int {
	n := 0
	for _, s := range p.Statuses {
		if s.Category == events.CategoryDone {
			n += p.Counts[s.Key]
		}
	}
	return n
}
