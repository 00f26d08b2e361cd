package service

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/projections"
)

// foldRest is the backoff after the log did not answer, so that reads stay fast
// while it is unavailable.
const foldRest = time.Second

// admission checks read access against the log. The rows decide first, but they
// may be behind, and a removed member must lose access before they have caught
// up. While the log is unavailable the rows decide alone, so reads keep working
// without the broker.
type admission struct {
	project func(context.Context, uuid.UUID) (commands.Project, error)
	timeout time.Duration
	logger  *slog.Logger
	// resting is the end of the backoff, in nanoseconds of Unix time.
	resting atomic.Int64
}

// admits reports whether the account is a member of the project, as far as the
// log can be reached.
func (a *admission) admits(ctx context.Context, project, account uuid.UUID) bool {
	if time.Now().UnixNano() < a.resting.Load() {
		return true
	}
	type answer struct {
		project commands.Project
		err     error
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	answered := make(chan answer, 1)
	// In a goroutine of its own, because it may wait behind a command that waits
	// for the log, and no context ends that wait.
	go func() {
		defer cancel()
		p, err := a.project(ctx, project)
		answered <- answer{p, err}
	}()
	var got answer
	select {
	case got = <-answered:
	case <-ctx.Done():
		got.err = ctx.Err()
	}
	if got.err == nil {
		return got.project.Role(account) != ""
	}
	if errors.Is(got.err, context.DeadlineExceeded) {
		a.resting.Store(time.Now().Add(foldRest).UnixNano())
	}
	a.logger.Debug("access decided by the rows alone", slog.Any("project", project), slog.Any("err", got.err))
	return true
}

// Visible returns a task and its project from the log, if the caller may see
// them. Otherwise it fails as if the task did not exist.
func (s *Service) Visible(ctx context.Context, id uuid.UUID) (commands.Task, commands.Project, error) {
	task, err := s.commands.Task(ctx, id)
	if err != nil {
		return commands.Task{}, commands.Project{}, err
	}
	project, err := s.commands.Project(ctx, task.Project)
	if err != nil {
		return commands.Task{}, commands.Project{}, err
	}
	if !task.Exists() || project.Role(access.From(ctx).Account) == "" {
		return commands.Task{}, commands.Project{}, problem.New(problem.NotFound, "The task does not exist or you have no access to it.")
	}
	return task, project, nil
}

// VisibleProject returns a project from the log, if the caller is a member.
// Otherwise it fails as if the project did not exist.
func (s *Service) VisibleProject(ctx context.Context, id uuid.UUID) (commands.Project, error) {
	project, err := s.commands.Project(ctx, id)
	if err == nil && project.Role(access.From(ctx).Account) == "" {
		err = problem.New(problem.NotFound, "The project does not exist or you have no access to it.")
	}
	return project, err
}

// StillIn fails with [projections.ErrNotFound] if the caller, to whom the rows
// grant access, is no longer a member of the project.
func (s *Service) StillIn(ctx context.Context, project uuid.UUID) error {
	if !s.admission.admits(ctx, project, access.From(ctx).Account) {
		return projections.ErrNotFound
	}
	return nil
}

// ReadableTasks removes from a list across projects the tasks of projects that
// the caller is no longer a member of. It reuses the list's memory.
func (s *Service) ReadableTasks(ctx context.Context, tasks []projections.Task) []projections.Task {
	return readable(ctx, s, tasks, func(t projections.Task) uuid.UUID { return t.Project })
}

// ReadableProjects removes from a list the projects that the caller is no
// longer a member of. It reuses the list's memory.
func (s *Service) ReadableProjects(ctx context.Context, projects []projections.Project) []projections.Project {
	return readable(ctx, s, projects, func(p projections.Project) uuid.UUID { return p.ID })
}

func readable[R any](ctx context.Context, s *Service, rows []R, projectOf func(R) uuid.UUID) []R {
	admitted := make(map[uuid.UUID]bool)
	kept := rows[:0]
	for _, row := range rows {
		project := projectOf(row)
		in, asked := admitted[project]
		if !asked {
			in = s.StillIn(ctx, project) == nil
			admitted[project] = in
		}
		if in {
			kept = append(kept, row)
		}
	}
	return kept
}
