package web

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/gateway/web/teamtest"
)

// TestFormIsAChange parses forms: a change contains only what the user changed,
// with the values they saw.
func TestFormIsAChange(t *testing.T) {
	t.Parallel()
	v := someView(0)
	task := commands.Task{ID: uuid.New(), Description: "Ask <@" + teamtest.Jun.ID.String() + ">"}
	project := commands.Project{}
	for _, p := range teamtest.Team {
		project.Members = append(project.Members, commands.Member{Account: p.ID})
	}
	shown := v.plainText(task.Description)
	high, none := events.PriorityHigh, events.PriorityNone
	for name, c := range map[string]struct {
		form string
		want service.TaskChange
	}{
		"nothing":     {"", service.TaskChange{}},
		"as it was":   {"title=Oil&seen_title=Oil&description=a%0D%0Ab&seen_description=a%0Ab&seen_assignees=x&assignees=x", service.TaskChange{}},
		"a title":     {"title=Oil&seen_title=Engine", service.TaskChange{Title: new("Oil"), Seen: commands.Seen{Title: new("Engine")}}},
		"not seen":    {"title=Oil", service.TaskChange{Title: new("Oil")}},
		"a priority":  {"priority=high&seen_priority=none", service.TaskChange{Priority: &high, Seen: commands.Seen{Priority: &none}}},
		"no due date": {"due=&seen_due=2026-12-24", service.TaskChange{Due: new(events.Date("")), Seen: commands.Seen{Due: new(events.Date("2026-12-24"))}}},
		"labels":      {"labels=b,+a,,b&seen_labels=", service.TaskChange{Labels: &[]string{"a", "b"}, Seen: commands.Seen{Labels: &[]string{}}}},
		"a status":    {"status=done&seen_status=waiting", service.TaskChange{Status: "done", SeenStatus: "waiting"}},
		"assignees": {
			"seen_assignees=" + teamtest.Jun.ID.String() + "+" + teamtest.Mina.ID.String() + "&assignees=" + teamtest.Mina.ID.String() + "&assignees=" + teamtest.Yuna.ID.String(),
			service.TaskChange{Assign: []uuid.UUID{teamtest.Yuna.ID}, Unassign: []uuid.UUID{teamtest.Jun.ID}},
		},
		"a mention, seen as a name": {
			"description=" + url.QueryEscape(shown+" soon") + "&seen_description=" + url.QueryEscape(shown),
			service.TaskChange{Description: new(task.Description + " soon"), Seen: commands.Seen{Description: &task.Description}},
		},
	} {
		form, err := url.ParseQuery(c.form)
		if err != nil {
			t.Fatal(err)
		}
		c.want.Task = task.ID
		if diff := cmp.Diff(c.want, v.web.taskChange(v, form, task, project)); diff != "" {
			t.Errorf("%s: want -, got +\n%s", name, diff)
		}
	}
}
