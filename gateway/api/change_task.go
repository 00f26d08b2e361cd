package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/projections"
)

// TaskPatch is a merge patch of a task. All it changes is one change: it
// happens wholly or not at all.
type TaskPatch struct {
	Title       Field[string]          `json:"title,omitzero" nullable:"false" maxLength:"200"`
	Description Field[string]          `json:"description,omitzero" maxLength:"65536" doc:"At most 65,536 bytes; null clears it."`
	Status      Field[string]          `json:"status,omitzero" nullable:"false" maxLength:"32" doc:"The key of one of the project's statuses."`
	Rank        Field[string]          `json:"rank,omitzero" nullable:"false" maxLength:"32" doc:"Its place within its status; after and before are easier."`
	Priority    Field[events.Priority] `json:"priority,omitzero" enum:"none,low,medium,high,urgent" doc:"Null stands for none."`
	Due         Field[events.Date]     `json:"due,omitzero" format:"date" doc:"Null clears it."`
	Labels      Field[[]string]        `json:"labels,omitzero" maxItems:"20" doc:"All of them, at most 50 characters each; null clears them."`
	Assignees   Field[[]uuid.UUID]     `json:"assignees,omitzero" maxItems:"50" format:"uuid" doc:"All of them; null clears them."`
	After       Field[uuid.UUID]       `json:"after,omitzero" format:"uuid" doc:"Place it after this task, null for the beginning."`
	Before      Field[uuid.UUID]       `json:"before,omitzero" format:"uuid" doc:"Place it before this task, null for the end."`
	Seen        *SeenTask              `json:"seen,omitempty" doc:"What you saw of the fields you change. If one of them says something else by now, and not what you want, all of it is refused with 409 changed_meanwhile, and nobody's work is overwritten."`
}

// SeenTask is what the caller saw of a task, each field as the task has it.
type SeenTask struct {
	Title       Field[string]          `json:"title,omitzero" nullable:"false"`
	Description Field[string]          `json:"description,omitzero" doc:"Null stands for none."`
	Status      Field[string]          `json:"status,omitzero" nullable:"false" doc:"The status it was moved from, also of a move within it."`
	Priority    Field[events.Priority] `json:"priority,omitzero" doc:"Null stands for none."`
	Due         Field[events.Date]     `json:"due,omitzero" doc:"Null stands for none."`
	Labels      Field[[]string]        `json:"labels,omitzero" doc:"In any order; null stands for none."`
}

func (a *API) changeTask(ctx context.Context, in *struct {
	OfTask
	Reading
	Writing
	Body TaskPatch
}) (*TaskAnswer, error) {
	b := &in.Body
	var wrong nulls
	refuse(&wrong, "title", b.Title)
	refuse(&wrong, "status", b.Status)
	refuse(&wrong, "rank", b.Rank)
	if b.Seen != nil {
		refuse(&wrong, "seen.title", b.Seen.Title)
		refuse(&wrong, "seen.status", b.Seen.Status)
		if b.Seen.Priority.Null {
			b.Seen.Priority.Value = events.PriorityNone
		}
	}
	if err := wrong.err(); err != nil {
		return nil, err
	}
	if b.Status.Given && b.Status.Value == "" {
		return nil, problem.Wrong(problem.InBody, "status", problem.Reason(commands.ReasonEmpty), "must not be empty; leave it out to keep it")
	}
	if b.Rank.Given && b.Rank.Value == "" {
		return nil, problem.Wrong(problem.InBody, "rank", problem.Reason(commands.ReasonEmpty), "must not be empty; leave it out to keep it")
	}
	if b.Priority.Null {
		b.Priority.Value = events.PriorityNone
	}
	if b.After.Given || b.Before.Given {
		if b.Rank.Given {
			return nil, problem.Wrong(problem.InBody, "rank", problem.Misplaced, "cannot be combined with after or before")
		}
		rank, err := a.place(ctx, in.ID, b, in.Reading)
		if err != nil {
			return nil, err
		}
		b.Rank.Value = rank
	}
	return a.changed(ctx, b.command(in.ID), in.Writing)
}

