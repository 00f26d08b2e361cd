package api

import (
	"context"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/projections"
)

// ProjectAnswer is the answer with one project.
type ProjectAnswer struct {
	Position string `header:"Docket-Position" doc:"The log position this response reflects."`
	ETag     string `header:"ETag" doc:"The project's revision."`
	Change   string `header:"Docket-Change" doc:"The last project revision that this request created; pass it to the undo operation. Absent if nothing changed."`
	Location string `header:"Location" doc:"The URL of the project, if it was created."`
	Body     Project
}

// OfProject is the input of requests about one project.
type OfProject struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The project's ID."`
}

func projectAnswer(ctx context.Context, o commands.Outcome) *ProjectAnswer {
	return &ProjectAnswer{
		Position: o.Position.String(), ETag: etag(o.Project.Head.Revision), Change: changeOf(o),
		Body: projectOfFold(o.Project, access.From(ctx).Account),
	}
}

func (a *API) projects(ctx context.Context, in *struct {
	Paging
	Reading
	Sort string `query:"sort" enum:"name,-name,created,-created,updated,-updated" doc:"The sort order; - means descending."`
}) (*Listed[Project], error) {
	p, position, err := service.Read(ctx, a.service, in.at(), func(ctx context.Context, s *projections.Snapshot) (p page[projections.Project], err error) {
		p.rows, p.next, err = s.Projects(ctx, access.From(ctx).Account, in.page(in.Sort))
		return p, err
	})
	if err != nil {
		return nil, err
	}
	p.rows = a.service.ReadableProjects(ctx, p.rows)
	return listed(p.rows, p.next, position, projectOfRow), nil
}

// NewProject is a project to create.
type NewProject struct {
	Name     string          `json:"name" maxLength:"100"`
	Statuses []events.Status `json:"statuses,omitempty" maxItems:"20" doc:"The columns of the board. Defaults to waiting, in_progress and done."`
}

func (a *API) createProject(ctx context.Context, in *struct {
	Creating
	Body NewProject
}) (*ProjectAnswer, error) {
	o, err := a.service.Do(ctx, commands.CreateProject{
		Project: service.NewID(ctx, "project"), Name: in.Body.Name, Statuses: in.Body.Statuses,
	}, in.write())
	if err != nil {
		return nil, err
	}
	answer := projectAnswer(ctx, o)
	answer.Location = "/api/v1/projects/" + o.Project.ID.String()
	return answer, nil
}

func (a *API) project(ctx context.Context, in *struct {
	OfProject
	Reading
	Conditional
}) (*ProjectAnswer, error) {
	p, position, err := service.ReadOfProject(ctx, a.service, in.at(), in.ID, func(ctx context.Context, s *projections.Snapshot) (projections.Project, error) {
		return s.Project(ctx, access.From(ctx).Account, in.ID)
	})
	if err != nil {
		return nil, err
	}
	tag := etag(p.Revision)
	if in.matches(tag) {
		return nil, &unchanged{tag, position}
	}
	return &ProjectAnswer{Position: position.String(), ETag: tag, Body: projectOfRow(p)}, nil
}

// ProjectPatch is a merge patch of a project. It is one atomic change.
type ProjectPatch struct {
	Name     Field[string]            `json:"name,omitzero" nullable:"false" maxLength:"100"`
	Archived Field[bool]              `json:"archived,omitzero" nullable:"false"`
	Statuses Field[[]events.Status]   `json:"statuses,omitzero" nullable:"false" maxItems:"20" doc:"Replaces all statuses, in board order."`
	Retire   Field[map[string]string] `json:"retire,omitzero" nullable:"false" doc:"For each status missing from statuses, the key of the status that receives its tasks."`
}

func (a *API) changeProject(ctx context.Context, in *struct {
	OfProject
	Writing
	Body ProjectPatch
}) (*ProjectAnswer, error) {
	b := in.Body
	var wrong nulls
	refuse(&wrong, "name", b.Name)
	refuse(&wrong, "archived", b.Archived)
	refuse(&wrong, "statuses", b.Statuses)
	refuse(&wrong, "retire", b.Retire)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	if b.Retire.Given && !b.Statuses.Given {
		return nil, problem.Wrong(problem.InBody, "retire", problem.Misplaced, "requires statuses")
	}
	change := service.ProjectChange{
		Project: in.ID, Name: b.Name.pointer(), Archived: b.Archived.pointer(), Statuses: b.Statuses.pointer(), Retire: b.Retire.Value,
	}
	if change.Empty() {
		return nil, problem.Wrong(problem.InBody, "", problem.Misplaced, "The request body must contain at least one of name, archived and statuses.")
	}
	o, err := a.service.ChangeProject(ctx, change, in.write())
	if err != nil {
		return nil, err
	}
	return projectAnswer(ctx, o), nil
}

// Board is a project with its tasks in columns.
type Board struct {
	Project Project  `json:"project"`
	Columns []Column `json:"columns" nullable:"false"`
}

// Column is one status of a board.
type Column struct {
	Status events.Status `json:"status"`
	Tasks  []Card        `json:"tasks" nullable:"false" doc:"In rank order."`
}

// Card is a task as a board shows it: without its description.
type Card struct {
	ID        uuid.UUID       `json:"id" format:"uuid"`
	Number    int64           `json:"number"`
	Title     string          `json:"title"`
	Status    string          `json:"status"`
	Priority  events.Priority `json:"priority" enum:"none,low,medium,high,urgent"`
	Due       *string         `json:"due" format:"date"`
	Labels    []string        `json:"labels" nullable:"false"`
	Assignees []uuid.UUID     `json:"assignees" nullable:"false" format:"uuid"`
	Comments  int             `json:"comments" doc:"The number of comments."`
	Rank      string          `json:"rank"`
	Revision  uint64          `json:"revision"`
}

// BoardAnswer is the answer with a board.
type BoardAnswer struct {
	Position string `header:"Docket-Position" doc:"The log position this response reflects."`
	Body     Board
}

func (a *API) board(ctx context.Context, in *struct {
	OfProject
	Reading
}) (*BoardAnswer, error) {
	b, position, err := service.ReadOfProject(ctx, a.service, in.at(), in.ID, func(ctx context.Context, s *projections.Snapshot) (projections.Board, error) {
		return s.Board(ctx, access.From(ctx).Account, in.ID)
	})
	if err != nil {
		return nil, err
	}
	body := Board{Project: projectOfRow(b.Project), Columns: make([]Column, len(b.Columns))}
	for i, c := range b.Columns {
		cards := make([]Card, len(c.Tasks))
		for j, t := range c.Tasks {
			cards[j] = Card{
				ID: t.ID, Number: t.Number, Title: t.Title, Status: t.Status, Priority: t.Priority, Due: due(t.Due),
				Labels: filled(t.Labels), Assignees: filled(t.Assignees), Comments: t.CommentCount, Rank: t.Rank, Revision: t.Revision,
			}
		}
		body.Columns[i] = Column{c.Status, cards}
	}
	return &BoardAnswer{position.String(), body}, nil
}
