package api

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/projections"
)

// foldRest is how long the log is not asked after it did not answer, so that
// reads stay quick while it is away.
const foldRest = time.Second

// admission asks the log who may read. The rows decide too, and first; but they
// may be behind, and who was taken out of a project must not read on until they
// have caught up. While the log cannot be asked the rows decide alone: reading
// outlives the broker.
type admission struct {
	project  func(context.Context, uuid.UUID) (commands.Project, error)
	patience time.Duration
	logger   *slog.Logger
	// resting is until when the log is not asked, in nanoseconds of Unix time.
	resting atomic.Int64
}

// admits reports whether the account is a member of the project, as far as the
// log can be asked.
func (a *admission) admits(ctx context.Context, project, account uuid.UUID) bool {
	if time.Now().UnixNano() < a.resting.Load() {
		return true
	}
	type answer struct {
		project commands.Project
		err     error
	}
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	answered := make(chan answer, 1)
	// By itself, because it may have to wait for a command that waits for the
	// log, and that no context ends.
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
	a.logger.Debug("the rows alone decide who may read", slog.Any("project", project), slog.Any("err", got.err))
	return true
}

// stillIn fails as if there were no such project if the caller, whom the rows
// let in, is no member any more.
func (a *API) stillIn(ctx context.Context, project uuid.UUID) error {
	if !a.admission.admits(ctx, project, access.From(ctx).Account) {
		return projections.ErrNotFound
	}
	return nil
}

// stillReadable leaves out of a list over all projects what is of those the
// caller is no member of any more.
func stillReadable[R any](ctx context.Context, a *API, rows []R, projectOf func(R) uuid.UUID) []R {
	admitted := make(map[uuid.UUID]bool)
	kept := rows[:0]
	for _, row := range rows {
		project := projectOf(row)
		in, asked := admitted[project]
		if !asked {
			in = a.stillIn(ctx, project) == nil
			admitted[project] = in
		}
		if in {
			kept = append(kept, row)
		}
	}
	return kept
}

// readOfTask is [read] of what belongs to a task, for a caller who may see the
// task.
func readOfTask[T any](ctx context.Context, a *API, in Reading, task uuid.UUID, ask func(context.Context, *projections.Snapshot) (T, error)) (T, string, error) {
	var project uuid.UUID
	answer, position, err := read(ctx, a, in, func(ctx context.Context, s *projections.Snapshot) (T, error) {
		t, err := s.Task(ctx, access.From(ctx).Account, task)
		if err != nil {
			var none T
			return none, err
		}
		project = t.Project
		return ask(ctx, s)
	})
	if err == nil {
		err = a.stillIn(ctx, project)
	}
	return answer, position, err
}
