package api

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
)

// TestPatchIsAChange converts patches to changes: an omitted field, null and a
// value are three different things.
func TestPatchIsAChange(t *testing.T) {
	t.Parallel()
	task, other := uuid.New(), uuid.New()
	title, none := "Oil", events.PriorityNone
	for body, want := range map[string]service.TaskChange{
		`{}`: {},
		`{"title": "Oil", "seen": {"title": "Oil"}}`:         {Title: &title, Seen: commands.Seen{Title: &title}},
		`{"description": null, "due": null, "labels": null}`: {Description: new(""), Due: new(events.Date("")), Labels: new([]string)},
		`{"priority": null, "seen": {"priority": null}}`:     {Priority: &none, Seen: commands.Seen{Priority: &none}},
		`{"status": "done", "seen": {"status": "waiting"}}`:  {Status: "done", SeenStatus: "waiting"},
		`{"rank": "V"}`:   {Place: service.Place{Rank: "V"}},
		`{"after": null}`: {Place: service.Place{After: &service.Neighbour{None: true}}},
		`{"after": null, "before": "` + other.String() + `"}`:             {Place: service.Place{After: &service.Neighbour{None: true}, Before: &service.Neighbour{Task: other}}},
		`{"assignees": ["` + other.String() + `"]}`:                       {Assignees: &[]uuid.UUID{other}},
		`{"assignees": null}`:                                             {Assignees: new([]uuid.UUID)},
		`{"seen": {"due": "2026-12-24", "labels": ["a"], "status": "x"}}`: {SeenStatus: "x", Seen: commands.Seen{Due: new(events.Date("2026-12-24")), Labels: &[]string{"a"}}},
	} {
		var patch TaskPatch
		if err := json.Unmarshal([]byte(body), &patch); err != nil {
			t.Fatal(err)
		}
		if err := patch.check(); err != nil {
			t.Errorf("%s: %v", body, err)
		}
		want.Task = task
		if diff := cmp.Diff(want, patch.change(task)); diff != "" {
			t.Errorf("%s: want -, got +\n%s", body, diff)
		}
	}
	for _, body := range []string{
		`{"title": null}`, `{"status": null}`, `{"rank": null}`, `{"status": ""}`, `{"rank": ""}`, `{"seen": {"title": null}}`, `{"seen": {"status": null}}`,
	} {
		var patch TaskPatch
		if err := json.Unmarshal([]byte(body), &patch); err != nil {
			t.Fatal(err)
		}
		if p := problem.From(patch.check()); p == nil || p.Code != problem.Invalid {
			t.Errorf("%s is not refused: %v", body, p)
		}
	}
}
