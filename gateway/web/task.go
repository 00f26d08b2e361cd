package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/api"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/web/markdown"
	"github.com/docketlog/docket/projections"
)

// taskData is what a task's page shows.
type taskData struct {
	Task     projections.Task
	Comments []projections.Comment
	History  []projections.Entry
	// Older says that there is more history than is shown.
	Older bool
	// Conflicts are the fields that somebody else changed while the person was
	// changing them, by name; Wrong says what else kept the change out.
	Conflicts map[string]conflict
	Wrong     string
	// Kept are texts that could not be saved, by field, for who may not change
	// the task any more.
	Kept map[string]string
	// Draft is a comment that could not be added, so that it is not lost.
	Draft string
}

// conflict is one field with both values.
type conflict struct{ Mine, Theirs string }

const (
	shownComments = projections.MaxLimit
	shownHistory  = 50
)

func (w *Web) task(ctx context.Context, v *view, r *http.Request) (result, error) {
	d, err := w.taskData(ctx, v, r)
	if err != nil {
		return result{}, err
	}
	return result{show: taskPage(v, d)}, nil
}

func (w *Web) taskData(ctx context.Context, v *view, r *http.Request) (taskData, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return taskData{}, err
	}
	v.page = "task"
	limit := shownHistory
	if r.URL.Query().Get("history") == "all" {
		limit = projections.MaxLimit
	}
	d, err := read(ctx, v, func(ctx context.Context, s *projections.Snapshot) (d taskData, err error) {
		if d.Task, err = s.Task(ctx, v.me.ID, id); err != nil {
			return d, err
		}
		if err = v.open(ctx, s, d.Task.Project); err != nil {
			return d, err
		}
		if d.Comments, _, err = s.Comments(ctx, v.me.ID, id, projections.Page{Limit: shownComments}); err != nil {
			return d, err
		}
		if err = v.readLabels(ctx, s); err != nil {
			return d, err
		}
		var next string
		d.History, next, err = s.History(ctx, v.me.ID, id, projections.Page{Limit: limit, Sort: "-position"})
		d.Older = next != ""
		return d, err
	})
	v.title = d.Task.Title
	return d, err
}

// readLabels reads the labels that the project uses, for suggestions.
func (v *view) readLabels(ctx context.Context, s *projections.Snapshot) error {
	labels, err := s.Labels(ctx, v.me.ID, v.project.ID)
	for _, l := range labels {
		v.labels = append(v.labels, l.Label)
	}
	return err
}

// changeTask takes the fields of a form that differ from what the person saw.
// Fields that the form lacks stay as they are.
func (w *Web) changeTask(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	task, project, err := w.visible(ctx, v, id)
	if err != nil {
		return result{}, err
	}
	back := local(r.PostFormValue("back"), "/tasks/"+id.String())
	parts := w.changes(v, r, task, project)
	if len(parts) == 0 {
		return result{to: back}, nil
	}
	o, err := w.api.Do(ctx, commands.Together(parts...))
	if err != nil {
		return w.refusedChange(ctx, v, r, err)
	}
	return result{to: back, done: did(phraseOf(parts, o), o), at: o.Position}, nil
}

// phraseOf names what a change of a task did.
func phraseOf(parts []commands.Command, o commands.Outcome) string {
	if len(o.Events) == 1 {
		return string(o.Events[0].Type)
	}
	return "task_edited"
}

// visible is the task and its project as the log has them, if the person may
// know of them.
func (w *Web) visible(ctx context.Context, v *view, id uuid.UUID) (commands.Task, commands.Project, error) {
	task, err := w.api.Commands.Task(ctx, id)
	if err != nil {
		return task, commands.Project{}, err
	}
	project, err := w.api.Commands.Project(ctx, task.Project)
	if err == nil && (!task.Exists() || project.Role(v.me.ID) == "") {
		err = projections.ErrNotFound
	}
	return task, project, err
}

