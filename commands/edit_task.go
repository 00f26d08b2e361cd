package commands

import (
	"slices"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// EditTask changes only the fields that are given, in one event. With Seen it
// never overwrites a value that the actor has not seen: if one field has
// changed since and does not have the wanted value, the whole command is
// refused with [CodeChanged].
type EditTask struct {
	ofTask
	Task        uuid.UUID
	Title       *string
	Description *string
	Priority    *events.Priority
	Due         *events.Date
	Labels      *[]string
	Seen        Seen
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
	var overtaken meanwhile
	if c.Title != nil {
		title := clean(*c.Title)
		guard(&overtaken, "title", c.Seen.Title, t.Title, title)
		edited.Title = changed(t.Title, title)
	}
	if c.Description != nil {
		guard(&overtaken, "description", c.Seen.Description, t.Description, *c.Description)
		edited.Description = changed(t.Description, *c.Description)
	}
	if c.Priority != nil {
		guard(&overtaken, "priority", c.Seen.Priority, t.Priority, *c.Priority)
		edited.Priority = changed(t.Priority, *c.Priority)
	}
	if c.Due != nil {
		guard(&overtaken, "due", c.Seen.Due, t.Due, *c.Due)
		edited.Due = changed(t.Due, *c.Due)
	}
	if c.Labels != nil {
		labels, seen := cleanLabels(*c.Labels), c.Seen.Labels
		if seen != nil {
			// Labels are a set: the order in which they were shown does not
			// matter.
			clean := cleanLabels(*seen)
			seen = &clean
		}
		guardList(&overtaken, "labels", seen, t.Labels, labels)
		if !slices.Equal(labels, t.Labels) {
			edited.Labels = &events.Changed[[]string]{From: t.Labels, To: labels}
		}
	}
	if r := overtaken.rejection(); r != nil {
		return nil, r
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
