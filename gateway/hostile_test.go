package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/docketlog/docket/gateway"
)

// scene is one project with every kind of resource, and a stranger without
// access to any of it.
type scene struct {
	*house
	ada, ben, eve                   *person
	project, task, comment, session string
	token, filter                   string
	at                              header
}

func set(t *testing.T, change ...func(*gateway.Options)) *scene {
	t.Helper()
	s := &scene{house: open(t, change...)}
	s.ada, s.ben, s.eve = s.person("Ada"), s.person("Ben"), s.person("Eve")
	s.project, _ = s.ada.project("Secret engine")
	s.ada.post(s.project+"/members", m{"email": s.ben.email, "role": "member"}).want(201)
	s.task, _ = s.ada.task(s.project, "Secret task")
	said := s.ada.post(s.task+"/comments", m{"text": "Secret words"}).want(201)
	s.comment = said.header.Get("Location")
	s.session = "/api/v1/me/sessions/" + s.ada.get("/api/v1/me").text("session_id")
	s.token = "/api/v1/me/tokens/" + s.ada.post("/api/v1/me/tokens", m{"name": "ci", "scopes": []string{"read"}}).want(201).text("id")
	s.filter = "/api/v1/me/filters/" + s.ada.post("/api/v1/me/filters", m{"name": "Secret filter", "query": "open=true"}).want(201).text("id")
	s.at = said.at()
	return s
}

// hostile lists what a stranger tries on each operation, by operationId. Every
// operation has a line; a status below 300 is for the stranger's own resources.
func (s *scene) hostile() map[string]struct {
	path string
	body any
	want int
} {
	own := "/api/v1/me"
	member := s.project + "/members/" + s.ben.account
	type line = struct {
		path string
		body any
		want int
	}
	return map[string]line{
		// Only the caller's own data, whatever the request.
		"register":       {"/api/v1/accounts", m{"email": s.ada.email, "name": "Mallory", "password": password}, 202},
		"sign-in":        {"/api/v1/sessions", m{"email": s.ada.email, "password": "not her password"}, 401},
		"get-me":         {own, nil, 200},
		"change-me":      {own, m{"name": "Eve II"}, 200},
		"list-my-tasks":  {own + "/tasks", nil, 200},
		"list-all-tasks": {"/api/v1/tasks", nil, 200},
		"list-filters":   {own + "/filters", nil, 200},
		"save-filter":    {own + "/filters", m{"name": "x"}, 201},
		"list-sessions":  {own + "/sessions", nil, 200},
		"list-tokens":    {own + "/tokens", nil, 200},
		"create-token":   {own + "/tokens", m{"name": "x", "scopes": []string{"read"}}, 201},
		"list-projects":  {"/api/v1/projects", nil, 200},
		"create-project": {"/api/v1/projects", m{"name": "Mine"}, 201},
		"follow":         {"/api/v1/feed?project=" + strings.TrimPrefix(s.project, "/api/v1/projects/"), nil, 404},
		"erase-me":       {own, m{"password": "a wrong password"}, 422},
		"sign-out":       {"/api/v1/sessions/current", nil, 204},

		"revoke-session": {s.session, nil, 404},
		"revoke-token":   {s.token, nil, 404},
		"delete-filter":  {s.filter, nil, 404},

		"get-project":          {s.project, nil, 404},
		"change-project":       {s.project, m{"name": "Taken"}, 404},
		"undo-project":         {s.project + "/undo", m{"revision": 1}, 404},
		"get-board":            {s.project + "/board", nil, 404},
		"list-project-history": {s.project + "/history", nil, 404},
		"list-labels":          {s.project + "/labels", nil, 404},
		"list-members":         {s.project + "/members", nil, 404},
		"add-member":           {s.project + "/members", m{"email": s.eve.email, "role": "owner"}, 404},
		"change-member":        {member, m{"role": "viewer"}, 404},
		"remove-member":        {member, nil, 404},
		"list-tasks":           {s.project + "/tasks", nil, 404},
		"create-task":          {s.project + "/tasks", m{"title": "Planted"}, 404},

		"get-task":          {s.task, nil, 404},
		"change-task":       {s.task, m{"title": "Taken"}, 404},
		"delete-task":       {s.task, nil, 404},
		"restore-task":      {s.task + "/restore", nil, 404},
		"undo-task":         {s.task + "/undo", m{"revision": 1}, 404},
		"assign":            {s.task + "/assignees/" + s.eve.account, nil, 404},
		"unassign":          {s.task + "/assignees/" + s.ada.account, nil, 404},
		"list-comments":     {s.task + "/comments", nil, 404},
		"add-comment":       {s.task + "/comments", m{"text": "Planted"}, 404},
		"edit-comment":      {s.comment, m{"text": "Taken"}, 404},
		"delete-comment":    {s.comment, nil, 404},
		"list-task-history": {s.task + "/history", nil, 404},
	}
}

