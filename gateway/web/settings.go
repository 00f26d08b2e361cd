package web

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/projections"
)

// settingsData is the content of a project's settings. Wrong says, by section
// of the page, why a change was refused.
type settingsData struct {
	Wrong map[string]string
	// Email is the address that was entered and could not be added.
	Email string
}

// people returns the members of a project according to the log, with their
// names.
func (w *Web) people(p commands.Project) []accounts.Person {
	all := make([]accounts.Person, len(p.Members))
	for i, m := range p.Members {
		all[i] = w.person(m.Account)
	}
	return all
}

func (w *Web) settings(ctx context.Context, v *view, r *http.Request) (result, error) {
	return w.showSettings(ctx, v, r, settingsData{}, 0)
}

func (w *Web) showSettings(ctx context.Context, v *view, r *http.Request, d settingsData, status int) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	v.name("settings")
	_, err = read(ctx, v, func(ctx context.Context, s *projections.Snapshot) (struct{}, error) {
		return struct{}{}, v.open(ctx, s, id)
	})
	if err != nil {
		return result{}, err
	}
	v.title = v.T("page.settings") + " · " + v.project.Name
	return result{show: settingsPage(v, d), status: status}, nil
}

// changed shows the settings again after a change of the project, with the
// error if it was refused.
func (w *Web) changed(ctx context.Context, v *view, r *http.Request, part, phrase string, o commands.Outcome, err error) (result, error) {
	if err != nil {
		return w.refusedSetting(ctx, v, r, part, err)
	}
	to := "/projects/" + r.PathValue("id") + "/settings"
	if o.Project.Role(v.me.ID) == "" {
		to = "/"
	}
	return result{to: to, done: did(phrase, o), at: o.Position}, nil
}

func (w *Web) refusedSetting(ctx context.Context, v *view, r *http.Request, part string, err error) (result, error) {
	p := problem.Of(w.logger, err)
	if p.Status >= http.StatusInternalServerError || p.Code == problem.NotFound {
		return result{}, err
	}
	d := settingsData{Wrong: map[string]string{part: v.problemText(p)}, Email: r.PostFormValue("email")}
	return w.showSettings(ctx, v, r, d, p.Status)
}

func (w *Web) changeProject(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	part, phrase := "name", "project_renamed"
	change := service.ProjectChange{Project: id}
	switch r.PostFormValue("archived") {
	case "true":
		part, phrase = "archive", "project_archived"
		change.Archived = new(true)
	case "false":
		part, phrase = "archive", "project_unarchived"
		change.Archived = new(false)
	default:
		change.Name = new(r.PostFormValue("name"))
	}
	o, err := w.service.ChangeProject(ctx, change, service.Write{})
	return w.changed(ctx, v, r, part, phrase, o, err)
}

func (w *Web) addMember(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	o, _, err := w.service.AddMember(ctx, id, r.PostFormValue("email"), events.Role(r.PostFormValue("role")), service.Write{})
	return w.changed(ctx, v, r, "members", "member_added", o, err)
}

func (w *Web) changeMember(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	account, err := pathID(r, "account")
	if err != nil {
		return result{}, err
	}
	phrase := "member_role_changed"
	var command commands.Command = commands.ChangeMemberRole{Project: id, Account: account, Role: events.Role(r.PostFormValue("role"))}
	if r.PostForm.Has("remove") {
		command, phrase = commands.RemoveMember{Project: id, Account: account}, "member_removed"
	}
	o, err := w.service.Do(ctx, command, service.Write{})
	return w.changed(ctx, v, r, "members", phrase, o, err)
}

// changeStatuses reads the table of statuses from the form: the existing ones
// in order of their positions, those to be removed with the status that takes
// their tasks, and a new one if it has a name.
func (w *Web) changeStatuses(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	project, err := w.service.VisibleProject(ctx, id)
	if err != nil {
		return result{}, err
	}
	statuses, retire, err := statusesOf(r, project)
	if err != nil {
		return w.refusedSetting(ctx, v, r, "statuses", err)
	}
	o, err := w.service.ChangeProject(ctx, service.ProjectChange{Project: id, Statuses: &statuses, Retire: retire}, service.Write{})
	return w.changed(ctx, v, r, "statuses", "statuses_changed", o, err)
}

