package notifier

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// project is the part of a project that the rules and the mail need. It is
// immutable once folded.
type project struct {
	name    string
	members map[uuid.UUID]bool
	// statuses names every status the board ever had, so that a move into a
	// status that has since been retired can still be described.
	statuses map[string]string
}

// reads reports whether the account may read the project.
func (p *project) reads(account uuid.UUID) bool { return p.members[account] }

// status returns the name of a status, or its key if the name is unknown.
func (p *project) status(key string) string {
	if name, ok := p.statuses[key]; ok {
		return name
	}
	return key
}

func (p *project) apply(actor uuid.UUID, event events.Event) {
	switch e := event.(type) {
	case events.ProjectCreated:
		p.name = e.Name
		p.members[actor] = true
		p.call(e.Statuses)
	case events.ProjectRenamed:
		p.name = e.To
	case events.MemberAdded:
		p.members[e.Account] = true
	case events.MemberRemoved:
		delete(p.members, e.Account)
	case events.StatusesChanged:
		p.call(e.To)
	}
}

func (p *project) call(statuses []events.Status) {
	for _, s := range statuses {
		p.statuses[s.Key] = s.Name
	}
}

// maxProjects limits the projects in the cache, a few kilobytes each.
const maxProjects = 1000

// projects folds the current state of projects. It caches them and reads only
// newer events.
type projects struct {
	log events.Log

	mu    sync.Mutex
	known map[uuid.UUID]foldedProject
}

type foldedProject struct {
	head    events.Head
	project *project
}

// now returns the project's current state. A project without events has no
// members.
func (ps *projects) now(ctx context.Context, id uuid.UUID) (*project, error) {
	ps.mu.Lock()
	known, ok := ps.known[id]
	ps.mu.Unlock()
	if !ok {
		known = foldedProject{events.Head{Aggregate: events.Project(id)}, &project{}}
	}
	later, head, err := ps.log.Load(ctx, known.head)
	if err != nil {
		return nil, fmt.Errorf("load project %s: %w", id, err)
	}
	if len(later) == 0 {
		return known.project, nil
	}
	folded := &project{name: known.project.name, members: map[uuid.UUID]bool{}, statuses: map[string]string{}}
	maps.Copy(folded.members, known.project.members)
	maps.Copy(folded.statuses, known.project.statuses)
	for i := range later {
		event, err := later[i].Event()
		if err != nil {
			return nil, fmt.Errorf("fold project %s: %w", id, err)
		}
		folded.apply(later[i].Actor, event)
	}
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if len(ps.known) >= maxProjects {
		clear(ps.known)
	}
	if head.Revision > ps.known[id].head.Revision {
		ps.known[id] = foldedProject{head, folded}
	}
	return folded, nil
}