// command is what the patch asks for. A patch of nothing is an edit of nothing,
// which changes nothing and is refused to whom any other would be.
func (b *TaskPatch) command(task uuid.UUID) commands.Command {
	edit := commands.EditTask{
		Task: task, Title: b.Title.pointer(), Description: b.Description.pointer(),
		Priority: b.Priority.pointer(), Due: b.Due.pointer(), Labels: b.Labels.pointer(),
	}
	var parts []commands.Command
	if edit != (commands.EditTask{Task: task}) {
		if s := b.Seen; s != nil {
			edit.Seen = commands.Seen{
				Title: s.Title.pointer(), Description: s.Description.pointer(),
				Priority: s.Priority.pointer(), Due: s.Due.pointer(), Labels: s.Labels.pointer(),
			}
		}
		parts = append(parts, edit)
	}
	if b.Status.Value != "" || b.Rank.Value != "" {
		move := commands.MoveTask{Task: task, Status: b.Status.Value, Rank: b.Rank.Value}
		if b.Seen != nil {
			move.SeenStatus = b.Seen.Status.Value
		}
		parts = append(parts, move)
	}
	if b.Assignees.Given {
		parts = append(parts, commands.ReassignTask{Task: task, Assignees: b.Assignees.Value})
	}
	if len(parts) == 0 {
		return edit
	}
	return commands.Together(parts...)
}

// place is a rank after the one neighbour and before the other. Where only one
// is named the rows are asked for the other; they may be behind, and then the
// task stands one place off, which is all that can happen.
func (a *API) place(ctx context.Context, id uuid.UUID, b *TaskPatch, in Reading) (string, error) {
	caller := access.From(ctx).Account
	moved, project, err := a.visible(ctx, caller, id)
	if err != nil {
		return "", err
	}
	after, err := a.neighbour(ctx, moved, "after", b.After)
	if err != nil {
		return "", err
	}
	before, err := a.neighbour(ctx, moved, "before", b.Before)
	if err != nil {
		return "", err
	}
	status := b.Status.Value
	if status == "" {
		if s, ok := project.Status(moved.Status); ok {
			status = s.Key
		}
	}
	switch {
	case !b.Before.Given:
		before, err = a.next(ctx, moved, status, "rank", in, func(rank string) bool { return rank > after })
	case !b.After.Given && before != "":
		after, err = a.next(ctx, moved, status, "-rank", in, func(rank string) bool { return rank < before })
	}
	if err != nil {
		return "", err
	}
	if before == "" {
		// The end by the clock keeps ranks short however often it is used.
		if end := commands.RankAtEnd(time.Now()); end > after {
			return end, nil
		}
	}
	if after == "" {
		// So does the start.
		if start := commands.RankAtStart(time.Now()); start < before {
			return start, nil
		}
	}
	rank := commands.RankBetween(after, before)
	if len(rank) > commands.MaxRank {
		return "", problem.New(problem.Code(commands.CodeLimit), "There is no room left between these two; move one of them a little, then try again.")
	}
	return rank, nil
}

// visible is the task and its project, if the caller may know of it.
func (a *API) visible(ctx context.Context, caller, id uuid.UUID) (commands.Task, commands.Project, error) {
	task, err := a.Commands.Task(ctx, id)
	if err != nil {
		return commands.Task{}, commands.Project{}, err
	}
	project, err := a.Commands.Project(ctx, task.Project)
	if err != nil {
		return commands.Task{}, commands.Project{}, err
	}
	if !task.Exists() || project.Role(caller) == "" {
		return commands.Task{}, commands.Project{}, problem.New(problem.NotFound, "There is no such task")
	}
	return task, project, nil
}

// neighbour is the rank of a task named as one, "" if none is.
func (a *API) neighbour(ctx context.Context, moved commands.Task, field string, f Field[uuid.UUID]) (string, error) {
	if !f.Given || f.Null {
		return "", nil
	}
	if f.Value == moved.ID {
		return "", problem.Wrong(problem.InBody, field, problem.Misplaced, "must be another task than the one that is placed")
	}
	task, err := a.Commands.Task(ctx, f.Value)
	if err != nil {
		return "", err
	}
	if !task.Exists() || task.Project != moved.Project {
		return "", problem.Wrong(problem.InBody, field, problem.Elsewhere, "is not a task of this project")
	}
	return task.Rank, nil
}

// next finds in the rows the neighbour that was not named: the first in the
// order that lies beyond the other, "" if there is none.
func (a *API) next(ctx context.Context, moved commands.Task, status, sort string, in Reading, beyond func(rank string) bool) (string, error) {
	filter := projections.TaskFilter{Statuses: []string{status}}
	rank, _, err := read(ctx, a, in, func(ctx context.Context, s *projections.Snapshot) (string, error) {
		for cursor := ""; ; {
			page := projections.Page{Limit: projections.MaxLimit, Cursor: cursor, Sort: sort}
			rows, next, err := s.Tasks(ctx, access.From(ctx).Account, moved.Project, filter, page)
			if err != nil {
				return "", err
			}
			for _, t := range rows {
				if t.ID != moved.ID && beyond(t.Rank) {
					return t.Rank, nil
				}
			}
			if cursor = next; next == "" {
				return "", nil
			}
		}
	})
	return rank, err
}
