package commands

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/traces"
	"github.com/google/uuid"
)

// freshness says where the fold that a command is decided on comes from.
type freshness int

const (
	// kept: it was in memory. Appending to it needs no more care, because the
	// log refuses an append that does not fit. A rejection, or a result of no
	// change, is not trusted: another process may have made it untrue a moment
	// ago.
	kept freshness = iota
	// read: it was read from the log for this command, and is trusted.
	read
)

// handling is one command in progress: load, decide, append, settle. Its owner
// holds the mutex of the target's fold.
type handling struct {
	handler *Handler
	command Command
	request Request
	target  *fold
	fresh   freshness
	// project governs the command, as of its last event.
	project Project
	at      events.Position
}

// load completes the target's fold, as far as this process knows, and finds the
// project.
func (c *handling) load(ctx context.Context) error {
	if c.fresh != read && !c.handler.folds.warm(c.target) {
		if err := c.reload(ctx); err != nil {
			return err
		}
	}
	var err error
	// A command that has already happened is not decided again, so any version
	// of the project will do.
	c.project, c.at, err = c.handler.projectOf(ctx, c.command, c.target, c.fresh == read && !c.done())
	return err
}

// reload reads new events of the target from the log.
func (c *handling) reload(ctx context.Context) error {
	if err := c.handler.folds.refresh(ctx, c.target); err != nil {
		return err
	}
	c.fresh = read
	return nil
}

// done reports whether the command has already happened.
func (c *handling) done() bool {
	_, done := c.target.commands[c.request.Command]
	return done
}

// append writes the decided events. It fails with [events.ErrConflict] if
// another writer was first.
func (c *handling) append(ctx context.Context, decided []events.Event) (events.Appended, error) {
	appended, err := c.handler.append(ctx, events.Commit{
		Head: c.target.head, Project: projectID(c.project, c.command), Command: c.request.Command, Actor: c.request.Actor,
		Time: c.handler.now(), Correlation: c.request.Correlation, Causation: c.request.Causation,
		TraceParent: c.request.TraceParent, Events: decided,
	})
	if err != nil && !errors.Is(err, events.ErrConflict) {
		// It is no longer known whether the fold is complete.
		c.target.checked = 0
	}
	return appended, err
}

// yield lets the other writer go first, and reads what it wrote.
func (c *handling) yield(ctx context.Context, attempt int) error {
	c.handler.conflicts.Add(1)
	if err := pause(ctx, attempt); err != nil {
		return err
	}
	return c.reload(ctx)
}

// settle folds the appended events and returns the outcome.
func (c *handling) settle(ctx context.Context, appended events.Appended) (Outcome, error) {
	var err error
	if appended.Duplicate && len(appended.Events) > 0 && appended.Events[0].Revision != c.target.head.Revision+1 {
		// An earlier attempt was appended, with events of other writers before
		// or after it: read the current state.
		err = c.reload(ctx)
	} else {
		err = c.target.apply(appended.Events)
	}
	if err != nil {
		return Outcome{}, err
	}
	if c.target.aggregate.Kind == events.KindProject {
		c.project = c.target.project
	}
	return c.outcome(appended), nil
}

// outcome returns the result of the command from the current folds.
func (c *handling) outcome(appended events.Appended) Outcome {
	return Outcome{
		Project: c.project, Task: c.target.task, Position: later(c.target.end, c.at),
		Events: appended.Events, Change: c.target.commands[c.request.Command], Duplicate: appended.Duplicate,
	}
}

// append writes the decided events. Work that follows from the events continues
// the current trace, if there is one, or else the trace of the request.
func (h *Handler) append(ctx context.Context, commit events.Commit) (events.Appended, error) {
	ctx, span := h.tracer.Start(ctx, "append", traces.Producing)
	if parent := traces.Parent(ctx); parent != "" {
		commit.TraceParent = parent
	}
	appended, err := h.log.Append(ctx, commit)
	span.Text("docket.aggregate", commit.Head.Aggregate.String())
	span.Number("docket.events", int64(len(commit.Events)))
	if err == nil {
		span.Text("docket.event", events.EventID(commit.Command, 0).String())
		span.Number("docket.position", int64(appended.Head.Sequence))
	}
	span.End(err != nil && !errors.Is(err, events.ErrConflict))
	return appended, err
}

func projectID(p Project, command Command) uuid.UUID {
	if p.ID != uuid.Nil {
		return p.ID
	}
	return command.Target().ID // the project being created
}

// later returns the later of two positions of one log.
func later(a, b events.Position) events.Position {
	if b.Sequence > a.Sequence {
		return b
	}
	return a
}

// pause waits before a command is decided again: twice as long each time, with
// jitter.
func pause(ctx context.Context, attempt int) error {
	longest := time.Millisecond << min(attempt, 6)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(rand.N(longest)):
		return nil
	}
}
