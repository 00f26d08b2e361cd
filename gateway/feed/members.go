package feed

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
)

// maxProjects bounds the number of projects whose members are cached.
const maxProjects = 10_000

// members caches the current members of each project. It caches only while the
// hub follows the log, and each event of a project invalidates that project.
type members struct {
	log events.Log

	mu       sync.Mutex
	projects map[uuid.UUID]commands.Project
	fresh    bool // the hub follows
	// changes counts invalidations, so that data read before one is not cached
	// after it.
	changes uint64
}

func newMembers(log events.Log) *members {
	return &members{log: log, projects: make(map[uuid.UUID]commands.Project)}
}

// of returns the project as the log has it.
func (m *members) of(ctx context.Context, id uuid.UUID) (commands.Project, error) {
	m.mu.Lock()
	project, ok := m.projects[id]
	changes := m.changes
	m.mu.Unlock()
	if ok {
		return project, nil
	}
	chain, _, err := m.log.Load(ctx, events.Head{Aggregate: events.Project(id)})
	if err != nil {
		return commands.Project{}, fmt.Errorf("load project %s: %w", id, err)
	}
	for i := range chain {
		event := decoded(&chain[i])
		if event == nil {
			// The event may remove a member in a form only a newer program can read:
			// until this program is upgraded, the project has no members.
			project.Members = nil
			break
		}
		project = project.Apply(&chain[i], event)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fresh && changes == m.changes {
		if len(m.projects) >= maxProjects {
			for any := range m.projects {
				delete(m.projects, any)
				break
			}
		}
		m.projects[id] = project
	}
	return project, nil
}

// forget makes the next lookup of the project read it again.
func (m *members) forget(id uuid.UUID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.projects, id)
	m.changes++
}

// follow records whether the hub reports every change from now on.
func (m *members) follow(fresh bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fresh = fresh
	m.changes++
	clear(m.projects)
}