func statusesOf(r *http.Request, project commands.Project) ([]events.Status, map[string]string, error) {
	form := r.PostForm
	type placed struct {
		events.Status
		rank int
	}
	var all []placed
	retire := map[string]string{}
	at := func(field string, i int) string {
		if values := form[field]; i < len(values) {
			return values[i]
		}
		return ""
	}
	for i, key := range form["status_key"] {
		name := strings.TrimSpace(at("status_name", i))
		if key == "" && name == "" {
			continue
		}
		if heir := at("status_heir", i); heir != "" {
			if key != "" {
				retire[key] = heir
			}
			continue
		}
		limit := 0
		if text := strings.TrimSpace(at("status_limit", i)); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return nil, nil, problem.Wrong(problem.InBody, "limit", problem.Malformed, "must be a number, or empty for none")
			}
			limit = n
		}
		place, err := strconv.Atoi(at("status_place", i))
		if err != nil {
			place = i + 1
		}
		// A status moved to an occupied position takes it; the one that was
		// there makes room.
		rank := 2 * place
		if place < i+1 {
			rank--
		} else if place > i+1 {
			rank++
		}
		if key == "" {
			key = freeKey(name, func(k string) bool {
				_, known := project.Retired[k]
				return known || slices.Contains(form["status_key"], k)
			})
		}
		// The default names are shown in the reader's language; sent back
		// unchanged, they keep the stored name.
		if shown := at("status_shown", i); shown == name {
			for _, s := range project.Statuses {
				if s.Key == key {
					name = s.Name
				}
			}
		}
		all = append(all, placed{events.Status{Key: key, Name: name, Category: events.Category(at("status_category", i)), Limit: limit}, rank})
	}
	slices.SortStableFunc(all, func(a, b placed) int { return a.rank - b.rank })
	statuses := make([]events.Status, len(all))
	for i, p := range all {
		statuses[i] = p.Status
	}
	return statuses, retire, nil
}

var notKey = regexp.MustCompile(`[^a-z0-9]+`)

// freeKey derives the key of a new status from its name.
func freeKey(name string, taken func(string) bool) string {
	base := strings.Trim(notKey.ReplaceAllString(strings.ToLower(name), "_"), "_")
	if base == "" {
		base = "status"
	}
	base = base[:min(len(base), 24)]
	key := base
	for n := 2; taken(key); n++ {
		key = base + "_" + strconv.Itoa(n)
	}
	return key
}

// activityData is a page of a project's activity.
type activityData struct {
	Entries []projections.Entry
	// Titles are the titles of the tasks the entries are about.
	Titles map[uuid.UUID]string
	Next   string
	First  bool
}

// activity shows a project's activity, newest first.
func (w *Web) activity(ctx context.Context, v *view, r *http.Request) (result, error) {
	id, err := pathID(r, "id")
	if err != nil {
		return result{}, err
	}
	v.name("activity")
	cursor := r.URL.Query().Get("cursor")
	d, err := read(ctx, v, func(ctx context.Context, s *projections.Snapshot) (d activityData, err error) {
		if err = v.open(ctx, s, id); err != nil {
			return d, err
		}
		d.Entries, d.Next, err = s.ProjectHistory(ctx, v.me.ID, id, projections.Page{Limit: 60, Sort: "-position", Cursor: cursor})
		d.Titles = make(map[uuid.UUID]string)
		for _, e := range d.Entries {
			if e.Aggregate.Kind != events.KindTask || d.Titles[e.Aggregate.ID] != "" {
				continue
			}
			t, err := s.Task(ctx, v.me.ID, e.Aggregate.ID)
			if err != nil {
				return d, err
			}
			d.Titles[e.Aggregate.ID] = t.Title
		}
		d.First = cursor == ""
		return d, err
	})
	if err != nil {
		return result{}, err
	}
	v.title = v.T("page.activity") + " · " + v.project.Name
	return result{show: activityPage(v, d)}, nil
}
