package api

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/problem"
)

// SavedFilter is a task filter that the caller has named.
type SavedFilter struct {
	ID        uuid.UUID  `json:"id" format:"uuid"`
	Name      string     `json:"name"`
	ProjectID *uuid.UUID `json:"project_id" format:"uuid" doc:"The project the filter applies to; null for all projects."`
	Query     string     `json:"query" doc:"The query parameters, as saved."`
}

func savedFilter(f accounts.SavedFilter) SavedFilter {
	shaped := SavedFilter{ID: f.ID, Name: f.Name, Query: f.Query}
	if f.Project != uuid.Nil {
		shaped.ProjectID = &f.Project
	}
	return shaped
}

// NewFilter is a filter to save.
type NewFilter struct {
	Name      string     `json:"name" maxLength:"60" doc:"Replaces a filter with the same name for the same project."`
	ProjectID *uuid.UUID `json:"project_id,omitempty" format:"uuid" doc:"The project the filter applies to. Defaults to all projects."`
	Query     string     `json:"query,omitempty" maxLength:"500" doc:"Query parameters for listing tasks, such as assignee=me&open=true. Stored as is."`
}

// SavedFilterAnswer is the answer with a saved filter.
type SavedFilterAnswer struct {
	Position string `header:"Docket-Position" doc:"The log position this response reflects."`
	Body     SavedFilter
}

func (a *API) filters(ctx context.Context, in *Reading) (*Listed[SavedFilter], error) {
	all, err := a.accounts.Filters(ctx, access.From(ctx).Account)
	if err != nil {
		return nil, err
	}
	position, err := a.now(ctx, *in)
	if err != nil {
		return nil, err
	}
	return listed(all, "", position, savedFilter), nil
}

func (a *API) saveFilter(ctx context.Context, in *struct {
	Keyed
	Body NewFilter
}) (*SavedFilterAnswer, error) {
	caller := access.From(ctx).Account
	f := accounts.SavedFilter{Name: in.Body.Name, Query: in.Body.Query}
	if in.Body.ProjectID != nil {
		f.Project = *in.Body.ProjectID
		if _, err := a.service.VisibleProject(ctx, f.Project); err != nil {
			if problem.From(err).Code == problem.NotFound {
				err = problem.Wrong(problem.InBody, "project_id", problem.Elsewhere, "must be a project you are a member of")
			}
			return nil, err
		}
	}
	var err error
	if idempotency.Done(ctx) {
		// It may have been changed or deleted since, and that change stands.
		f, err = a.savedAs(ctx, caller, f)
	} else {
		f, err = a.accounts.SaveFilter(ctx, caller, f)
	}
	if err != nil {
		return nil, err
	}
	position, err := a.now(ctx, Reading{})
	if err != nil {
		return nil, err
	}
	return &SavedFilterAnswer{position.String(), savedFilter(f)}, nil
}

// savedAs finds the filter saved under the name for the project.
func (a *API) savedAs(ctx context.Context, caller uuid.UUID, f accounts.SavedFilter) (accounts.SavedFilter, error) {
	all, err := a.accounts.Filters(ctx, caller)
	if err != nil {
		return f, err
	}
	for _, saved := range all {
		if saved.Name == strings.TrimSpace(f.Name) && saved.Project == f.Project {
			return saved, nil
		}
	}
	return f, problem.New(problem.NotFound, "The filter has since been deleted.")
}

func (a *API) deleteFilter(ctx context.Context, in *struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The saved filter's ID."`
	Keyed
}) (*Done, error) {
	if err := a.accounts.DeleteFilter(ctx, access.From(ctx).Account, in.ID); err != nil {
		return nil, err
	}
	return a.done(ctx)
}
