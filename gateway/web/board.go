package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/gateway/web/quickadd"
	"github.com/docketlog/docket/gateway/web/taskquery"
	"github.com/docketlog/docket/projections"
)

// firstCards is how many cards of each column the page itself contains. The
// script loads the rest as they scroll into view; without scripts, the list
// shows them.
const firstCards = 20

// boardData is the content of a board page.
type boardData struct {
	Board   projections.Board
	Query   string
	Find    taskquery.Query
	Filters []accounts.SavedFilter
}

func (w *Web) board(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	v.page = "board"
	d := boardData{Query: r.URL.Query().Get("q")}
	d.Board, err = read(ctx, v, func(ctx context.Context, s *projections.Snapshot) (projections.Board, error) {
		b, err := s.Board(ctx, v.me.ID, id)
		if err != nil {
			return b, err
		}
		v.project = &b.Project
		d.Find = taskquery.Parse(d.Query)
		if len(d.Find.Terms) == 0 {
			return b, nil
		}
		matching, err := v.matching(ctx, s, &d.Find)
		for i := range b.Columns {
			b.Columns[i].Tasks = slices.DeleteFunc(b.Columns[i].Tasks, func(t projections.Task) bool { return !matching[t.ID] })
		}
		return b, err
	})
	if err != nil {
		return result{}, err
	}
	if d.Filters, err = w.filtersOf(ctx, v); err != nil {
		return result{}, err
	}
	v.title = d.Board.Project.Name
	return result{show: boardPage(v, d)}, nil
}

// matching reads the tasks of the page's project that match the query.
func (v *view) matching(ctx context.Context, s *projections.Snapshot, q *taskquery.Query) (map[uuid.UUID]bool, error) {
	filter, none := q.Filter(v.scope(v.members()))
	matching := make(map[uuid.UUID]bool)
	if none {
		return matching, nil
	}
	ids, err := s.Matching(ctx, v.me.ID, v.project.ID, filter)
	for _, id := range ids {
		matching[id] = true
	}
	return matching, err
}

// matches answers the script with the ids of the tasks that match a query, and
// with the query's chips.
func (w *Web) matches(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	q := taskquery.Parse(r.URL.Query().Get("q"))
	matching, err := read(ctx, v, func(ctx context.Context, s *projections.Snapshot) (map[uuid.UUID]bool, error) {
		if err := v.open(ctx, s, id); err != nil {
			return nil, err
		}
		return v.matching(ctx, s, &q)
	})
	if err != nil {
		return result{}, err
	}
	ids := make([]uuid.UUID, 0, len(matching))
	for id := range matching {
		ids = append(ids, id)
	}
	return asJSON(ids), nil
}

// asJSON returns a value as JSON for the script.
func asJSON(value any) result {
	return result{show: jsonBody{value}}
}

// quickAdd creates tasks from lines of text. Several lines are previewed as
// they were parsed before any task is created. A script asks for JSON and gets
// the tasks.
func (w *Web) quickAdd(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	_, err = read(ctx, v, func(ctx context.Context, s *projections.Snapshot) (struct{}, error) {
		return struct{}{}, v.open(ctx, s, id)
	})
	if err != nil {
		return result{}, err
	}
	v.name("quick")
	text, status := r.PostFormValue("text"), r.PostFormValue("status")
	tasks := quickadd.Lines(text, v.members(), v.today())
	back := local(r.PostFormValue("back"), "/projects/"+id.String())
	d := quickData{Text: text, Status: status, Back: back, Tasks: tasks}
	wrong := slices.ContainsFunc(tasks, func(t quickadd.Task) bool { return t.Wrong != "" })
	switch {
	case len(tasks) > quickadd.Max:
		d.Wrong = v.T("quick.many", quickadd.Max)
	case len(tasks) == 0:
		d.Wrong = v.T("quick.empty")
	case wrong:
		d.Wrong = v.T("quick.wrong")
	}
	if d.Wrong != "" {
		return result{show: quickPage(v, d), status: http.StatusUnprocessableEntity}, nil
	}
	if r.PostForm.Has("preview") || len(tasks) > 1 && !r.PostForm.Has("confirmed") {
		return result{show: quickPage(v, d)}, nil
	}
	made := make([]any, 0, len(tasks))
	var o commands.Outcome
	for i, t := range tasks {
		what := "quick " + itoa(i)
		if o, err = w.service.Do(ctx, t.Command(id, service.NewID(ctx, what), status), service.Write{Part: what}); err != nil {
			return result{}, err
		}
		if wantsJSON(r) {
			made = append(made, w.taskForScript(ctx, o))
		}
	}
	if wantsJSON(r) {
		return asJSON(made), nil
	}
	told := did("task_created", o)
	if len(tasks) > 1 {
		// One button could undo only one of them; each can be undone in its
		// history.
		told = &done{phrase: "tasks_created"}
	}
	return result{to: back, done: told, at: o.Position}, nil
}

// quickData is the preview of several tasks.
type quickData struct {
	Text, Status, Back, Wrong string
	Tasks                     []quickadd.Task
}

// cardData is what the script knows about a task on any page.
type cardData struct {
	ID        uuid.UUID       `json:"id"`
	Project   uuid.UUID       `json:"project_id"`
	Number    int64           `json:"number"`
	Title     string          `json:"title"`
	Status    string          `json:"status"`
	Priority  events.Priority `json:"priority"`
	Due       *events.Date    `json:"due"`
	Labels    []string        `json:"labels"`
	Assignees []uuid.UUID     `json:"assignees"`
	Comments  int             `json:"comments"`
	Rank      string          `json:"rank"`
	Revision  uint64          `json:"revision"`
}

func taskJSON(t projections.Task) string {
	c := cardData{
		ID: t.ID, Project: t.Project, Number: t.Number, Title: t.Title, Status: t.Status, Priority: t.Priority,
		Labels: t.Labels, Assignees: t.Assignees, Comments: t.CommentCount, Rank: t.Rank, Revision: t.Revision,
	}
	if t.Due != "" {
		c.Due = &t.Due
	}
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return string(text)
}

// over reports whether a column exceeds its limit. Limits do not apply to
// search results, which are only part of a column.
func (d boardData) over(c projections.Column) bool {
	return c.Status.Limit > 0 && len(d.Find.Terms) == 0 && len(c.Tasks) > c.Status.Limit
}

var _ templ.Component = jsonBody{}
