package projections

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/fold"
	"github.com/docketlog/docket/projections/schema"
)

// projectColumns are read by scanProject, from a join of memberships m,
// projects p and tallies y.
const (
	projectColumns = `p.id, p.name, p.archived, p.statuses, p.retired, p.members,
		p.revision, p.created_at, p.created_by, p.updated_at, coalesce(y.counts, '[]')`
	projectTables = ` from {g}memberships m join {g}projects p on p.id = m.project left join {g}tallies y on y.project = p.id `
)

var projectList = list{
	name: "projects", id: "p.id", first: "name",
	orders: map[string]order{
		"name":    {expr: "p.folded_name"},
		"created": {expr: "p.created_at", number: true},
		"updated": {expr: "p.updated_at", number: true},
	},
}

// projectScan holds the destinations of a project's columns.
type projectScan struct {
	answer               Project
	archived             int64
	createdAt, updatedAt int64
	// statuses, retired, members and counts are JSON.
	statuses, retired, members, counts string
}

func (p *projectScan) dest(more ...any) []any {
	a := &p.answer
	return append([]any{&a.ID, &a.Name, &p.archived, &p.statuses, &p.retired, &p.members,
		&a.Revision, &p.createdAt, &a.CreatedBy, &p.updatedAt, &p.counts}, more...)
}

func (p *projectScan) project(caller uuid.UUID) (Project, error) {
	answer := p.answer
	var counts []fold.StatusCount
	if err := schema.Decode(p.statuses, &answer.Statuses, p.retired, &answer.Retired, p.members, &answer.Members, p.counts, &counts); err != nil {
		return Project{}, fmt.Errorf("project %s: %w", answer.ID, err)
	}
	answer.Archived, answer.Counts = p.archived != 0, make(map[string]int)
	answer.CreatedAt, answer.UpdatedAt = schema.Time(p.createdAt), schema.Time(p.updatedAt)
	for _, m := range answer.Members {
		if m.Account == caller {
			answer.Role = m.Role
		}
	}
	for _, c := range counts {
		answer.Counts[answer.Resolve(c.Status)] += c.Tasks
	}
	return answer, nil
}

// Resolve returns the status on the board that a recorded status stands for:
// itself, or the one that replaced it. A status that was never on the board
// stands for itself.
func (p *Project) Resolve(status string) string {
	if heir, ok := p.Retired[status]; ok {
		return heir
	}
	return status
}

func (p *Project) member(account uuid.UUID) bool {
	for _, m := range p.Members {
		if m.Account == account {
			return true
		}
	}
	return false
}

// Project returns one project. It fails with [ErrNotFound] if it does not exist
// or the caller is not a member.
func (s *Snapshot) Project(ctx context.Context, caller, id uuid.UUID) (Project, error) {
	var scan projectScan
	err := s.one(ctx, scan.dest(), `select `+projectColumns+projectTables+`where m.account = ? and m.project = ?`, caller, id)
	if err != nil {
		return Project{}, fmt.Errorf("project %s: %w", id, err)
	}
	return scan.project(caller)
}

// Projects returns the projects the caller is a member of, including archived
// ones, and the cursor of the next page, empty at the end. They are ordered by
// name unless the page says otherwise.
func (s *Snapshot) Projects(ctx context.Context, caller uuid.UUID, p Page) (projects []Project, next string, err error) {
	part, err := projectList.section(p)
	if err != nil {
		return nil, "", err
	}
	var w dialect.Where
	w.And("m.account = ?", caller)
	part.where(&w)
	var found []keyed[Project]
	err = s.each(ctx, func(scan func(...any) error) error {
		var row projectScan
		var key string
		if err := scan(row.dest(&key)...); err != nil {
			return err
		}
		project, err := row.project(caller)
		found = append(found, keyed[Project]{project, key})
		return err
	}, `select `+projectColumns+`, `+part.expr+projectTables+`where `+w.String()+part.end(), w.Args...)
	if err != nil {
		return nil, "", fmt.Errorf("projects: %w", err)
	}
	projects, next = page(&part, found, func(p Project) uuid.UUID { return p.ID })
	return projects, next, nil
}

// Memberships returns the ids of all projects the caller is a member of.
func (s *Snapshot) Memberships(ctx context.Context, caller uuid.UUID) ([]uuid.UUID, error) {
	var projects []uuid.UUID
	err := s.each(ctx, func(scan func(...any) error) error {
		var id uuid.UUID
		err := scan(&id)
		projects = append(projects, id)
		return err
	}, `select project from {g}memberships where account = ? order by project`, caller)
	if err != nil {
		return nil, fmt.Errorf("memberships: %w", err)
	}
	return projects, nil
}
