package web

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/web/shorthand"
	"github.com/docketlog/docket/projections"
)

// hue returns the colour class of a label or person, always the same one. The
// scripts compute it in the same way.
func hue(s string) string {
	n := 0
	for _, r := range s {
		n = (n*31 + int(r)) % 9973
	}
	return "hue" + strconv.Itoa(n%8)
}

// initials abbreviates a name where space is short: the initials of the first
// and last word, or the first two letters of a single word.
func initials(name string) string {
	words := strings.FieldsFunc(name, unicode.IsSpace)
	if len(words) == 0 {
		return "?"
	}
	first := []rune(words[0])
	if len(words) == 1 {
		return strings.ToUpper(string(first[:min(2, len(first))]))
	}
	return strings.ToUpper(string(first[0]) + string([]rune(words[len(words)-1])[0]))
}

// names joins people's names with commas.
func (v *view) names(ids []uuid.UUID) string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = v.personName(id)
	}
	return strings.Join(names, ", ")
}

// unfinished reports whether a task is still to be done, as far as is known.
func (v *view) unfinished(t projections.Task) bool {
	p := v.project
	if p == nil {
		p = v.projectByID(t.Project)
	}
	if p == nil {
		return true
	}
	key := p.Resolve(t.Status)
	return !slices.ContainsFunc(p.Statuses, func(s events.Status) bool { return s.Key == key && s.Category == events.CategoryDone })
}

// contextData is the data a page gives to the scripts.
type contextData struct {
	Me       uuid.UUID         `json:"me"`
	Language string            `json:"language"`
	Words    map[string]string `json:"words"`
	Position string            `json:"position"`
	Project  *contextProject   `json:"project,omitempty"`
	Projects []contextItem     `json:"projects"`
	People   []contextPerson   `json:"people"`
	Labels   []string          `json:"labels"`
}

type contextProject struct {
	ID       uuid.UUID       `json:"id"`
	Writes   bool            `json:"writes"`
	Statuses []contextStatus `json:"statuses"`
}

type contextStatus struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	Done  bool   `json:"done"`
	Limit int    `json:"limit"`
}

type contextItem struct {
	ID   uuid.UUID `json:"id"`
	Name string    `json:"name"`
	// Writes and Statuses are for tasks on pages that belong to no single
	// project.
	Writes   bool            `json:"writes"`
	Statuses []contextStatus `json:"statuses"`
	Members  []uuid.UUID     `json:"members"`
}

type contextPerson struct {
	ID       uuid.UUID `json:"id"`
	Name     string    `json:"name"`
	Handle   string    `json:"handle"`
	Initials string    `json:"initials"`
}

func (v *view) context() contextData {
	c := contextData{
		Me: v.me.ID, Language: v.language.String(), Words: v.language.StartingWith("js."), Position: v.at.String(),
		Projects: []contextItem{}, People: []contextPerson{}, Labels: append([]string{}, v.labels...),
	}
	statuses := func(all []events.Status) []contextStatus {
		shown := make([]contextStatus, len(all))
		for i, s := range all {
			shown[i] = contextStatus{s.Key, v.shownStatus(s), s.Category == events.CategoryDone, s.Limit}
		}
		return shown
	}
	people := v.members()
	if v.project != nil {
		c.Project = &contextProject{v.project.ID, v.writes(), statuses(v.project.Statuses)}
	} else {
		people = v.web.everybody(v)
	}
	for _, p := range v.projects {
		item := contextItem{ID: p.ID, Name: p.Name}
		if v.project == nil {
			item.Writes, item.Statuses = p.Role.Writes() && !p.Archived, statuses(p.Statuses)
			for _, m := range p.Members {
				item.Members = append(item.Members, m.Account)
			}
		}
		c.Projects = append(c.Projects, item)
	}
	for _, p := range people {
		c.People = append(c.People, contextPerson{p.ID, p.Name, shorthand.Handle(p.Name), initials(p.Name)})
	}
	return c
}
