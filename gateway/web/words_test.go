package web

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/web/teamtest"
	"github.com/docketlog/docket/i18n"
	"github.com/docketlog/docket/projections"
)

// someView is a page opened by Mina, with her team's project.
func someView(l i18n.Language) *view {
	w := &Web{who: func(id uuid.UUID) (accounts.Person, bool) {
		p := teamtest.Person(id)
		return p, p.Name != ""
	}}
	p := &projections.Project{ID: uuid.New(), Name: "Shop", Role: events.RoleOwner, Statuses: []events.Status{
		{Key: "waiting", Name: "Waiting", Category: events.CategoryToDo}, {Key: "in_progress", Name: "In progress", Category: events.CategoryDoing},
		{Key: "review", Name: "검토", Category: events.CategoryDoing}, {Key: "done", Name: "Done", Category: events.CategoryDone},
	}}
	for _, person := range teamtest.Team {
		p.Members = append(p.Members, projections.Member{Account: person.ID, Role: events.RoleMember})
	}
	return &view{web: w, language: l, zone: time.UTC, me: teamtest.Mina, project: p}
}

func TestFreeKey(t *testing.T) {
	t.Parallel()
	taken := func(keys ...string) func(string) bool {
		return func(k string) bool { return slices.Contains(keys, k) }
	}
	for _, c := range []struct {
		name  string
		taken []string
		want  string
	}{
		{"In Review", nil, "in_review"}, {"In Review", []string{"in_review"}, "in_review_2"}, {"In Review", []string{"in_review", "in_review_2"}, "in_review_3"},
		{"검토 중", nil, "status"}, {"검토 중", []string{"status"}, "status_2"}, {"QA 검토", nil, "qa"}, {"!!!", nil, "status"}, {"", nil, "status"}, {"7 days", nil, "7_days"},
		{strings.Repeat("long name ", 9), nil, "long_name_long_name_long"}, {"a name that is cut after _ x", nil, "a_name_that_is_cut_after"},
	} {
		if got := freeKey(c.name, taken(c.taken...)); got != c.want {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for address, is := range map[string]bool{
		"/": true, "/projects/x?q=%40me&x=//y": true, "/a#b": true, "/찾기?q=나": true, "/a//b": true, "/..//evil.example": true, // stays on the site: a path is only a path
		"": false, "a": false, "//evil.example": false, "///evil.example": false, `/\evil.example`: false, `\/evil.example`: false, "https://evil.example": false, "javascript:alert(1)": false,
		"/\t/evil.example": false, "/a\r\nb": false, "/a\x00": false, " /a": false, "?q=x": false, "#x": false, "/%zz": false,
	} {
		want := "fallback"
		if is {
			want = address
		}
		if got := local(address, "fallback"); got != want {
			t.Errorf("%q leads to %q", address, got)
		}
	}
}

func TestDoneIsReadAsWritten(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	for _, d := range []done{
		{phrase: "task_moved", target: events.Task(id), revision: 3}, {phrase: "project_renamed", target: events.Project(id), revision: 1}, {phrase: "filter_saved"},
		{phrase: "filter_deleted", filter: &accounts.SavedFilter{Name: "Bugs & käfer.", Project: id, Query: `label:bug "two words"`}},
	} {
		got := parseDone(d.String())
		if diff := cmp.Diff(&d, got, cmp.AllowUnexported(done{})); diff != "" {
			t.Errorf("%v is read as %v", d, got)
		}
	}
	for _, text := range []string{"", "...", "task_moved", "nothing.task." + id.String() + ".1", "task_moved.task.x.1", "task_moved.task." + id.String() + ".-1", "task_moved.task." + id.String() + ".1.2", "filter_deleted.." + id.String() + ".0.%%%", "task_moved.task." + id.String() + ".18446744073709551616"} {
		if got := parseDone(text); got != nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
	for text, undoable := range map[string]bool{
		"task_moved.task." + id.String() + ".1": true, "task_moved.task." + id.String() + ".0": false, "task_moved.account." + id.String() + ".1": false, "task_moved.." + id.String() + ".1": false,
		"task_moved.//evil." + id.String() + ".1": false,
	} {
		if d := parseDone(text); d == nil || d.undoable() != undoable {
			t.Errorf("%q: %v", text, d)
		}
	}
}

func TestHueAndInitials(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"": "?", " \u3000": "?", "mina": "MI", "Mina Park": "MP", "Mina van den Berg": "MB", "김유나": "김유", "김 유나": "김유", "x": "X", "ß y": "ßY", "👩‍🚀 Z": "👩Z",
	} {
		if got := initials(name); got != want && !(name == "ß y" && got == "SSY") {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if h := hue(s); h != hue(s) || len(h) != 4 || h[:3] != "hue" || h[3] < '0' || h[3] > '7' {
			t.Fatalf("%q has the hue %q", s, h)
		}
		if i := initials(s); i == "" {
			t.Fatalf("%q has no initials", s)
		}
	})
}

func TestStatusNames(t *testing.T) {
	t.Parallel()
	v := someView(i18n.Korean)
	for key, want := range map[string]string{"waiting": "대기", "review": "검토", "done": "완료", "nowhere": "nowhere"} {
		if got := v.statusName(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	v.project.Statuses[0].Name = "Backlog"
	if got := v.statusName("waiting"); got != "Backlog" {
		t.Errorf("renamed it is %q", got)
	}
}
