package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/projections"
)

// What follows is the interface for those within the gateway who answer with
// something else than JSON: the same commands, the same reads and the same
// rules about who may.

// Do hands a command over in the name of the context's caller. It fails as
// [commands.Handler.Handle] does.
func (a *API) Do(ctx context.Context, command commands.Command) (commands.Outcome, error) {
	return a.do(ctx, command, Writing{})
}

// DoPart is Do for one of several commands about different things that one
// request asks for; what tells them apart.
func (a *API) DoPart(ctx context.Context, what string, command commands.Command) (commands.Outcome, error) {
	return a.Commands.Handle(ctx, command, commands.Request{
		Actor: access.From(ctx).Account, Command: derived(idempotency.Command(ctx), what),
	})
}

// NewID makes the id of what the request creates; what tells several apart.
func NewID(ctx context.Context, what string) uuid.UUID { return newID(ctx, what) }

// Read asks the rows, once they have reached the position, and gives the
// position of the snapshot that answered. It fails as [projections.Store.Read]
// does.
func Read[T any](ctx context.Context, a *API, at events.Position, ask func(context.Context, *projections.Snapshot) (T, error)) (T, events.Position, error) {
	var reached events.Position
	answer, _, err := read(ctx, a, Reading{Position{at}}, func(ctx context.Context, s *projections.Snapshot) (T, error) {
		reached = s.Position
		return ask(ctx, s)
	})
	return answer, reached, err
}

// StillIn fails with [projections.ErrNotFound] if the caller, whom the rows let
// in, is no member of the project any more.
func (a *API) StillIn(ctx context.Context, project uuid.UUID) error { return a.stillIn(ctx, project) }

// StillReadable leaves out of the tasks those of projects that the caller is no
// member of any more.
func (a *API) StillReadable(ctx context.Context, tasks []projections.Task) []projections.Task {
	return stillReadable(ctx, a, tasks, func(t projections.Task) uuid.UUID { return t.Project })
}

// TaskOf is the task an outcome is about, as the interface shows it.
func (a *API) TaskOf(ctx context.Context, o commands.Outcome) Task { return a.taskAnswer(ctx, o).Body }

// ClientAddress is the network address of who sent the request, by which
// attempts are limited; see [WithClient].
func ClientAddress(ctx context.Context) string { return clientOf(ctx).address }

// EraseAccount takes the context's caller out of all projects and erases the
// account, once the password has proved to be theirs. Refused, it has done
// nothing; broken off, it is completed by asking again.
func (a *API) EraseAccount(ctx context.Context, password string) error {
	_, err := a.eraseMe(ctx, &erasing{Body: Password{password}})
	return err
}
