package api

import (
	"context"

	"github.com/docketlog/docket/events"
)

// Undoing names what to undo.
type Undoing struct {
	Revision uint64 `json:"revision" minimum:"1" doc:"A revision of the task or project, such as the Docket-Change of an earlier response or a revision in the history. The whole change that created it is undone."`
}

func (a *API) undoTask(ctx context.Context, in *struct {
	OfTask
	Writing
	Body Undoing
}) (*TaskAnswer, error) {
	o, err := a.service.Undo(ctx, events.Task(in.ID), in.Body.Revision, in.write())
	if err != nil {
		return nil, err
	}
	return a.taskAnswer(ctx, o), nil
}

func (a *API) undoProject(ctx context.Context, in *struct {
	OfProject
	Writing
	Body Undoing
}) (*ProjectAnswer, error) {
	o, err := a.service.Undo(ctx, events.Project(in.ID), in.Body.Revision, in.write())
	if err != nil {
		return nil, err
	}
	return projectAnswer(ctx, o), nil
}
