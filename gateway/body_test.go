package gateway_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/docketlog/docket/internal/testkit"
)

// TestBadRequests sends bodies, ids and headers that are wrong in every
// possible way. Each is refused by name, and nothing is written.
func TestBadRequests(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	task, _ := ada.task(project, "Task")
	before := h.end()
	tasks := project + "/tasks"
	title := func(s string) m { return m{"title": s} }
	for name, c := range map[string]struct {
		method, path string
		body         any
		headers      []header
		status       int
		code         string
		fields       []string
	}{
		"no body":                          {"POST", tasks, nil, nil, 400, "malformed_body", nil},
		"empty body":                       {"POST", tasks, raw(""), nil, 400, "malformed_body", nil},
		"no JSON":                          {"POST", tasks, raw("title=x"), nil, 400, "malformed_body", nil},
		"half a JSON":                      {"POST", tasks, raw(`{"title":"x"`), nil, 400, "malformed_body", nil},
		"trailing garbage":                 {"POST", tasks, raw(`{"title":"x"} {"title":"y"}`), nil, 400, "malformed_body", nil},
		"bad UTF-8":                        {"POST", tasks, raw("{\"title\":\"\xff\xfe\"}"), nil, 400, "malformed_body", nil},
		"nested too deeply":                {"POST", tasks, raw(strings.Repeat(`{"title":`, 20_000) + "1" + strings.Repeat("}", 20_000)), nil, 400, "malformed_body", nil},
		"nested deeply":                    {"POST", tasks, raw(`{"title":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "}"), nil, 422, "invalid", []string{"title"}},
		"another type":                     {"POST", tasks, raw(`<task/>`), []header{{"Content-Type", "text/xml"}}, 415, "unsupported_media_type", nil},
		"a form":                           {"POST", tasks, raw(`title=x`), []header{{"Content-Type", "application/x-www-form-urlencoded"}}, 415, "unsupported_media_type", nil},
		"too large":                        {"POST", tasks, title(strings.Repeat("x", 300<<10)), nil, 413, "body_too_large", nil},
		"an array":                         {"POST", tasks, raw(`[]`), nil, 422, "invalid", []string{""}},
		"null":                             {"POST", tasks, raw(`null`), nil, 422, "invalid", []string{""}},
		"unknown field":                    {"POST", tasks, m{"title": "x", "colour": "red"}, nil, 422, "invalid", []string{"colour"}},
		"missing field":                    {"POST", tasks, m{}, nil, 422, "invalid", []string{"title"}},
		"wrong type":                       {"POST", tasks, m{"title": 7}, nil, 422, "invalid", []string{"title"}},
		"wrong types":                      {"POST", tasks, m{"title": "x", "labels": "a", "due": 5}, nil, 422, "invalid", []string{"labels", "due"}},
		"wrong element":                    {"POST", tasks, m{"title": "x", "labels": []any{"a", 1}}, nil, 422, "invalid", []string{"labels[1]"}},
		"empty title":                      {"POST", tasks, title("  "), nil, 422, "invalid", []string{"title"}},
		"long title":                       {"POST", tasks, title(strings.Repeat("é", 201)), nil, 422, "invalid", []string{"title"}},
		"title of two lines":               {"POST", tasks, title("a\nb"), nil, 422, "invalid", []string{"title"}},
		"long description":                 {"POST", tasks, m{"title": "x", "description": strings.Repeat("é", 40_000)}, nil, 422, "invalid", []string{"description"}},
		"no such day":                      {"POST", tasks, m{"title": "x", "due": "2026-02-30"}, nil, 422, "invalid", []string{"due"}},
		"no such priority":                 {"POST", tasks, m{"title": "x", "priority": "huge"}, nil, 422, "invalid", []string{"priority"}},
		"too many labels":                  {"POST", tasks, m{"title": "x", "labels": strings.Split(strings.Repeat("l,", 21), ",")}, nil, 422, "invalid", []string{"labels"}},
		"a bad assignee":                   {"POST", tasks, m{"title": "x", "assignees": []string{"ben"}}, nil, 422, "invalid", []string{"assignees[0]"}},
		"a bad rank":                       {"POST", tasks, m{"title": "x", "rank": "!"}, nil, 422, "invalid", []string{"rank"}},
		"a bad id":                         {"GET", "/api/v1/tasks/17", nil, nil, 422, "invalid", []string{"id"}},
		"a bad second id":                  {"DELETE", task + "/assignees/ben", nil, nil, 422, "invalid", []string{"account"}},
		"a bad id to patch":                {"PATCH", "/api/v1/projects/x", m{"name": "y"}, nil, 422, "invalid", []string{"id"}},
		"an unknown parameter":             {"GET", tasks + "?colour=red", nil, nil, 422, "invalid", []string{"colour"}},
		"a bad limit":                      {"GET", tasks + "?limit=0", nil, nil, 422, "invalid", []string{"limit"}},
		"a large limit":                    {"GET", tasks + "?limit=501", nil, nil, 422, "invalid", []string{"limit"}},
		"a wordy limit":                    {"GET", tasks + "?limit=ten", nil, nil, 422, "invalid", []string{"limit"}},
		"a bad sort":                       {"GET", tasks + "?sort=colour", nil, nil, 422, "invalid", []string{"sort"}},
		"a bad cursor":                     {"GET", tasks + "?cursor=abc", nil, nil, 422, "unknown_cursor", nil},
		"a bad assignee asked":             {"GET", tasks + "?assignee=ben", nil, nil, 422, "invalid", []string{"assignee"}},
		"two dues":                         {"GET", tasks + "?due=2026-01-01&due_to=2026-01-02", nil, nil, 422, "invalid", []string{"due"}},
		"a bad position":                   {"GET", task, nil, []header{{"Docket-Position", "yesterday"}}, 422, "invalid", []string{"Docket-Position"}},
		"a bad If-Match":                   {"PATCH", task, title("y"), []header{{"If-Match", "3"}}, 422, "invalid", []string{"If-Match"}},
		"an empty If-Match":                {"PATCH", task, title("y"), []header{{"If-Match", " "}}, 422, "invalid", []string{"If-Match"}},
		"a weak If-Match":                  {"PATCH", task, title("y"), []header{{"If-Match", `W/"1"`}}, 422, "invalid", []string{"If-Match"}},
		"a bad key":                        {"PATCH", task, title("y"), []header{{"Idempotency-Key", "é"}}, 422, "invalid", []string{"Idempotency-Key"}},
		"a long key":                       {"PATCH", task, title("y"), []header{{"Idempotency-Key", strings.Repeat("k", 256)}}, 422, "invalid", []string{"Idempotency-Key"}},
		"null for title":                   {"PATCH", task, m{"title": nil}, nil, 422, "invalid", []string{"title"}},
		"null for status":                  {"PATCH", task, m{"status": nil, "rank": nil}, nil, 422, "invalid", []string{"status", "rank"}},
		"an empty status":                  {"PATCH", task, m{"status": ""}, nil, 422, "invalid", []string{"status"}},
		"rank and neighbours":              {"PATCH", task, m{"rank": "V", "after": nil}, nil, 422, "invalid", []string{"rank"}},
		"a string for labels":              {"PATCH", task, m{"labels": "a"}, nil, 422, "invalid", []string{"labels"}},
		"an empty patch":                   {"PATCH", project, m{}, nil, 422, "invalid", nil},
		"statuses of nothing":              {"PATCH", project, m{"statuses": []any{}}, nil, 422, "invalid", []string{"statuses"}},
		"status left out":                  {"PATCH", project, m{"statuses": []m{{"key": "a", "name": "A", "category": "done"}}}, nil, 422, "invalid", []string{"retire"}},
		"status with a limit that is none": {"PATCH", project, m{"statuses": []m{{"key": "a", "name": "A", "category": "done", "limit": -1}}, "retire": m{"waiting": "a", "in_progress": "a", "done": "a"}}, nil, 422, "invalid", []string{"statuses[0].limit"}},
		"retire alone":                     {"PATCH", project, m{"retire": m{"a": "b"}}, nil, 422, "invalid", []string{"retire"}},
		"status without name":              {"PATCH", project, m{"statuses": []m{{"key": "a", "category": "done"}}}, nil, 422, "invalid", []string{"statuses[0].name"}},
		"a bad role":                       {"POST", project + "/members", m{"email": ada.email, "role": "king"}, nil, 422, "invalid", []string{"role"}},
		"an empty comment":                 {"POST", task + "/comments", m{"text": " "}, nil, 422, "invalid", []string{"text"}},
		"a short password":                 {"POST", "/api/v1/accounts", m{"email": "x@example.org", "name": "X", "password": "short"}, nil, 422, "invalid", []string{"password"}},
		"no address":                       {"POST", "/api/v1/accounts", m{"email": "x", "name": "", "password": password}, nil, 422, "invalid", []string{"email", "name"}},
		"no scopes":                        {"POST", "/api/v1/me/tokens", m{"name": "x", "scopes": []string{}}, nil, 422, "invalid", []string{"scopes"}},
		"a scope of all":                   {"POST", "/api/v1/me/tokens", m{"name": "x", "scopes": []string{"admin"}}, nil, 422, "invalid", []string{"scopes[0]"}},
		"an old token":                     {"POST", "/api/v1/me/tokens", m{"name": "x", "scopes": []string{"read"}, "expires": "2001-01-01T00:00:00Z"}, nil, 422, "invalid", []string{"expires"}},
		"no current password":              {"PATCH", "/api/v1/me", m{"password": password + "!"}, nil, 422, "invalid", []string{"current_password"}},
		"a bad feed position":              {"GET", "/api/v1/feed", nil, []header{{"Last-Event-ID", "x"}}, 422, "invalid", []string{"Last-Event-ID"}},
	} {
		a := ada.send(c.method, c.path, c.body, c.headers...)
		if a.status != c.status {
			t.Errorf("%s: status %d, want %d: %.300s", name, a.status, c.status, a.body)
			continue
		}
		a.want(c.status).code(c.code, c.fields...)
	}
	if after := h.end(); after != before {
		t.Errorf("the log went from %s to %s", before, after)
	}
}

// TestSecretsAreNotRepeated sends passwords in requests that are refused.
func TestSecretsAreNotRepeated(t *testing.T) {
	t.Parallel()
	h := open(t)
	nobody := &person{h: h}
	const secret = "hunter2-hunter2"
	for _, body := range []any{
		m{"email": 7, "name": "x", "password": secret}, m{"password": secret}, m{"password": []string{secret}},
		raw(`{"password":"` + secret + `"`), m{"email": "x@example.org", "name": "x", "password": secret, "more": 1},
	} {
		for _, path := range []string{"/api/v1/accounts", "/api/v1/sessions"} {
			if a := nobody.post(path, body); a.status < 400 || strings.Contains(string(a.body), secret) {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
	}
	if strings.Contains(h.logText(), secret) {
		t.Error("the log repeats a password")
	}
}

// TestBodyWithoutLength sends more than allowed without a Content-Length.
func TestBodyWithoutLength(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	project, _ := ada.project("Engine")
	r := ada.request("POST", project+"/tasks", raw("x"))
	r.ContentLength = -1
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"title":"`), strings.NewReader(strings.Repeat("x", 300<<10)), strings.NewReader(`"}`)))
	res, err := h.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	for _, path := range []string{"/api/v1/me", "/api/v1/nothing", "/healthz", "/api/v1/tasks/17", "/metrics"} {
		a := ada.get(path)
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s %q, want %q", path, name, got, want)
			}
		}
	}
}

// TestTricklingBody sends a byte now and then: the server waits neither for the
// rest of the body nor, after refusing it, for what is still sent.
func TestTricklingBody(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	conn, err := net.Dial("tcp", h.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "POST /api/v1/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+ada.secret+"\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			if _, err := io.WriteString(conn, "x"); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	if err := conn.SetReadDeadline(time.Now().Add(testkit.Limit)); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestTimeout || !answer.Close {
		t.Errorf("answered %s, and the connection stays open: %v", answer.Status, !answer.Close)
	}
}

// TestHalfARequest disconnects within a body; the server keeps running.
func TestHalfARequest(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	conn, err := net.Dial("tcp", h.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, "POST /api/v1/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+ada.secret+"\r\nContent-Length: 100\r\n\r\n{\"name\":"); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	ada.get("/api/v1/me").want(200)
	if got := ada.get("/api/v1/projects").want(200).items(); len(got) != 0 {
		t.Errorf("half a request did something: %v", got)
	}
}
