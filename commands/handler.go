package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/traces"
	"github.com/google/uuid"
)

// ErrBusy reports that other writers kept changing the same aggregate faster
// than the command could be decided. Nothing was written; the command can be
// retried.
var ErrBusy = errors.New("too many others are changing this at once")

// ErrDamaged reports an aggregate that cannot be folded: its log holds an event
// from a newer program, or one that contradicts earlier events. It accepts no
// commands until this is resolved; other aggregates are not affected.
var ErrDamaged = errors.New("cannot be changed: its log holds what this program cannot read")

// attempts limits how often a command is decided, including retries after
// conflicts.
const attempts = 12

// Request holds the actor and the id of a command.
type Request struct {
	Actor uuid.UUID
	// Command is the command's id. Sent again with the same id, it has the same
	// outcome. Required.
	Command uuid.UUID
	// IfRevision, if not nil, must equal the revision of the target.
	IfRevision *uint64
	// Correlation, Causation and TraceParent are stored with the events.
	Correlation uuid.UUID
	Causation   uuid.UUID
	TraceParent string
}

// Outcome is the result of a command. Project is the project concerned; Task is
// set if the command was about a task. Both are as the command left them.
type Outcome struct {
	Project Project
	Task    Task
	// Position is where the log contains everything the outcome is based on.
	Position events.Position
	// Events holds the appended events; empty if nothing changed.
	Events []events.Envelope
	// Change is the last revision of the target that the command's own events
	// made, now or when it first happened; 0 if it changed nothing.
	Change uint64
	// Duplicate reports that the command had already happened. Project and Task
	// are then in their current state.
	Duplicate bool
}

// Stats holds counts since the handler was created.
type Stats struct {
	Handled    uint64 // accepted commands
	Unchanged  uint64 // of these, commands that changed nothing
	Duplicates uint64 // of these, commands that had already happened
	Rejected   uint64
	Failed     uint64
	Conflicts  uint64 // decisions repeated because another writer was first
	Loads      uint64 // reads of an aggregate from the log
	Warm       int    // aggregates currently in memory
}

// Handler handles commands: it folds their aggregates, decides and appends the
// resulting events. It is safe for concurrent use, and any number of handlers
// can work on one log.
type Handler struct {
	log    events.Log
	folds  *folds
	now    func() time.Time
	logger *slog.Logger
	tracer traces.Tracer

	handled, unchanged, duplicates, rejected, failed, conflicts atomic.Uint64
}

// Options configure a [Handler]; all have defaults.
type Options struct {
	// Warm is the number of aggregates kept in memory, 50,000 by default; a
	// task of ten events takes about 3 kB.
	Warm int
	// Now is the clock, [time.Now] by default.
	Now    func() time.Time
	Logger *slog.Logger
	Tracer traces.Tracer
}

