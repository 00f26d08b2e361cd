package gateway_test

import (
	"strings"
	"testing"

	"github.com/docketlog/docket/projections"
)

// TestReadsWait stops the rows: a read with a position waits for it and reports
// when it times out; a read without one answers from the rows as they are.
func TestReadsWait(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, made := ada.project("Engine")
	task, created := ada.task(project, "Task")
	ada.get(task, created.at()).want(200)
	h.stopRows()

	moved := ada.patch(task, m{"status": "done"}).want(200)
	if moved.text("status") != "done" || moved.text("number") != "1" {
		t.Errorf("a write without rows: %s", moved.body)
	}
	old := ada.get(task).want(200)
	if old.text("status") != "waiting" || old.header.Get("Docket-Position") == moved.header.Get("Docket-Position") {
		t.Errorf("a read without position: %s %v", old.body, old.header)
	}
	stale := ada.get(task, moved.at()).want(503).code("stale")
	if stale.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	// The task is created although its number is not known yet.
	unnumbered := ada.post(project+"/tasks", m{"title": "Unnumbered"}).want(201)
	if number := unnumbered.json()["number"]; number != nil {
		t.Errorf("number %v", number)
	}

	ctx := t.Context()
	go func() { _ = projections.NewProjector(h.rows, h.log, projections.ProjectorOptions{}).Run(ctx) }()
	h.eventually("rows catch up", func() (any, bool) { a := ada.get(task, unnumbered.at()); return a, a.status == 200 })
	if got := ada.get("/api/v1/tasks/"+unnumbered.text("id"), unnumbered.at()).want(200).json()["number"]; got != 2.0 {
		t.Errorf("number %v, want 2", got)
	}

	foreign := header{"Docket-Position", "abcdef-1"}
	for _, path := range []string{task, project + "/tasks", "/api/v1/me", "/api/v1/me/tokens", "/api/v1/me/sessions"} {
		ada.get(path, foreign).want(410).code("position_gone")
	}
	// An answer that depends on no event is not behind the requested position
	// either.
	end := h.end().String()
	if got := ada.get("/api/v1/me", header{"Docket-Position", end}).want(200).header.Get("Docket-Position"); got != end {
		t.Errorf("position %s, asked for %s", got, end)
	}
	ada.get(task, header{"Docket-Position", strings.Split(made.header.Get("Docket-Position"), "-")[0] + "-99999"}).want(503).code("stale")
}

// TestEveryAnswerHasAPosition covers all operations.
func TestEveryAnswerHasAPosition(t *testing.T) {
	t.Parallel()
	s := set(t)
	_, all := operations(t, s.house)
	lines := s.hostile()
	last := map[string]bool{"erase-me": true, "sign-out": true, "delete-task": true, "restore-task": true, "remove-member": true, "revoke-session": true, "revoke-token": true, "delete-filter": true, "delete-comment": true, "undo-task": true, "undo-project": true, "follow": true}
	for _, o := range all {
		id := o.m["operationId"].(string)
		if last[id] {
			continue
		}
		body := lines[id].body
		if id == "sign-in" {
			body = m{"email": s.ada.email, "password": password}
		}
		if id == "assign" {
			continue // Eve is not a member; unassign has the same form.
		}
		if id == "add-member" {
			body = m{"email": s.eve.email, "role": "viewer"}
		}
		a := s.ada.send(o.method, lines[id].path, body)
		if a.status >= 300 {
			t.Errorf("%s: %d %s", o, a.status, a.body)
		}
		a.at()
	}
	for _, path := range []string{s.comment, s.task} {
		s.ada.delete(path).at()
	}
	s.ada.post(s.task+"/restore", nil).at()
	s.ada.post(s.task+"/undo", m{"revision": 1}).want(200).at()
	s.ada.post(s.project+"/undo", m{"revision": 1}).want(200).at()
	s.ada.delete(s.project + "/members/" + s.ben.account).at()
	s.ada.delete(s.token).at()
	s.ada.delete(s.filter).at()
	s.ada.delete("/api/v1/sessions/current").at()
}