// TestStrangerFindsNothing covers all operations: one without a line in the
// table fails.
func TestStrangerFindsNothing(t *testing.T) {
	t.Parallel()
	s := set(t)
	before := s.end()
	_, all := operations(t, s.house)
	lines := s.hostile()
	for _, o := range all {
		id := o.m["operationId"].(string)
		line, ok := lines[id]
		if !ok {
			t.Errorf("%s (%s): say what a stranger gets", o, id)
			continue
		}
		if id == "sign-out" {
			continue // last
		}
		a := s.eve.send(o.method, line.path, line.body, s.at).want(line.want)
		if id == "register" {
			continue
		}
		for _, secret := range []string{"Secret engine", "Secret task", "Secret words", s.ada.email, s.ben.email} {
			if strings.Contains(string(a.body), secret) {
				t.Errorf("%s tells a stranger %q: %s", o, secret, a.body)
			}
		}
		// Hidden resources look the same as missing ones.
		if line.want == 404 && id != "follow" {
			ghost := s.ghost(line.path)
			b := s.eve.send(o.method, ghost, line.body, s.at).want(404)
			if string(a.body) != string(b.body) {
				t.Errorf("%s: hidden and absent differ:\n%s\n%s", o, a.body, b.body)
			}
		}
	}
	s.eve.delete("/api/v1/sessions/current").want(204)

	// And nothing changed for the others.
	feed, err := s.log.Follow(t.Context(), before, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	for at := before; at != s.end(); {
		batch, err := feed.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range batch.Events {
			if strings.HasSuffix(s.project, e.Project.String()) {
				t.Errorf("a stranger caused %s", e.Type)
			}
		}
		at = batch.End
	}
	s.ada.signIn() // Her password is unchanged.
}

// ghost returns the path with unknown ids in place of the real ones.
func (s *scene) ghost(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if len(p) == 36 && p != s.eve.account && p != s.ada.account && p != s.ben.account {
			parts[i] = "01890a5d-ac96-774b-bcce-b302099a8057"
		}
	}
	return strings.Join(parts, "/")
}

// TestWithoutSecret sends all operations without a secret, and with an invalid
// one.
func TestWithoutSecret(t *testing.T) {
	t.Parallel()
	s := set(t)
	_, all := operations(t, s.house)
	lines := s.hostile()
	for _, o := range all {
		id := o.m["operationId"].(string)
		if id == "register" || id == "sign-in" {
			if len(o.m["security"].([]any)) != 0 {
				t.Errorf("%s: documented as closed", o)
			}
			continue
		}
		for _, secret := range []string{"", "nonsense", "docket_s_AAAA"} {
			a := s.eve.with(secret).send(o.method, lines[id].path, lines[id].body).want(401)
			a.code("unauthenticated")
			if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("%s: no WWW-Authenticate", o)
			}
		}
	}
}