// changes are the commands a form asks for.
func (w *Web) changes(v *view, r *http.Request, task commands.Task, project commands.Project) []commands.Command {
	form := r.PostForm
	// changed gives the value of a field if the form has it and the person
	// changed it, and what the person saw.
	changed := func(name string) (value, seen *string) {
		if !form.Has(name) {
			return nil, nil
		}
		text := strings.ReplaceAll(form.Get(name), "\r\n", "\n")
		if form.Has("seen_" + name) {
			was := strings.ReplaceAll(form.Get("seen_"+name), "\r\n", "\n")
			if was == text {
				return nil, nil
			}
			seen = &was
		}
		return &text, seen
	}
	var parts []commands.Command
	edit := commands.EditTask{Task: task.ID}
	edit.Title, edit.Seen.Title = changed("title")
	members := w.people(project)
	if value, seen := changed("description"); value != nil {
		text := markdown.WithMentions(*value, members)
		edit.Description = &text
		if seen != nil {
			// People edit mentions as names; what they saw is compared as names.
			if was := v.plainText(task.Description); was == *seen {
				edit.Seen.Description = &task.Description
			} else {
				edit.Seen.Description = seen
			}
		}
	}
	if value, seen := changed("priority"); value != nil {
		edit.Priority, edit.Seen.Priority = as[events.Priority](value), as[events.Priority](seen)
	}
	if value, seen := changed("due"); value != nil {
		edit.Due, edit.Seen.Due = as[events.Date](value), as[events.Date](seen)
	}
	if value, seen := changed("labels"); value != nil {
		labels := splitLabels(*value)
		edit.Labels = &labels
		if seen != nil {
			was := splitLabels(*seen)
			edit.Seen.Labels = &was
		}
	}
	if edit.Title != nil || edit.Description != nil || edit.Priority != nil || edit.Due != nil || edit.Labels != nil {
		parts = append(parts, edit)
	}
	if value, seen := changed("status"); value != nil && *value != "" {
		move := commands.MoveTask{Task: task.ID, Status: *value}
		if seen != nil {
			move.SeenStatus = *seen
		}
		parts = append(parts, move)
	}
	if form.Has("seen_assignees") {
		seen := strings.Fields(form.Get("seen_assignees"))
		var added, removed []uuid.UUID
		for _, id := range form["assignees"] {
			if !slices.Contains(seen, id) {
				added = append(added, personID(id))
			}
		}
		for _, id := range seen {
			if !slices.Contains(form["assignees"], id) {
				removed = append(removed, personID(id))
			}
		}
		if len(removed) > 0 {
			parts = append(parts, commands.UnassignTask{Task: task.ID, Accounts: removed})
		}
		if len(added) > 0 {
			parts = append(parts, commands.AssignTask{Task: task.ID, Accounts: added})
		}
	}
	return parts
}

func as[T ~string](s *string) *T {
	if s == nil {
		return nil
	}
	t := T(*s)
	return &t
}

