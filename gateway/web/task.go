package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/gateway/web/markdown"
	"github.com/docketlog/docket/projections"
)

// taskData is the content of a task page.
type taskData struct {
	Task     projections.Task
	Comments []projections.Comment
	History  []projections.Entry
	// Older says that there is more history than is shown.
	Older bool
	// Conflicts are the fields, by name, that another user changed while this
	// user was editing them; Wrong says what else caused the change to be
	// refused.
	Conflicts map[string]conflict
	Wrong     string
	// Kept are texts, by field, that could not be saved because the user may no
	// longer change the task.
	Kept map[string]string
	// Draft is a comment that could not be added, kept so that it is not lost.
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

// readLabels reads the labels used in the project, for suggestions.
func (v *view) readLabels(ctx context.Context, s *projections.Snapshot) error {
	labels, err := s.Labels(ctx, v.me.ID, v.project.ID)
	for _, l := range labels {
		v.labels = append(v.labels, l.Label)
	}
	return err
}

// changeTask takes the fields of a form that differ from what the user saw.
// Fields that the form lacks stay unchanged.
func (w *Web) changeTask(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	task, project, err := w.service.Visible(ctx, id)
	if err != nil {
		return result{}, err
	}
	back := local(r.PostFormValue("back"), "/tasks/"+id.String())
	change := w.taskChange(v, r.PostForm, task, project)
	if change.Empty() {
		return result{to: back}, nil
	}
	o, err := w.service.ChangeTask(ctx, change, service.Write{})
	if err != nil {
		return w.refusedChange(ctx, v, r, err)
	}
	return result{to: back, done: did(phraseOf(o), o), at: o.Position}, nil
}

// phraseOf returns the phrase for a change of a task.
func phraseOf(o commands.Outcome) string {
	if len(o.Events) == 1 {
		return string(o.Events[0].Type)
	}
	return "task_edited"
}

// taskChange parses the change that a form requests.
func (w *Web) taskChange(v *view, form url.Values, task commands.Task, project commands.Project) service.TaskChange {
	change := service.TaskChange{Task: task.ID}
	change.Title, change.Seen.Title = changedField(form, "title")
	if value, seen := changedField(form, "description"); value != nil {
		text := markdown.WithMentions(*value, w.people(project))
		change.Description, change.Seen.Description = &text, seen
		// People edit mentions as names; what they saw is compared as names.
		if seen != nil && v.plainText(task.Description) == *seen {
			change.Seen.Description = &task.Description
		}
	}
	if value, seen := changedField(form, "priority"); value != nil {
		change.Priority, change.Seen.Priority = as[events.Priority](value), as[events.Priority](seen)
	}
	if value, seen := changedField(form, "due"); value != nil {
		change.Due, change.Seen.Due = as[events.Date](value), as[events.Date](seen)
	}
	if value, seen := changedField(form, "labels"); value != nil {
		labels := splitLabels(*value)
		change.Labels = &labels
		if seen != nil {
			was := splitLabels(*seen)
			change.Seen.Labels = &was
		}
	}
	if value, seen := changedField(form, "status"); value != nil {
		change.Status = *value
		if seen != nil {
			change.SeenStatus = *seen
		}
	}
	if form.Has("seen_assignees") {
		seen := strings.Fields(form.Get("seen_assignees"))
		change.Assign = peopleBesides(form["assignees"], seen)
		change.Unassign = peopleBesides(seen, form["assignees"])
	}
	return change
}

// changedField returns the value of a field that the form has and the user
// changed, and the value the user saw if the form includes it.
func changedField(form url.Values, name string) (value, seen *string) {
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

// peopleBesides returns the accounts that are not among the others.
func peopleBesides(ids, others []string) []uuid.UUID {
	var besides []uuid.UUID
	for _, id := range ids {
		if !slices.Contains(others, id) {
			besides = append(besides, personID(id))
		}
	}
	return besides
}

func as[T ~string](s *string) *T {
	if s == nil {
		return nil
	}
	t := T(*s)
	return &t
}

// splitLabels parses comma-separated labels.
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

// refusedChange shows the task again with the reason why the change was
// refused: both values of fields that another user has changed meanwhile.
func (w *Web) refusedChange(ctx context.Context, v *view, r *http.Request, err error) (result, error) {
	var rejection *commands.Rejection
	if !errors.As(err, &rejection) || rejection.Code == commands.CodeNotFound {
		return result{}, err
	}
	d, readErr := w.taskData(ctx, v, r)
	if readErr != nil {
		return result{}, err
	}
	p := problem.Of(w.logger, err)
	d.Wrong = v.problemText(p)
	d.Kept = make(map[string]string)
	for _, field := range []string{"title", "labels", "description"} {
		if text := r.PostFormValue(field); text != "" && text != r.PostFormValue("seen_"+field) {
			d.Kept[field] = strings.ReplaceAll(text, "\r\n", "\n")
		}
	}
	if rejection.Code == commands.CodeChanged {
		// The rows may be older than the state that refused the change.
		task, _, foldErr := w.service.Visible(ctx, d.Task.ID)
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

// fieldText returns a task's field as a form holds it.
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

// simple executes a command about the task in the path and redirects back.
func (w *Web) simple(ctx context.Context, r *http.Request, phrase string, command func(uuid.UUID) commands.Command) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	o, err := w.service.Do(ctx, command(id), service.Write{})
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
	_, project, err := w.service.Visible(ctx, id)
	if err != nil {
		return result{}, err
	}
	text := strings.ReplaceAll(r.PostFormValue("text"), "\r\n", "\n")
	o, err := w.service.Do(ctx, commands.AddComment{Task: id, Comment: service.NewID(ctx, "comment"), Text: markdown.WithMentions(text, w.people(project))}, service.Write{})
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
	p := problem.Of(w.logger, err)
	d.Wrong, d.Draft = v.problemText(p), text
	return result{show: taskPage(v, d), status: p.Status}, nil
}

// changeComment edits or deletes a comment.
func (w *Web) changeComment(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	comment, err := pathID(r, "comment")
	if err != nil {
		return result{}, err
	}
	task, project, err := w.service.Visible(ctx, id)
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
	o, err := w.service.Do(ctx, command, service.Write{})
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

// undo reverts the change that produced a revision.
func (w *Web) undo(ctx context.Context, r *http.Request, of func(uuid.UUID) events.Aggregate) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	revision, ok := parseRevision(r.PostFormValue("revision"))
	if !ok {
		return result{}, problem.Wrong(problem.InBody, "revision", problem.Malformed, "must be the number of a change")
	}
	o, err := w.service.Undo(ctx, of(id), revision, service.Write{})
	if err != nil {
		return result{}, err
	}
	fallback := "/" + string(of(id).Kind) + "s/" + id.String()
	return result{to: local(r.PostFormValue("back"), fallback), done: did("undone", o), at: o.Position}, nil
}