func TestRolesLimitProjectPages(t *testing.T) {
	t.Parallel()
	s := set(t)
	s.ada.post(s.project+"/members", m{"email": s.eve.email, "role": "viewer"}).want(201)
	viewer := s.eve
	viewer.get(s.task, s.ada.get("/api/v1/me").at()).want(200)
	viewer.patch(s.task, m{"title": "No"}).want(403).code("forbidden")
	viewer.post(s.project+"/tasks", m{"title": "No"}).want(403)
	viewer.post(s.task+"/comments", m{"text": "No"}).want(403)
	viewer.delete(s.task).want(403)
	viewer.send("PUT", s.task+"/assignees/"+viewer.account, nil).want(403)
	// Only those who may add members may learn whether an address has an account.
	a := s.ben.post(s.project+"/members", m{"email": "nobody@example.org", "role": "viewer"}).want(403)
	b := s.ben.post(s.project+"/members", m{"email": s.eve.email, "role": "viewer"}).want(403)
	if string(a.body) != string(b.body) {
		t.Errorf("a member learns who has an account:\n%s\n%s", a.body, b.body)
	}
	s.ada.post(s.project+"/members", m{"email": "nobody@example.org", "role": "viewer"}).want(422).code("invalid", "email")
	s.ben.patch(s.project, m{"name": "No"}).want(403)
	s.ben.patch(s.project+"/members/"+s.ben.account, m{"role": "owner"}).want(403)
	s.ben.patch(s.comment, m{"text": "Forged"}).want(403)
	s.ben.delete(s.comment).want(403)
	s.ada.patch(s.project+"/members/"+s.ada.account, m{"role": "member"}).want(409).code("last_owner")
	s.ada.delete(s.project + "/members/" + s.ada.account).want(409).code("last_owner")
	s.ada.patch(s.task, m{"assignees": []string{"01890a5d-ac96-774b-bcce-b302099a8057"}}).want(422).code("not_a_member", "assignees")
	s.ada.patch(s.task, m{"status": "nowhere"}).want(422).code("unknown_status", "status")
	s.ada.delete(s.task).want(200)
	s.ada.patch(s.task, m{"title": "No"}).want(409).code("task_deleted")
	s.ada.post(s.task+"/restore", nil).want(200)
	s.ada.patch(s.project, m{"archived": true}).want(200)
	s.ada.patch(s.task, m{"title": "No"}).want(409).code("project_archived")
	s.ada.patch(s.project, m{"archived": false, "name": "Again"}).want(200)
	// Leaving takes effect at once.
	s.ben.delete(s.project + "/members/" + s.ben.account).want(204)
	s.ben.patch(s.task, m{"title": "No"}).want(404)
}

// TestBodyCannotOverridePathOrSession sends in the body what the path or the session
// decides.
func TestBodyCannotOverridePathOrSession(t *testing.T) {
	t.Parallel()
	s := set(t)
	mine, _ := s.eve.project("Mine")
	theirs := strings.TrimPrefix(s.project, "/api/v1/projects/")
	for _, field := range []string{"project_id", "project", "id", "created_by", "number", "revision", "actor", "deleted_at"} {
		s.eve.post(mine+"/tasks", m{"title": "x", field: theirs}).want(422).code("invalid", field)
		s.ada.patch(s.task, m{field: theirs}).want(422).code("invalid", field)
	}
	s.eve.post("/api/v1/accounts", m{"email": "x@example.org", "name": "x", "password": password, "administrator": true}).want(422).code("invalid", "administrator")
	s.eve.patch("/api/v1/me", m{"administrator": true}).want(422)
	// A neighbour in another project is invalid.
	own, _ := s.eve.task(mine, "own")
	s.eve.patch(own, m{"after": strings.TrimPrefix(s.task, "/api/v1/tasks/")}).want(422).code("invalid", "after")
	s.eve.patch(own, m{"after": "01890a5d-ac96-774b-bcce-b302099a8057"}).want(422).code("invalid", "after")
}

