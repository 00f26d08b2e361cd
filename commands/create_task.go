package commands

import (
	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// CreateTask creates a task. Without a status it goes to the first status of
// the board; without a rank, to the end of its status.
type CreateTask struct {
	Task        uuid.UUID
	Project     uuid.UUID
	Title       string
	Description string
	Status      string
	Rank        string
	Priority    events.Priority
	Due         events.Date
	Labels      []string
	Assignees   []uuid.UUID
}

func (c CreateTask) Target() events.Aggregate { return events.Task(c.Task) }

func (c CreateTask) project() uuid.UUID { return c.Project }

func (c CreateTask) check(p *problems) {
	p.line("title", clean(c.Title), MaxTitle)
	p.block("description", c.Description, MaxDescription)
	if c.Rank != "" {
		p.rank("rank", c.Rank)
	}
	if c.Priority != "" {
		p.priority("priority", c.Priority)
	}
	p.date("due", c.Due)
	p.labels("labels", cleanLabels(c.Labels))
	p.accounts("assignees", cleanAccounts(c.Assignees))
}

func (c CreateTask) decide(a asking, p Project, t Task) ([]events.Event, error) {
	if r := p.mayWrite(a.actor, "project"); r != nil {
		return nil, r
	}
	if t.Exists() {
		return nil, reject(CodeExists, "A task with this ID already exists.")
	}
	if len(p.Statuses) == 0 {
		return nil, unknownStatus(p, c.Status)
	}
	created := events.TaskCreated{
		Project: c.Project, Title: clean(c.Title), Description: c.Description,
		Status: p.Statuses[0].Key, Rank: c.Rank, Priority: c.Priority, Due: c.Due,
		Labels: cleanLabels(c.Labels), Assignees: cleanAccounts(c.Assignees),
	}
	if c.Status != "" {
		s, ok := p.Status(c.Status)
		if !ok {
			return nil, unknownStatus(p, c.Status)
		}
		created.Status = s.Key
	}
	if created.Rank == "" {
		created.Rank = RankAtEnd(a.now)
	}
	if created.Priority == "" {
		created.Priority = events.PriorityNone
	}
	if r := membersOnly(p, "assignees", created.Assignees); r != nil {
		return nil, r
	}
	return []events.Event{created}, nil
}
