package notifier

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// story is an event with its context.
type story struct {
	envelope events.Envelope
	event    events.Event
	task     *task       // after the event
	before   []uuid.UUID // the assignees before the event
	head     events.Head // the head of the task's chain, including the event
	project  *project    // its current state; nil until place is called
}

// add applies the next event of the task's chain.
func (s *story) add(envelope *events.Envelope) error {
	event, err := envelope.Event()
	if err != nil {
		return fmt.Errorf("fold %s: %w", envelope.Aggregate, err)
	}
	s.before = s.task.assignees
	s.task.apply(envelope.Actor, event)
	s.envelope, s.event, s.head = *envelope, event, s.head.After(envelope)
	return nil
}

// errNotYet reports that the replica of the log that was read lags behind the
// event. It is transient.
var errNotYet = errors.New("event is not in the log yet")

// stories reads events with their context from the log.
type stories struct {
	log      events.Log
	projects projects

	mu sync.Mutex
	// kept holds each task after the last event that next returned, past each
	// task before the last event that read returned.
	kept, past map[uuid.UUID]keptTask
}

// keptTask is the state of a task after one of its events.
type keptTask struct {
	head events.Head
	task task
}

// maxTasks limits each cache of tasks, a few hundred bytes each.
const maxTasks = 10_000

func newStories(log events.Log) *stories {
	return &stories{
		log: log, projects: projects{log: log, known: map[uuid.UUID]foldedProject{}},
		kept: map[uuid.UUID]keptTask{}, past: map[uuid.UUID]keptTask{},
	}
}

// next returns the story of an event the caller already has. If the event
// directly follows the cached state of its task, which is usual when events are
// read in order, next does not read the log.
func (s *stories) next(ctx context.Context, envelope *events.Envelope) (*story, error) {
	id := envelope.Aggregate.ID
	s.mu.Lock()
	kept, ok := s.kept[id]
	s.mu.Unlock()
	if !ok || kept.head.Accepts(envelope) != nil {
		told, err := s.read(ctx, id, envelope.Position.Sequence)
		if err == nil {
			s.keep(s.kept, id, keptTask{told.head, *told.task})
		}
		return told, err
	}
	told := &story{task: &kept.task, head: kept.head}
	if err := told.add(envelope); err != nil {
		return nil, err
	}
	s.keep(s.kept, id, keptTask{told.head, *told.task})
	return told, nil
}

func (s *stories) keep(in map[uuid.UUID]keptTask, id uuid.UUID, k keptTask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(in) >= maxTasks {
		clear(in)
	}
	in[id] = k
}

// read returns the story of the event at the given sequence on the task's
// subject. It fails with [events.ErrForked] if the event is not part of the
// task's chain, and with [events.ErrUnknownType] if only a newer program can
// decode the task up to there. For a task that was read before, it folds only
// newer events.
func (s *stories) read(ctx context.Context, taskID uuid.UUID, sequence uint64) (*story, error) {
	s.mu.Lock()
	past, ok := s.past[taskID]
	s.mu.Unlock()
	if !ok || past.head.Sequence >= sequence {
		past = keptTask{head: events.Head{Aggregate: events.Task(taskID)}}
	}
	chain, head, err := s.log.Load(ctx, past.head)
	if err != nil {
		return nil, fmt.Errorf("load task %s: %w", taskID, err)
	}
	now := past.task
	told := &story{task: &now, head: past.head}
	for i := range chain {
		if chain[i].Position.Sequence > sequence {
			break
		}
		past = keptTask{told.head, *told.task}
		if err := told.add(&chain[i]); err != nil {
			return nil, err
		}
	}
	if told.envelope.Position.Sequence != sequence {
		if head.Sequence < sequence {
			return nil, fmt.Errorf("task %s, sequence %d: %w", taskID, sequence, errNotYet)
		}
		return nil, fmt.Errorf("task %s, sequence %d: %w", taskID, sequence, events.ErrForked)
	}
	s.keep(s.past, taskID, past)
	return told, nil
}

// place adds the task's project in its current state.
func (s *stories) place(ctx context.Context, told *story) (err error) {
	told.project, err = s.projects.now(ctx, told.task.project)
	return err
}