func TestRootAddressGreets(t *testing.T) {
	t.Parallel()
	h := open(t)
	nobody := &person{h: h}
	if said := string(nobody.get("/").want(200).body); !strings.Contains(said, "/openapi.json") {
		t.Errorf("it says %q", said)
	}
}

func TestUnknownRoutesAndMethods(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	for _, path := range []string{"/api", "/api/v1", "/api/v1/nothing", "/api/v1/projects/", "/robots.txt", "/api/v1/tasks/", "/problems/nothing"} {
		ada.get(path).want(404).code("unknown_route")
	}
	for _, c := range []struct{ method, path, allow string }{
		{"PUT", "/api/v1/projects", "GET, HEAD, POST"},
		{"DELETE", "/api/v1/projects", "GET, HEAD, POST"},
		{"POST", "/api/v1/tasks/01890a5d-ac96-774b-bcce-b302099a8057", "GET, HEAD, PATCH, DELETE"},
		{"GET", "/api/v1/accounts", "POST"},
		{"OPTIONS", "/api/v1/me", "GET, HEAD, PATCH, DELETE"},
		{"FROBNICATE", "/healthz", "GET, HEAD"},
	} {
		a := ada.send(c.method, c.path, nil).want(405).code("method_not_allowed")
		if got := a.header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.path, got, c.allow)
		}
	}
	if a := ada.send(http.MethodHead, "/api/v1/me", nil); a.status != 200 || len(a.body) != 0 {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
	ada.get("/problems/unsettled").want(200)
}

// TestLookupsAreLimited lets an owner try many addresses.
func TestLookupsAreLimited(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, ben := h.person("Ada"), h.person("Ben")
	project, _ := ada.project("Engine")
	for i := range 1000 {
		a := ada.post(project+"/members", m{"email": fmt.Sprintf("guess%d@example.org", i), "role": "viewer"})
		if a.status == 422 {
			continue
		}
		a.want(429).code("too_many_attempts")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		// A correct guess is refused then, too.
		ada.post(project+"/members", m{"email": ben.email, "role": "viewer"}).want(429)
		return
	}
	t.Error("lookups are not limited")
}

// TestRemovedWhileTheRowsStandStill removes a member while the rows no longer
// advance: the member can read nothing.
func TestRemovedWhileTheRowsStandStill(t *testing.T) {
	t.Parallel()
	s := set(t)
	s.ada.patch(s.task, m{"assignees": []string{s.ben.account}}).want(200)
	own, made := s.ben.project("Own")
	s.ben.get(own, made.at()).want(200)
	mine := s.ben.get("/api/v1/me/tasks").want(200).items()
	if len(mine) != 1 || len(s.ben.get("/api/v1/projects").want(200).items()) != 2 {
		t.Fatalf("before: %v", mine)
	}
	reads := []string{
		s.project, s.project + "/board", s.project + "/history", s.project + "/members", s.project + "/tasks", s.project + "/labels",
		s.task, s.task + "/comments", s.task + "/history",
	}
	tag := s.ben.get(s.task).want(200).header.Get("ETag")
	for _, path := range reads {
		s.ben.get(path).want(200)
	}
	s.stopRows()
	s.ada.delete(s.project + "/members/" + s.ben.account).want(204)
	for _, path := range reads {
		s.ben.get(path).want(404).code("not_found")
		s.ada.get(path).want(200)
	}
	s.ben.get(s.task, header{"If-None-Match", tag}).want(404)
	for _, path := range []string{"/api/v1/me/tasks", "/api/v1/tasks"} {
		if got := s.ben.get(path).want(200).items(); len(got) != 0 {
			t.Errorf("%s: tasks of a project that was left: %v", path, got)
		}
	}
	if got := s.ben.get("/api/v1/projects").want(200).items(); len(got) != 1 || got[0]["name"] != "Own" {
		t.Errorf("projects: %v", got)
	}
}
