package gateway_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// change returns the revision to send to undo.
func (a *answer) change() m {
	a.t.Helper()
	n := a.header.Get("Docket-Change")
	if n == "" || `"`+n+`"` != a.header.Get("ETag") {
		a.t.Fatalf("%s: Docket-Change %q, ETag %s", a.what, n, a.header.Get("ETag"))
	}
	return m{"revision": json.Number(n)}
}

// TestUndo undoes changes of all kinds through the API, and redoes them.
func TestUndo(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")
	project, _ := ada.project("Engine")
	ada.post(project+"/members", m{"email": ben.email, "role": "member"}).want(201).change()
	task, made := ada.task(project, "Task")
	made.change()
	said := ada.post(task+"/comments", m{"text": "one"}).want(201)
	said.change()
	comment := said.header.Get("Location")

	patch := ben.patch(task, m{"title": "Other", "description": "Words", "status": "done", "assignees": []string{ada.account}}).want(200)
	before, after := made.json(), patch.json()
	before["comments"] = float64(1) // added in between, and stays
	same := func(what string, got, want m) {
		t.Helper()
		for _, moving := range []string{"revision", "updated_at"} {
			delete(got, moving)
			delete(want, moving)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	// A whole change of several kinds by another account.
	undone := ada.post(task+"/undo", patch.change()).want(200)
	same("undone", undone.json(), before)
	same("a read of what was undone", ada.get(task, undone.at()).want(200).json(), before)
	again := ada.post(task+"/undo", undone.change()).want(200)
	same("done again", again.json(), after)
	// A revision in the middle of a change stands for all of it.
	within := m{"revision": ada.get(task, again.at()).want(200).json()["revision"].(float64) - 1}
	same("undone by a revision within", ada.post(task+"/undo", within).want(200).json(), before)

	edited := ada.patch(comment, m{"text": "two"}).want(200)
	gone := ada.delete(comment).want(204)
	back := ada.post(task+"/undo", gone.change()).want(200)
	items := ada.get(task+"/comments", back.at()).want(200).items()
	if len(items) != 1 || items[0]["text"] != "two" || items[0]["author"] != ada.account ||
		items[0]["created_at"] != said.json()["created_at"] || items[0]["edited_at"] != edited.json()["edited_at"] {
		t.Errorf("a comment that came back: %v", items)
	}
	at := ada.post(task+"/undo", edited.change()).want(200).at()
	if items := ada.get(task+"/comments", at).want(200).items(); items[0]["text"] != "one" {
		t.Errorf("an edit that was undone: %v", items)
	}

	renamed := ada.patch(project, m{"name": "Motor", "archived": true}).want(200)
	if got := ada.post(project+"/undo", renamed.change()).want(200).json(); got["name"] != "Engine" || got["archived"] != false {
		t.Errorf("a project: %v", got)
	}
	out := ada.delete(project + "/members/" + ben.account).want(204)
	ada.post(project+"/undo", out.change()).want(200)
	raised := ada.patch(project+"/members/"+ben.account, m{"role": "owner"}).want(200)
	ada.post(project+"/undo", raised.change()).want(200)
	members := ada.get(project+"/members", ada.get("/api/v1/me", header{"Docket-Position", h.end().String()}).at()).want(200).items()
	if len(members) != 2 || members[1]["account"] != ben.account || members[1]["role"] != "member" {
		t.Errorf("members %v", members)
	}
	ada.post(task+"/undo", m{"revision": 1}).want(200)
	if got := ada.get(task, header{"Docket-Position", h.end().String()}).want(200).json(); got["deleted_at"] == nil {
		t.Error("a task whose beginning was undone is not in the trash")
	}
}

// TestUndoIsRefused undoes revisions that are missing, not allowed or
// superseded.
func TestUndoIsRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben, vera, eve := h.person("Ada"), h.person("Ben"), h.person("Vera"), h.person("Eve")
	project, _ := ada.project("Engine")
	ada.post(project+"/members", m{"email": ben.email, "role": "member"}).want(201)
	ada.post(project+"/members", m{"email": vera.email, "role": "viewer"}).want(201)
	task, _ := ada.task(project, "Task")
	first := ada.patch(task, m{"title": "First", "due": "2026-12-01"}).want(200).change()
	unchanged := ada.patch(task, m{"title": "First"}).want(200)
	if _, there := unchanged.header["Docket-Change"]; there {
		t.Errorf("Docket-Change of what changed nothing: %v", unchanged.header)
	}
	if _, there := ada.get(task, unchanged.at()).want(200).header["Docket-Change"]; there {
		t.Error("Docket-Change of a read")
	}
	ben.patch(task, m{"title": "Second"}).want(200)

	reader := ada.token("reader", "read")
	before := h.end()
	ada.post(task+"/undo", first).want(409).code("changed_meanwhile", "title")
	vera.post(task+"/undo", first).want(403).code("forbidden")
	eve.post(task+"/undo", first).want(404).code("not_found")
	eve.post(task+"/undo", m{"revision": 99}).want(404).code("not_found")
	ben.post(project+"/undo", m{"revision": 3}).want(403).code("forbidden")
	ada.post(task+"/undo", m{"revision": 99}).want(422).code("invalid", "revision")
	ada.post(task+"/undo", m{"revision": 0}).want(422).code("invalid", "revision")
	ada.post(task+"/undo", m{}).want(422).code("invalid", "revision")
	ada.post(task+"/undo", nil).want(400)
	ada.post("/api/v1/tasks/"+id(project)+"/undo", m{"revision": 1}).want(404)
	ada.post("/api/v1/projects/"+id(task)+"/undo", m{"revision": 1}).want(404)
	ada.post(task+"/undo", m{"revision": 3}, header{"If-Match", `"1"`}).want(412)
	reader.post(task+"/undo", m{"revision": 3}).want(403).code("missing_scope")
	if h.end() != before {
		t.Error("what was refused is in the log")
	}

	// No undo adds an erased account again.
	out := vera.delete(project + "/members/" + vera.account).want(204).header.Get("Docket-Change")
	vera.delete("/api/v1/me").want(400)
	vera.send("DELETE", "/api/v1/me", m{"password": password}).want(204)
	ada.post(project+"/undo", m{"revision": json.Number(out)}).want(409).code("cannot_be_undone")
}

// TestUndoTwiceWithOneKey retries an undo: it takes effect once, even if only
// the log remembers it.
func TestUndoTwiceWithOneKey(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	task, _ := ada.task(project, "Task")
	change := ada.patch(task, m{"title": "Other"}).want(200).change()
	first := ada.post(task+"/undo", change, key("k")).want(200)
	first.change()
	// Undone by hand since: a second undo would change something.
	ada.patch(task, m{"title": "Other"}).want(200)
	sameAnswer(t, first, ada.post(task+"/undo", change, key("k")).want(200))
	for _, name := range bucketKeys(t, h) {
		if err := h.options.Idempotency.Purge(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	again := ada.post(task+"/undo", change, key("k")).want(200)
	if again.header.Get("Docket-Change") != first.header.Get("Docket-Change") || again.text("title") != "Other" {
		t.Errorf("sent again: %v %s", again.header, again.body)
	}
}
