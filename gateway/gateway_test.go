package gateway_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTwoPeopleWorkTogether(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")

	project, _ := ada.project("Engine")
	ada.post(project+"/members", m{"email": "BEN@example.org ", "role": "member"}).want(201)
	task, made := ada.task(project, "Order cards")
	if made.json()["number"] != 1.0 || made.header.Get("Location") != task || made.header.Get("ETag") != `"1"` {
		t.Errorf("created task: %s %v", made.body, made.header)
	}
	got := ada.get(task, made.at()).want(200)
	if diff := cmp.Diff(made.json(), got.json()); diff != "" {
		t.Errorf("a write and a read answer differently:\n%s", diff)
	}
	assigned := ada.send("PUT", task+"/assignees/"+ben.account, nil).want(200)
	mine := ben.get("/api/v1/me/tasks", assigned.at()).want(200).items()
	if len(mine) != 1 || mine[0]["title"] != "Order cards" {
		t.Fatalf("my tasks: %v", mine)
	}
	moved := ben.patch(task, m{"status": "in_progress"}).want(200)
	if moved.text("status") != "in_progress" || moved.text("revision") != "3" {
		t.Errorf("moved task: %s", moved.body)
	}
	said := ben.post(task+"/comments", m{"text": "On it"}).want(201)
	comments := ada.get(task+"/comments", said.at()).want(200).items()
	if diff := cmp.Diff([]m{said.json()}, comments); diff != "" {
		t.Errorf("comments:\n%s", diff)
	}
	if got, want := ada.get(task, said.at()).want(200).json()["updated_at"], said.json()["created_at"]; got != want {
		t.Errorf("updated_at %v, want %v", got, want)
	}

	history := ada.get(task+"/history", said.at()).want(200).items()
	var told []string
	for _, e := range history {
		told = append(told, e["type"].(string))
	}
	if diff := cmp.Diff([]string{"comment_added", "task_moved", "task_assigned", "task_created"}, told); diff != "" {
		t.Errorf("history:\n%s", diff)
	}
	if diff := cmp.Diff([]any{m{"field": "status", "from": "waiting", "to": "in_progress"}}, history[1]["changes"]); diff != "" {
		t.Errorf("changes:\n%s", diff)
	}

	read := ada.get(project, said.at()).want(200).json()
	if diff := cmp.Diff(m{"in_progress": 1.0}, read["counts"]); diff != "" {
		t.Errorf("counts:\n%s", diff)
	}
	delete(read, "counts")
	renamed := ada.patch(project, m{"name": "Analytical engine"}).want(200)
	read["name"], read["revision"], read["updated_at"] = "Analytical engine", renamed.json()["revision"], renamed.json()["updated_at"]
	if diff := cmp.Diff(read, renamed.json()); diff != "" {
		t.Errorf("project:\n%s", diff)
	}

	board := ada.get(project+"/board", renamed.at()).want(200).json()
	columns := board["columns"].([]any)
	if len(columns) != 3 || len(columns[1].(m)["tasks"].([]any)) != 1 {
		t.Errorf("board: %v", board)
	}
	members := ada.get(project+"/members", renamed.at()).want(200).items()
	if len(members) != 2 || members[1]["name"] != "Ben" || members[1]["email"] != "ben@example.org" || members[1]["role"] != "member" {
		t.Errorf("members: %v", members)
	}
	ada.get(project+"/history", renamed.at()).want(200)
	if got := ada.get("/api/v1/projects", renamed.at()).want(200).items(); len(got) != 1 {
		t.Errorf("projects: %v", got)
	}
	if got := ada.get("/api/v1/me").want(200).json(); got["name"] != "Ada" || got["administrator"] != true {
		t.Errorf("me: %v", got)
	}
}
