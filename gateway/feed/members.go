package feed

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
)

// maxProjects bounds the projects whose members are remembered.
const maxProjects = 10_000

// members knows who is a member of which project now. It remembers while the
// hub follows the log and forgets a project with every event of it.
type members struct {
	log events.Log

	mu       sync.Mutex
	projects map[uuid.UUID]commands.Project
	fresh    bool // the hub follows
	// changes counts everything that was forgotten, so that what was read
	// before is not remembered after.
	changes uint64
}

func newMembers(log events.Log) *members {
	return &members{log: log, projects: make(map[uuid.UUID]commands.Project)}
}

// of gives the project as the log has it.
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
			// A newer program may have said here who is no member any more:
			// until this one is as new, nobody is.
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

// forget makes the next question about the project read it again.
func (m *members) forget(id uuid.UUID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.projects, id)
	m.changes++
}

// follow says whether every change will be heard of from now on.
func (m *members) follow(fresh bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fresh = fresh
	m.changes++
	clear(m.projects)
}
