package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func id(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// TestMergePatch changes one field at a time: all others stay.
func TestMergePatch(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	state := ada.post(project+"/tasks", m{
		"title": "Full", "description": "Words", "priority": "high", "due": "2026-12-31",
		"labels": []string{"b", "a", "b"}, "assignees": []string{ada.account}, "status": "in_progress",
	}).want(201).json()
	task := "/api/v1/tasks/" + state["id"].(string)
	if diff := cmp.Diff([]any{"a", "b"}, state["labels"]); diff != "" {
		t.Errorf("labels:\n%s", diff)
	}
	for _, c := range []struct {
		field string
		value any
		want  any
	}{
		{"title", "Other", "Other"}, {"description", "More", "More"}, {"description", nil, ""},
		{"priority", "low", "low"}, {"priority", nil, "none"}, {"due", "2027-01-01", "2027-01-01"}, {"due", nil, nil},
		{"labels", []string{"z"}, []any{"z"}}, {"labels", nil, []any{}}, {"labels", []string{}, []any{}},
		{"assignees", nil, []any{}}, {"assignees", []string{ada.account}, []any{ada.account}},
	} {
		a := ada.patch(task, m{c.field: c.value}, header{"Content-Type", "application/merge-patch+json"}).want(200)
		got := a.json()
		state[c.field], state["revision"], state["updated_at"] = c.want, got["revision"], got["updated_at"]
		if diff := cmp.Diff(state, got); diff != "" {
			t.Fatalf("patching %s to %v:\n%s", c.field, c.value, diff)
		}
		if read := ada.get(task, a.at()).want(200); !cmp.Equal(read.json(), got) || read.header.Get("ETag") != a.header.Get("ETag") {
			t.Fatalf("patching %s to %v: a read differs:\n%s", c.field, c.value, cmp.Diff(got, read.json()))
		}
	}
	// An empty patch changes nothing and writes no event.
	before := h.end()
	if a := ada.patch(task, m{}).want(200); !cmp.Equal(a.json(), state) {
		t.Errorf("an empty patch:\n%s", cmp.Diff(state, a.json()))
	}
	ada.patch(task, m{"title": "Other", "labels": []string{}, "status": "in_progress"}).want(200)
	if after := h.end(); after != before {
		t.Errorf("nothing changed and the log went from %s to %s", before, after)
	}
	// Several kinds of change are atomic.
	a := ada.patch(task, m{"title": "Both", "status": "done", "assignees": nil}).want(200)
	if got := a.json(); got["title"] != "Both" || got["status"] != "done" || len(got["assignees"].([]any)) != 0 {
		t.Errorf("several: %s", a.body)
	}
	before = h.end()
	ada.patch(task, m{"title": "Half", "status": "nowhere"}).want(422)
	if after := h.end(); after != before {
		t.Error("half of a refused patch happened")
	}
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, made := ada.project("Engine")
	task, created := ada.task(project, "Task")
	first := header{"If-Match", created.header.Get("ETag")}
	ada.patch(task, m{"title": "Second"}, first).want(200)
	ada.patch(task, m{"title": "Third"}, first).want(412).code("revision_mismatch")
	ada.patch(task, m{"title": "Third"}, header{"If-Match", "*"}).want(200)
	for _, send := range []func() *answer{
		func() *answer { return ada.delete(task, first) },
		func() *answer { return ada.post(task+"/restore", nil, first) },
		func() *answer { return ada.send("PUT", task+"/assignees/"+ada.account, nil, first) },
		func() *answer { return ada.post(task+"/comments", m{"text": "x"}, first) },
	} {
		send().want(412)
	}
	ada.patch(project, m{"name": "Second"}, header{"If-Match", made.header.Get("ETag")}).want(200)
	ada.patch(project, m{"name": "Third"}, header{"If-Match", made.header.Get("ETag")}).want(412)
	if got := ada.get(project, ada.patch(project, m{"name": "Second"}).want(200).at()).text("name"); got != "Second" {
		t.Errorf("name %q", got)
	}
}

// TestSeen lets two people change one task based on the same state: changes of
// different fields are merged, and changes of one field lose nothing.
func TestSeen(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")
	project, _ := ada.project("Engine")
	ada.post(project+"/members", m{"email": ben.email, "role": "member"}).want(201)
	task, _ := ada.task(project, "Task")
	seen := m{"title": "Task", "description": nil, "priority": nil, "due": nil, "labels": []string{}, "status": "waiting"}

	ada.patch(task, m{"title": "Ada's", "seen": seen}).want(200)
	ben.patch(task, m{"description": "Ben's", "priority": "high", "due": "2026-12-01", "labels": []string{"b"}, "seen": seen}).want(200)
	before := h.end()
	ben.patch(task, m{"title": "Ben's", "status": "done", "seen": seen}).want(409).code("changed_meanwhile", "title")
	ben.patch(task, m{"title": "Ben's", "description": "x", "priority": "low", "due": nil, "labels": nil, "seen": seen}).
		want(409).code("changed_meanwhile", "title", "description", "priority", "due", "labels")
	if h.end() != before {
		t.Error("half of what was refused has happened")
	}
	ben.patch(task, m{"title": "Ada's", "seen": seen}).want(200)
	ada.patch(task, m{"status": "in_progress", "seen": seen}).want(200)
	ben.patch(task, m{"status": "done", "seen": seen}).want(409).code("changed_meanwhile", "status")
	ben.patch(task, m{"title": "Ben's", "status": "done", "seen": seen}).want(409).code("changed_meanwhile", "title", "status")
	ben.patch(task, m{"before": nil, "seen": seen}).want(409).code("changed_meanwhile", "status")
	ben.patch(task, m{"status": "in_progress", "seen": seen}).want(200)
	ben.patch(task, m{"title": "Ben's"}).want(200)

	ben.patch(task, m{"title": "x", "seen": m{"title": nil}}).want(422).code("invalid", "seen.title")
	ben.patch(task, m{"title": "x", "seen": m{"rank": "V"}}).want(422).code("invalid")
	ben.patch(task, m{"title": "x", "seen": "Task"}).want(422).code("invalid", "seen")

	said := "/comments/" + ben.post(task+"/comments", m{"text": "one"}).want(201).text("id")
	ben.patch(task+said, m{"text": "two", "seen": "one"}).want(200)
	ben.patch(task+said, m{"text": "three", "seen": "one"}).want(409).code("changed_meanwhile", "text")
	ben.patch(task+said, m{"text": "two", "seen": "one"}).want(200)
}

func TestIfNoneMatch(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	task, _ := ada.task(project, "Task")
	for _, path := range []string{project, task} {
		read := ada.get(path, ada.patch(path, map[string]m{project: {"name": "N"}, task: {"title": "T"}}[path]).want(200).at()).want(200)
		tag := read.header.Get("ETag")
		for _, value := range []string{tag, "W/" + tag, `"99", ` + tag, "*"} {
			a := ada.get(path, header{"If-None-Match", value})
			if a.status != 304 || len(a.body) != 0 || a.header.Get("ETag") != tag || a.header.Get("Docket-Position") == "" {
				t.Errorf("%s If-None-Match %s: %d %q %v", path, value, a.status, a.body, a.header)
			}
		}
		ada.get(path, header{"If-None-Match", `"99"`}).want(200)
	}
	ada.get("/api/v1/tasks/01890a5d-ac96-774b-bcce-b302099a8057", header{"If-None-Match", "*"}).want(404)
}

// TestPlacing moves a card between, before and after others.
func TestPlacing(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	tasks := map[string]string{}
	names := map[string]string{}
	for _, name := range []string{"a", "b", "c", "d"} {
		tasks[name], _ = ada.task(project, name)
		names[id(tasks[name])] = name
	}
	order := func(at header) string {
		var b strings.Builder
		columns := ada.get(project+"/board", at).want(200).json()["columns"].([]any)
		for _, c := range columns[:2] {
			for _, task := range c.(m)["tasks"].([]any) {
				b.WriteString(names[task.(m)["id"].(string)])
			}
			b.WriteString(" ")
		}
		return strings.TrimSpace(b.String())
	}
	ref := func(name string) any { return id(tasks[name]) }
	for _, c := range []struct {
		move  string
		patch m
		want  string
	}{
		{"d", m{"after": ref("a"), "before": ref("b")}, "adbc"},
		{"a", m{"after": ref("c")}, "dbca"},
		{"c", m{"before": ref("d")}, "cdba"},
		{"b", m{"after": nil}, "bcda"},
		{"b", m{"before": nil}, "cdab"},
		{"a", m{"after": ref("c")}, "cadb"},
		{"b", m{"before": ref("a")}, "cbad"},
		{"c", m{"after": nil, "before": ref("b")}, "cbad"},
		{"d", m{"status": "in_progress", "after": nil, "before": nil}, "cba d"},
		{"a", m{"status": "in_progress", "after": nil}, "cb ad"},
		{"c", m{"status": "in_progress", "before": ref("d")}, "b acd"},
		{"b", m{"status": "in_progress", "after": ref("d")}, "acdb"},
	} {
		a := ada.patch(tasks[c.move], c.patch, ada.get("/api/v1/me").at(), header{"Docket-Position", h.end().String()}).want(200)
		if got := order(a.at()); got != c.want {
			t.Fatalf("%s with %v: %q, want %q", c.move, c.patch, got, c.want)
		}
	}
	ada.patch(tasks["a"], m{"after": ref("a")}).want(422).code("invalid", "after")
}

// TestStatusLimits sets, reads and removes the limit of a column; the limit
// does not prevent adding tasks.
func TestStatusLimits(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	board := func(limit any) []m {
		doing := m{"key": "in_progress", "name": "In progress", "category": "doing"}
		if limit != nil {
			doing["limit"] = limit
		}
		return []m{{"key": "waiting", "name": "Waiting", "category": "to_do"}, doing, {"key": "done", "name": "Done", "category": "done"}}
	}
	limits := func(a *answer) any { return a.json()["statuses"].([]any)[1].(m)["limit"] }
	changed := ada.patch(project, m{"statuses": board(1)}).want(200)
	if got := limits(changed); got != 1.0 {
		t.Errorf("limit in the answer to a write: %v", got)
	}
	if got := limits(ada.get(project, changed.at()).want(200)); got != 1.0 {
		t.Errorf("limit in the answer to a read: %v", got)
	}
	for range 2 {
		ada.post(project+"/tasks", m{"title": "Task", "status": "in_progress"}).want(201)
	}
	gone := ada.patch(project, m{"statuses": board(nil)}).want(200)
	if got := limits(ada.get(project, gone.at()).want(200)); got != nil {
		t.Errorf("a limit that was taken away: %v", got)
	}
}

func TestRetiringAStatus(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	task, _ := ada.task(project, "Task")
	changed := ada.patch(project, m{
		"statuses": []m{{"key": "doing", "name": "Doing", "category": "doing"}, {"key": "done", "name": "Done", "category": "done"}},
		"retire":   m{"waiting": "doing", "in_progress": "doing"},
	}).want(200)
	if got := ada.get(task, changed.at()).want(200).text("status"); got != "doing" {
		t.Errorf("status of a task whose status was retired: %q", got)
	}
	if got := ada.patch(task, m{"title": "Other"}).want(200).text("status"); got != "doing" {
		t.Errorf("status in the answer to a write: %q", got)
	}
}

// TestPages reads a list page by page, in every order.
func TestPages(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	var at header
	for i := range 7 {
		_, a := ada.task(project, fmt.Sprintf("Task %d", i))
		at = a.at()
	}
	for _, sort := range []string{"", "number", "-number", "rank", "-created", "updated", "due", "-priority", "title", "-title"} {
		var seen []string
		for next := ""; ; {
			path := project + "/tasks?limit=3&cursor=" + next
			if sort != "" {
				path += "&sort=" + sort
			}
			a := ada.get(path, at).want(200)
			for _, task := range a.items() {
				seen = append(seen, task["title"].(string))
			}
			if a.json()["next"] == nil {
				break
			}
			next = a.text("next")
		}
		if len(seen) != 7 || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != 7 {
			t.Errorf("sort %q: %v", sort, seen)
		}
	}
	first := ada.get(project+"/tasks?limit=3&sort=title", at).text("next")
	ada.get(project+"/tasks?limit=3&sort=number&cursor="+first, at).want(422).code("unknown_cursor")
}

func TestFiltersAndTrash(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	make := func(body m) string {
		return "/api/v1/tasks/" + ada.post(project+"/tasks", body).want(201).text("id")
	}
	make(m{"title": "one", "labels": []string{"a,b", "x"}, "due": "2026-05-01", "assignees": []string{ada.account}})
	make(m{"title": "two", "labels": []string{"x"}, "due": "2026-06-01", "status": "done", "description": "Brass wheels"})
	gone := make(m{"title": "three", "priority": "urgent"})
	four := make(m{"title": "four", "priority": "urgent", "status": "in_progress"})
	ada.delete(gone).want(200)
	deleted := ada.delete(four).want(200)
	if deleted.json()["deleted_at"] == nil {
		t.Errorf("a deleted task: %s", deleted.body)
	}
	at := ada.post(four+"/restore", nil).want(200)
	if _, there := at.json()["deleted_at"]; there {
		t.Errorf("a restored task: %s", at.body)
	}
	for query, want := range map[string]string{
		"":                                    "one two four",
		"?status=waiting&status=in_progress":  "one four",
		"?open=true":                          "one four",
		"?label=a%2Cb":                        "one",
		"?label=x&label=a%2Cb":                "one",
		"?label=x":                            "one two",
		"?assignee=me":                        "one",
		"?assignee=" + ada.account:            "one",
		"?assignee=none":                      "two four",
		"?due=2026-05-01":                     "one",
		"?due_from=2026-05-02":                "two",
		"?due_to=2026-06-01":                  "one two",
		"?priority=urgent":                    "four",
		"?text=wheels":                        "two",
		"?number=2":                           "two",
		"?number=3":                           "",
		"?number=99":                          "",
		"?deleted=true":                       "three",
		"?deleted=true&priority=urgent&text=": "three",
	} {
		separator := "?"
		if query != "" {
			separator = "&"
		}
		var titles []string
		for _, task := range ada.get(project+"/tasks"+query+separator+"sort=number", at.at()).want(200).items() {
			titles = append(titles, task["title"].(string))
		}
		if got := strings.Join(titles, " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if got := ada.get(gone, at.at()).want(200).json(); got["deleted_at"] == nil {
		t.Errorf("a task in the trash: %v", got)
	}
}

// TestTasksEverywhere lists the caller's tasks across several projects, and no
// others.
func TestTasksEverywhere(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")
	engine, _ := ada.project("Engine")
	garden, _ := ben.project("Garden")
	secret, _ := ben.project("Secret")
	ben.post(garden+"/members", m{"email": ada.email, "role": "viewer"}).want(201)
	first, _ := ada.task(engine, "first")
	ben.post(garden+"/tasks", m{"title": "second", "labels": []string{"x", "y"}, "assignees": []string{ada.account}}).want(201)
	ben.post(secret+"/tasks", m{"title": "hidden", "labels": []string{"x"}}).want(201)
	ada.patch(first, m{"labels": []string{"x"}, "description": "brass"}).want(200)
	at := header{"Docket-Position", h.end().String()}
	titles := func(p *person, query string) string {
		t.Helper()
		var all []string
		for next := ""; ; {
			a := p.get("/api/v1/tasks?limit=1&cursor="+next+query, at).want(200)
			for _, task := range a.items() {
				all = append(all, task["title"].(string))
			}
			if a.json()["next"] == nil {
				return strings.Join(all, " ")
			}
			next = a.text("next")
		}
	}
	for query, want := range map[string]string{
		"": "first second", "&sort=updated": "second first", "&sort=title": "first second", "&number=1": "first second", "&number=2": "",
		"&label=y": "second", "&text=brass": "first", "&assignee=me": "second", "&assignee=none": "first", "&open=true": "first second",
		"&status=done": "", "&deleted=true": "", "&text=hidden": "", "&assignee=" + ben.account: "",
	} {
		if got := titles(ada, query); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	if got := titles(ben, ""); got != "hidden second" {
		t.Errorf("Ben finds %q", got)
	}
	ada.get("/api/v1/tasks?sort=size").want(422).code("invalid", "sort")
	ada.get("/api/v1/tasks?number=-1").want(422).code("invalid", "number")
	ada.get("/api/v1/tasks?number=one").want(422).code("invalid", "number")

	labels := ada.get(garden+"/labels", at).want(200)
	if diff := cmp.Diff([]m{{"label": "x", "tasks": 1.0}, {"label": "y", "tasks": 1.0}}, labels.items()); diff != "" {
		t.Errorf("labels:\n%s", diff)
	}
	ada.get(secret+"/labels", at).want(404)
}

// TestFormerMembersAsAssignees removes an assigned member: reads and writes both omit
// them.
func TestFormerMembersAsAssignees(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")
	project, _ := ada.project("Engine")
	ada.post(project+"/members", m{"email": ben.email, "role": "member"}).want(201)
	task, _ := ada.task(project, "Task")
	ada.patch(task, m{"assignees": []string{ben.account, ada.account}}).want(200)
	ada.delete(project + "/members/" + ben.account).want(204)
	written := ada.patch(task, m{"title": "Without Ben"}).want(200)
	if diff := cmp.Diff([]any{ada.account}, written.json()["assignees"]); diff != "" {
		t.Errorf("assignees in the answer to a write:\n%s", diff)
	}
	if diff := cmp.Diff(written.json(), ada.get(task, written.at()).want(200).json()); diff != "" {
		t.Errorf("a read differs:\n%s", diff)
	}
}