// splitLabels reads labels with commas between them.
func splitLabels(text string) []string {
	labels := []string{}
	for l := range strings.SplitSeq(text, ",") {
		if l = strings.TrimSpace(l); l != "" {
			labels = append(labels, l)
		}
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// refusedChange shows the task again with what kept the change out: for fields
// that somebody else has changed meanwhile, both values.
func (w *Web) refusedChange(ctx context.Context, v *view, r *http.Request, err error) (result, error) {
	var rejection *commands.Rejection
	if !errors.As(err, &rejection) || rejection.Code == commands.CodeNotFound {
		return result{}, err
	}
	d, readErr := w.taskData(ctx, v, r)
	if readErr != nil {
		return result{}, err
	}
	p := problem.Of(w.api.Logger, err)
	d.Wrong = v.problemText(p)
	d.Kept = make(map[string]string)
	for _, field := range []string{"title", "labels", "description"} {
		if text := r.PostFormValue(field); text != "" && text != r.PostFormValue("seen_"+field) {
			d.Kept[field] = strings.ReplaceAll(text, "\r\n", "\n")
		}
	}
	if rejection.Code == commands.CodeChanged {
		// What the rows show may be older than what refused the change.
		task, _, foldErr := w.visible(ctx, v, d.Task.ID)
		if foldErr != nil {
			return result{}, err
		}
		d.Task.Title, d.Task.Description, d.Task.Priority, d.Task.Due, d.Task.Labels = task.Title, task.Description, task.Priority, task.Due, task.Labels
		d.Task.Status = v.project.Resolve(task.Status)
		d.Conflicts = make(map[string]conflict)
		for _, f := range rejection.Problems {
			d.Conflicts[f.Field] = conflict{Mine: strings.ReplaceAll(r.PostFormValue(f.Field), "\r\n", "\n"), Theirs: v.fieldText(d.Task, f.Field)}
		}
	}
	return result{show: taskPage(v, d), status: p.Status}, nil
}

// fieldText is a task's field as a form holds it.
func (v *view) fieldText(t projections.Task, field string) string {
	switch field {
	case "title":
		return t.Title
	case "description":
		return v.plainText(t.Description)
	case "priority":
		return string(t.Priority)
	case "due":
		return string(t.Due)
	case "labels":
		return strings.Join(t.Labels, ", ")
	case "status":
		return t.Status
	}
	return ""
}

func (w *Web) deleteTask(ctx context.Context, _ *view, r *http.Request) (result, error) {
	return w.simple(ctx, r, "task_deleted", func(id uuid.UUID) commands.Command { return commands.DeleteTask{Task: id} })
}

func (w *Web) restoreTask(ctx context.Context, _ *view, r *http.Request) (result, error) {
	return w.simple(ctx, r, "task_restored", func(id uuid.UUID) commands.Command { return commands.RestoreTask{Task: id} })
}

// simple does a command about the task of the path and goes back.
func (w *Web) simple(ctx context.Context, r *http.Request, phrase string, command func(uuid.UUID) commands.Command) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	o, err := w.api.Do(ctx, command(id))
	if err != nil {
		return result{}, err
	}
	return result{to: local(r.PostFormValue("back"), "/tasks/"+id.String()), done: did(phrase, o), at: o.Position}, nil
}

func (w *Web) addComment(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	_, project, err := w.visible(ctx, v, id)
	if err != nil {
		return result{}, err
	}
	text := strings.ReplaceAll(r.PostFormValue("text"), "\r\n", "\n")
	o, err := w.api.Do(ctx, commands.AddComment{Task: id, Comment: api.NewID(ctx, "comment"), Text: markdown.WithMentions(text, w.people(project))})
	if err != nil {
		return w.refusedComment(ctx, v, r, text, err)
	}
	return result{to: local(r.PostFormValue("back"), "/tasks/"+id.String()), done: did("comment_added", o), at: o.Position}, nil
}

func (w *Web) refusedComment(ctx context.Context, v *view, r *http.Request, text string, err error) (result, error) {
	var rejection *commands.Rejection
	if !errors.As(err, &rejection) || rejection.Code == commands.CodeNotFound {
		return result{}, err
	}
	d, readErr := w.taskData(ctx, v, r)
	if readErr != nil {
		return result{}, err
	}
	p := problem.Of(w.api.Logger, err)
	d.Wrong, d.Draft = v.problemText(p), text
	return result{show: taskPage(v, d), status: p.Status}, nil
}

// changeComment edits a comment, or deletes it.
func (w *Web) changeComment(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	comment, err := pathID(r, "comment")
	if err != nil {
		return result{}, err
	}
	task, project, err := w.visible(ctx, v, id)
	if err != nil {
		return result{}, err
	}
	var command commands.Command = commands.DeleteComment{Task: id, Comment: comment}
	phrase := "comment_deleted"
	text := ""
	if !r.PostForm.Has("delete") {
		text = strings.ReplaceAll(r.PostFormValue("text"), "\r\n", "\n")
		edit := commands.EditComment{Task: id, Comment: comment, Text: markdown.WithMentions(text, w.people(project))}
		if said, ok := task.Comment(comment); ok && r.PostForm.Has("seen_text") {
			was := strings.ReplaceAll(r.PostFormValue("seen_text"), "\r\n", "\n")
			if v.plainText(said.Text) == was {
				was = said.Text
			}
			edit.Seen = &was
		}
		command, phrase = edit, "comment_edited"
	}
	o, err := w.api.Do(ctx, command)
	if err != nil {
		return w.refusedComment(ctx, v, r, text, err)
	}
	return result{to: local(r.PostFormValue("back"), "/tasks/"+id.String()), done: did(phrase, o), at: o.Position}, nil
}

func (w *Web) undoTask(ctx context.Context, _ *view, r *http.Request) (result, error) {
	return w.undo(ctx, r, events.Task)
}

func (w *Web) undoProject(ctx context.Context, _ *view, r *http.Request) (result, error) {
	return w.undo(ctx, r, events.Project)
}

// undo takes back the change that made a revision.
func (w *Web) undo(ctx context.Context, r *http.Request, of func(uuid.UUID) events.Aggregate) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	revision, ok := parseRevision(r.PostFormValue("revision"))
	if !ok {
		return result{}, problem.Wrong(problem.InBody, "revision", problem.Malformed, "must be the number of a change")
	}
	o, err := w.api.Undo(ctx, of(id), revision, api.Writing{})
	if err != nil {
		return result{}, err
	}
	fallback := "/" + string(of(id).Kind) + "s/" + id.String()
	return result{to: local(r.PostFormValue("back"), fallback), done: did("undone", o), at: o.Position}, nil
}
