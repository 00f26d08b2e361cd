package gateway_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSavedFilters saves, replaces, lists and deletes filters, as their owner
// and as another account.
func TestSavedFilters(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, eve := h.person("Ada"), h.person("Eve")
	project, _ := ada.project("Engine")
	const path = "/api/v1/me/filters"
	if got := ada.get(path).want(200); len(got.items()) != 0 || !strings.Contains(string(got.body), `"items":[]`) {
		t.Errorf("before any is saved: %s", got.body)
	}
	mine := ada.post(path, m{"name": " Mine ", "query": "assignee=me&open=true"}).want(201).json()
	there := ada.post(path, m{"name": "Engine room", "project_id": id(project), "query": ""}).want(201).json()
	replaced := ada.post(path, m{"name": "Mine", "query": "assignee=me"}).want(201).json()
	if replaced["id"] != mine["id"] || mine["project_id"] != nil || there["project_id"] != id(project) {
		t.Errorf("%v %v %v", mine, replaced, there)
	}
	if diff := cmp.Diff([]m{there, replaced}, ada.get(path).want(200).items()); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if got := eve.get(path).want(200).items(); len(got) != 0 {
		t.Errorf("Eve sees %v", got)
	}
	eve.delete(path + "/" + mine["id"].(string)).want(404)
	eve.post(path, m{"name": "x", "project_id": id(project)}).want(422).code("invalid", "project_id")
	for _, c := range []struct {
		body  m
		field string
	}{
		{m{"query": "x"}, "name"}, {m{"name": " "}, "name"}, {m{"name": strings.Repeat("n", 61)}, "name"},
		{m{"name": "n", "query": strings.Repeat("q", 501)}, "query"}, {m{"name": "n", "query": "a\nb"}, "query"},
		{m{"name": "n", "project_id": "engine"}, "project_id"}, {m{"name": "n", "id": mine["id"]}, "id"},
	} {
		ada.post(path, c.body).want(422).code("invalid", c.field)
	}
	ada.token("reader", "read").get(path).want(200)
	ada.token("reader", "read").post(path, m{"name": "x"}).want(403).code("missing_scope")

	// A retry with the same key does not overwrite a later change.
	first := ada.post(path, m{"name": "keyed", "query": "one"}, key("k")).want(201)
	ada.post(path, m{"name": "keyed", "query": "two"}).want(201)
	again := ada.post(path, m{"name": "keyed", "query": "one"}, key("k")).want(201)
	if again.text("id") != first.text("id") || again.text("query") != "two" {
		t.Errorf("sent again: %s", again.body)
	}
	ada.delete(path + "/" + first.text("id")).want(204)
	ada.delete(path + "/" + first.text("id")).want(404)
	ada.post(path, m{"name": "keyed", "query": "one"}, key("k")).want(404)
	if got := ada.get(path).want(200).items(); len(got) != 2 {
		t.Errorf("what is left: %v", got)
	}
}
