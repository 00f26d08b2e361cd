package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
)

// TaskPatch is a merge patch of a task. It is one atomic change.
type TaskPatch struct {
	Title       Field[string]          `json:"title,omitzero" nullable:"false" maxLength:"200"`
	Description Field[string]          `json:"description,omitzero" maxLength:"65536" doc:"At most 65,536 bytes; null clears it."`
	Status      Field[string]          `json:"status,omitzero" nullable:"false" maxLength:"32" doc:"The key of one of the project's statuses."`
	Rank        Field[string]          `json:"rank,omitzero" nullable:"false" maxLength:"32" doc:"The place within the status. Prefer after and before."`
	Priority    Field[events.Priority] `json:"priority,omitzero" enum:"none,low,medium,high,urgent" doc:"Null means none."`
	Due         Field[events.Date]     `json:"due,omitzero" format:"date" doc:"Null clears it."`
	Labels      Field[[]string]        `json:"labels,omitzero" maxItems:"20" doc:"Replaces all labels; at most 50 characters each. Null removes all."`
	Assignees   Field[[]uuid.UUID]     `json:"assignees,omitzero" maxItems:"50" format:"uuid" doc:"Replaces all assignees. Null removes all."`
	After       Field[uuid.UUID]       `json:"after,omitzero" format:"uuid" doc:"Place the task after the one with this ID. Null places it first."`
	Before      Field[uuid.UUID]       `json:"before,omitzero" format:"uuid" doc:"Place the task before the one with this ID. Null places it last."`
	Seen        *SeenTask              `json:"seen,omitempty" doc:"The values of the changed fields as the client last saw them. If a field has since changed to something other than the requested value, the whole request fails with 409 changed_meanwhile and nothing is overwritten."`
}

// SeenTask holds the fields of a task as the caller saw them, each in the
// task's own format.
type SeenTask struct {
	Title       Field[string]          `json:"title,omitzero" nullable:"false"`
	Description Field[string]          `json:"description,omitzero" doc:"Null means none."`
	Status      Field[string]          `json:"status,omitzero" nullable:"false" doc:"The status before the move, even if the task stays in it."`
	Priority    Field[events.Priority] `json:"priority,omitzero" doc:"Null means none."`
	Due         Field[events.Date]     `json:"due,omitzero" doc:"Null means none."`
	Labels      Field[[]string]        `json:"labels,omitzero" doc:"In any order. Null means none."`
}

func (a *API) changeTask(ctx context.Context, in *struct {
	OfTask
	Reading
	Writing
	Body TaskPatch
}) (*TaskAnswer, error) {
	if err := in.Body.check(); err != nil {
		return nil, err
	}
	write := in.write()
	write.Seen = in.at()
	o, err := a.service.ChangeTask(ctx, in.Body.change(in.ID), write)
	if err != nil {
		return nil, err
	}
	return a.taskAnswer(ctx, o), nil
}

// check refuses values that no task can have: null where nothing can be
// cleared, and the empty string where it would look like null.
func (b *TaskPatch) check() error {
	var wrong nulls
	refuse(&wrong, "title", b.Title)
	refuse(&wrong, "status", b.Status)
	refuse(&wrong, "rank", b.Rank)
	if b.Seen != nil {
		refuse(&wrong, "seen.title", b.Seen.Title)
		refuse(&wrong, "seen.status", b.Seen.Status)
	}
	if err := wrong.err(); err != nil {
		return err
	}
	if b.Status.Given && b.Status.Value == "" {
		return problem.Wrong(problem.InBody, "status", problem.Reason(commands.ReasonEmpty), "must not be empty; omit it to keep the current value")
	}
	if b.Rank.Given && b.Rank.Value == "" {
		return problem.Wrong(problem.InBody, "rank", problem.Reason(commands.ReasonEmpty), "must not be empty; omit it to keep the current value")
	}
	return nil
}

// change returns the change that the patch describes.
func (b *TaskPatch) change(task uuid.UUID) service.TaskChange {
	c := service.TaskChange{
		Task: task, Title: b.Title.pointer(), Description: b.Description.pointer(),
		Priority: priority(b.Priority), Due: b.Due.pointer(), Labels: b.Labels.pointer(),
		Status: b.Status.Value, Assignees: b.Assignees.pointer(),
		Place: service.Place{Rank: b.Rank.Value, After: neighbour(b.After), Before: neighbour(b.Before)},
	}
	if s := b.Seen; s != nil {
		c.SeenStatus = s.Status.Value
		c.Seen = commands.Seen{
			Title: s.Title.pointer(), Description: s.Description.pointer(),
			Priority: priority(s.Priority), Due: s.Due.pointer(), Labels: s.Labels.pointer(),
		}
	}
	return c
}

// priority returns the priority to set; null means no priority, which is a
// priority too.
func priority(f Field[events.Priority]) *events.Priority {
	if f.Null {
		f.Value = events.PriorityNone
	}
	return f.pointer()
}

// neighbour returns the task named as a neighbour; null names none.
func neighbour(f Field[uuid.UUID]) *service.Neighbour {
	if !f.Given {
		return nil
	}
	return &service.Neighbour{Task: f.Value, None: f.Null}
}
