package commands

import (
	"slices"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// EditTask changes the fields that are given and no others. All of them are
// one event.
type EditTask struct {
	ofTask
	Task        uuid.UUID
	Title       *string
	Description *string
	Priority    *events.Priority
	Due         *events.Date
	Labels      *[]string
}

func (c EditTask) Target() events.Aggregate { return events.Task(c.Task) }

func (c EditTask) check(p *problems) {
	if c.Title != nil {
		p.line("title", clean(*c.Title), MaxTitle)
	}
	if c.Description != nil {
		p.block("description", *c.Description, MaxDescription)
	}
	if c.Priority != nil {
		p.priority("priority", *c.Priority)
	}
	if c.Due != nil {
		p.date("due", *c.Due)
	}
	if c.Labels != nil {
		p.labels("labels", cleanLabels(*c.Labels))
	}
}

func (c EditTask) decide(a asking, p Project, t Task) ([]events.Event, error) {
	if r := t.mayChange(a, p); r != nil {
		return nil, r
	}
	var edited events.TaskEdited
	if c.Title != nil {
		edited.Title = changed(t.Title, clean(*c.Title))
	}
	if c.Description != nil {
		edited.Description = changed(t.Description, *c.Description)
	}
	if c.Priority != nil {
		edited.Priority = changed(t.Priority, *c.Priority)
	}
	if c.Due != nil {
		edited.Due = changed(t.Due, *c.Due)
	}
	if c.Labels != nil {
		if labels := cleanLabels(*c.Labels); !slices.Equal(labels, t.Labels) {
			edited.Labels = &events.Changed[[]string]{From: t.Labels, To: labels}
		}
	}
	if edited == (events.TaskEdited{}) {
		return nil, nil
	}
	return []events.Event{edited}, nil
}

func changed[T comparable](from, to T) *events.Changed[T] {
	if from == to {
		return nil
	}
	return &events.Changed[T]{From: from, To: to}
}