// NewHandler returns a handler for the log. It is correct at once, and fast
// while [Handler.Run] runs.
func NewHandler(log events.Log, options Options) *Handler {
	if options.Warm <= 0 {
		options.Warm = 50_000
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	return &Handler{log: log, folds: newFolds(log, options.Warm), now: options.Now, logger: options.Logger, tracer: options.Tracer}
}

// Run watches the log until ctx ends, so that warm aggregates need no read of
// it. It returns ctx's error. While it is not running, or cannot reach the log,
// every command reads what it is decided on. If the log has been replaced by
// another, Run returns [events.ErrIncarnation] and the handler accepts no more
// commands: its folds never happened in the new log.
func (h *Handler) Run(ctx context.Context) error {
	generation := uint64(0)
	err := events.KeepFollowing(ctx, func(ctx context.Context) error {
		generation++
		return h.folds.run(ctx, generation)
	}, func(err error, pause time.Duration) {
		h.logger.Warn("following the log for warm aggregates failed, retrying", "err", err, "in", pause)
	})
	if errors.Is(err, events.ErrIncarnation) {
		h.folds.replaced.Store(true)
		return fmt.Errorf("the log was replaced while in use: %w", err)
	}
	return err
}

// Stats returns the current counts.
func (h *Handler) Stats() Stats {
	return Stats{
		Handled: h.handled.Load(), Unchanged: h.unchanged.Load(), Duplicates: h.duplicates.Load(),
		Rejected: h.rejected.Load(), Failed: h.failed.Load(), Conflicts: h.conflicts.Load(),
		Loads: h.folds.loads.Load(), Warm: h.folds.size(),
	}
}

// Handle decides the command and appends the resulting events. It fails with a
// *[Rejection], with [ErrBusy], or with an error of [events.Log.Append] or
// Load. After [events.ErrUnsettled] the same request can be sent again to
// settle it.
func (h *Handler) Handle(ctx context.Context, command Command, request Request) (Outcome, error) {
	ctx, span := h.begin(ctx, command)
	outcome, err := h.handle(ctx, command, request)
	var rejection *Rejection
	switch {
	case err == nil:
		h.handled.Add(1)
		if outcome.Duplicate {
			h.duplicates.Add(1)
		} else if len(outcome.Events) == 0 {
			h.unchanged.Add(1)
		}
	case errors.As(err, &rejection):
		h.rejected.Add(1)
		span.Text("docket.rejection", string(rejection.Code))
	default:
		h.failed.Add(1)
	}
	span.End(err != nil && rejection == nil)
	return outcome, err
}

// begin starts the span of a command, named after its type.
func (h *Handler) begin(ctx context.Context, command Command) (context.Context, traces.Span) {
	if !h.tracer.On() {
		return ctx, traces.Span{}
	}
	name := strings.TrimPrefix(fmt.Sprintf("%T", command), "commands.")
	return h.tracer.Start(ctx, "handle "+name, traces.Inside)
}

// handle loads, decides, appends and settles, and starts over if another writer
// was first.
func (h *Handler) handle(ctx context.Context, command Command, request Request) (Outcome, error) {
	if request.Actor == uuid.Nil || request.Command == uuid.Nil {
		return Outcome{}, errors.New("handle: actor and command id are required")
	}
	var wrong problems
	command.check(&wrong)
	if r := wrong.rejection(); r != nil {
		return Outcome{}, r
	}
	target := h.folds.get(command.Target())
	target.mu.Lock()
	defer target.mu.Unlock()
	c := handling{handler: h, command: command, request: request, target: target}
	for attempt := range attempts {
		if err := c.load(ctx); err != nil {
			return Outcome{}, err
		}
		if c.done() {
			return c.outcome(events.Appended{Duplicate: true}), nil
		}
		decided, err := h.decide(command, request, c.project, target)
		if (err != nil || len(decided) == 0) && c.fresh != read {
			if err := c.reload(ctx); err != nil {
				return Outcome{}, err
			}
			continue
		}
		if err != nil {
			return Outcome{}, err
		}
		if len(decided) == 0 {
			return c.outcome(events.Appended{}), nil
		}
		appended, err := c.append(ctx, decided)
		if errors.Is(err, events.ErrConflict) {
			if err := c.yield(ctx, attempt); err != nil {
				return Outcome{}, err
			}
			continue
		}
		if err != nil {
			return Outcome{}, err
		}
		return c.settle(ctx, appended)
	}
	return Outcome{}, fmt.Errorf("%s: %w", command.Target(), ErrBusy)
}

// projectOf returns the project that governs the command: the target itself, or
// the project of its task.
func (h *Handler) projectOf(ctx context.Context, command Command, target *fold, fresh bool) (Project, events.Position, error) {
	if target.aggregate.Kind == events.KindProject {
		return target.project, target.end, nil
	}
	id := target.task.Project
	if id == uuid.Nil {
		id = firstTask(command).project()
	}
	if id == uuid.Nil {
		return Project{}, events.Position{}, nil
	}
	return h.project(ctx, id, fresh)
}

// firstTask returns the first task command in the given command.
func firstTask(command Command) taskCommand {
	if t, ok := command.(together); ok {
		command = t.parts[0]
	}
	return command.(taskCommand)
}

// decide decides the command, or each of several on the state that the previous
// ones leave.
func (h *Handler) decide(command Command, request Request, project Project, target *fold) ([]events.Event, error) {
	a := asking{actor: request.Actor, now: h.now()}
	parts := []Command{command}
	if t, ok := command.(together); ok {
		parts = t.parts
	}
	task := target.task
	var all []events.Event
	// Report all overtaken changes of a combined command at once.
	var overtaken *Rejection
	for i, part := range parts {
		var decided []events.Event
		var err error
		switch part := part.(type) {
		case projectCommand:
			decided, err = part.decide(a, project)
		case taskCommand:
			decided, err = part.decide(a, project, task)
		default:
			return nil, fmt.Errorf("handle: %T is no command", part)
		}
		var r *Rejection
		if errors.As(err, &r) && r.Code == CodeChanged {
			if overtaken == nil {
				overtaken = &Rejection{Code: r.Code, Message: r.Message}
			}
			overtaken.Problems = append(overtaken.Problems, r.Problems...)
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, decided...)
		if i == len(parts)-1 {
			break
		}
		for _, event := range decided {
			// Only the state matters to the following parts; the chain is made
			// when the commit is sealed.
			e := events.Envelope{Aggregate: target.aggregate, Actor: request.Actor, Time: a.now}
			if target.aggregate.Kind == events.KindProject {
				e.Revision = project.Head.Revision + 1
				project = project.Apply(&e, event)
			} else {
				e.Revision = task.Head.Revision + 1
				task = task.Apply(&e, event)
			}
		}
	}
	if overtaken != nil {
		return nil, overtaken
	}
	if request.IfRevision != nil && *request.IfRevision != target.head.Revision {
		return nil, reject(CodeRevision, "It has changed since revision %d and is now at revision %d; read it again", *request.IfRevision, target.head.Revision)
	}
	return all, nil
}

// Project returns the current project from the log, for callers that must check
// access without reading the rows. A project that does not exist is not an
// error.
func (h *Handler) Project(ctx context.Context, id uuid.UUID) (Project, error) {
	project, _, err := h.project(ctx, id, false)
	return project, err
}

func (h *Handler) project(ctx context.Context, id uuid.UUID, fresh bool) (Project, events.Position, error) {
	f := h.folds.get(events.Project(id))
	f.mu.Lock()
	defer f.mu.Unlock()
	if fresh || !h.folds.warm(f) {
		if err := h.folds.refresh(ctx, f); err != nil {
			return Project{}, events.Position{}, err
		}
	}
	return f.project, f.end, nil
}

// Task returns the current task from the log.
func (h *Handler) Task(ctx context.Context, id uuid.UUID) (Task, error) {
	f := h.folds.get(events.Task(id))
	f.mu.Lock()
	defer f.mu.Unlock()
	if !h.folds.warm(f) {
		if err := h.folds.refresh(ctx, f); err != nil {
			return Task{}, err
		}
	}
	return f.task, nil
}
