package webtest

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/docketlog/docket/gateway/access"
)

// TestFormsOfStrangers sends every form about the project as a user who is not
// a member: the answer is not found, whether or not the resource exists.
func TestFormsOfStrangers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	posts := o.posts()
	eve := o.Register("Eve Moon")
	none := strings.NewReplacer(o.project, uuid.NewString(), o.tasks[0], uuid.NewString())
	same := func(r reply) string {
		return regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(r.Body, "ID")
	}
	o.unchanged("a stranger", func() {
		for _, p := range posts {
			if !strings.HasPrefix(p.path, "/projects/") && !strings.HasPrefix(p.path, "/tasks/") {
				continue
			}
			is, isNot := o.ask(eve, "POST", p.path, p.form), o.ask(eve, "POST", none.Replace(p.path), p.form)
			if is.Status != 404 || is.code() != "not_found" || isNot.Status != 404 || same(is) != same(isNot) {
				t.Errorf("%s: %d %s, and what is not there: %d %s", p.pattern, is.Status, is.code(), isNot.Status, isNot.code())
			}
		}
		for _, path := range []string{"", "/list", "/list?q=status:done", "/activity", "/activity?cursor=x", "/trash", "/settings", "/matches?q=@mina"} {
			is, isNot := o.ask(eve, "GET", "/projects/"+o.project+path, nil), o.ask(eve, "GET", "/projects/"+uuid.NewString()+path, nil)
			if is.Status != 404 || isNot.Status != 404 || same(is) != same(isNot) {
				t.Errorf("GET %s: %d, and what is not there: %d", path, is.Status, isNot.Status)
			}
		}
		for _, path := range []string{o.tasks[0], o.tasks[5], o.tasks[0] + "?history=all"} {
			if is := o.ask(eve, "GET", "/tasks/"+path, nil); is.Status != 404 || strings.Contains(is.Body, "mugs") {
				t.Errorf("GET /tasks/%s: %d", path, is.Status)
			}
		}
	})
	for _, path := range []string{"/", "/find?q=the", "/my-work", "/find?q=%40mina", "/me"} {
		if r := o.ask(eve, "GET", path, nil); r.Status != 200 || strings.Contains(r.Body, o.project) || strings.Contains(r.Body, "mugs") || strings.Contains(r.Body, "Mina") {
			t.Errorf("GET %s tells a stranger of the project: %d", path, r.Status)
		}
	}
	for _, path := range []string{"/me/sessions/", "/me/tokens/", "/me/filters/"} {
		for _, p := range posts {
			if strings.HasPrefix(p.path, path) {
				o.unchanged("a stranger's "+path, func() { o.ask(eve, "POST", p.path, p.form) })
			}
		}
	}
}

// TestFormsOfViewers sends every form about the project as a viewer, and the
// owner's forms as a member.
func TestFormsOfViewers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	posts := o.posts()
	eve := o.Register("Eve Moon")
	// The third change can be undone by an owner only.
	o.API(o.mina, "PATCH", o.api(""), m{"name": "Opening the shop soon"}).Want(200)
	o.at(o.API(o.mina, "POST", o.api("/members"), m{"email": eve.Email, "role": "viewer"}).Want(201))
	restore := "/tasks/" + o.tasks[5] + "/restore"
	o.unchanged("a viewer", func() {
		for _, p := range posts {
			if strings.HasPrefix(p.path, "/projects/") || strings.HasPrefix(p.path, "/tasks/") {
				path := strings.Replace(p.path, "/tasks/"+o.tasks[0]+"/restore", restore, 1)
				if r := o.ask(eve, "POST", path, p.form); r.Status != 403 {
					t.Errorf("%s by a viewer: %d\n%s", p.pattern, r.Status, r.Body)
				}
			}
		}
	})
	o.unchanged("a member", func() {
		for _, p := range posts {
			if strings.HasPrefix(p.path, "/projects/") && !strings.HasSuffix(p.path, "/tasks") {
				if r := o.ask(o.jun, "POST", p.path, p.form); r.Status != 403 {
					t.Errorf("%s by a member: %d", p.pattern, r.Status)
				}
			}
		}
	})
	for _, path := range []string{"", "/list", "/settings", "/trash"} {
		r := o.ask(eve, "GET", "/projects/"+o.project+path, nil)
		forms := regexp.MustCompile(`<form method="post" action="(/(?:projects|tasks)/[^"]*)"`).FindAllStringSubmatch(r.Body, -1)
		for _, f := range forms {
			// Leaving is allowed to viewers, and the statuses form is disabled.
			if !strings.HasSuffix(f[1], "/members/"+eve.Account.String()) && !strings.HasSuffix(f[1], "/statuses") {
				t.Errorf("%s offers a viewer the form %s", path, f[1])
			}
		}
	}
}

// TestForeignIDsAreRejected enters ids of another project's resources, or of
// none, into the fields of forms.
func TestForeignIDsAreRejected(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	eve := o.Register("Eve Moon")
	other := o.API(o.mina, "POST", "/api/v1/projects", m{"name": "Elsewhere"}).Want(201).Text("id")
	strange := o.API(o.mina, "POST", "/api/v1/projects/"+other+"/tasks", m{"title": "Elsewhere"}).Want(201).Text("id")
	comment := o.API(o.mina, "POST", "/api/v1/tasks/"+strange+"/comments", m{"text": "elsewhere"}).Want(201).Text("id")
	task := "/tasks/" + o.tasks[0]
	o.unchanged("what is of another project", func() {
		for _, p := range []post{
			{"a stranger as assignee", task, form("seen_assignees", "", "assignees", eve.Account.String())},
			{"nobody as assignee", task, form("seen_assignees", "", "assignees", "nobody")},
			{"a status there is none of", task, form("status", "elsewhere")},
			{"a priority there is none of", task, form("priority", "<b>")},
			{"a day there is none of", task, form("due", "2026-02-30")},
			{"a comment of another task", task + "/comments/" + comment, form("text", "mine now")},
			{"a comment of another task, deleted", task + "/comments/" + comment, form("delete", "1")},
			{"a change there is none of", task + "/undo", form("revision", "18446744073709551615")},
			{"no change", task + "/undo", form("revision", "-1")},
			{"no role", "/projects/" + o.project + "/members/" + o.jun.Account.String(), form("role", "administrator")},
			{"a new task's status", "/projects/" + o.project + "/tasks", form("text", "x", "status", "elsewhere")},
			{"a status whose heir is none", "/projects/" + o.project + "/statuses", form("status_key", "waiting", "status_name", "A", "status_category", "to_do", "status_heir", "elsewhere")},
		} {
			if r := o.ask(o.mina, "POST", p.path, p.form); r.Status < 400 || r.Status >= 500 {
				t.Errorf("%s: %d %s", p.pattern, r.Status, r.code())
			}
		}
	})
	// A task's form has no project field: it cannot move the task.
	o.ask(o.mina, "POST", task, form("project", other, "project_id", other, "title", "Still here"))
	if got := o.API(o.mina, "GET", "/api/v1"+task, nil).Text("project_id"); got != o.project {
		t.Errorf("the task is in %s", got)
	}
}

// TestTokensAreNotForPages sends a token where pages require a session.
func TestTokensAreNotForPages(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	posts := o.posts()
	secret := o.API(o.mina, "POST", "/api/v1/me/tokens", m{"name": "program", "scopes": []string{"read", "write"}}).Want(201).Text("token")
	bearer := header("Authorization", "Bearer "+secret)
	o.unchanged("a token", func() {
		for _, p := range posts {
			if p.pattern == "POST /look" || strings.HasPrefix(p.pattern, "POST /sign-") && p.pattern != "POST /sign-out" {
				continue
			}
			if r := o.ask(nobody, "POST", p.path, p.form, bearer); r.Status != 403 || r.code() != "session_required" {
				t.Errorf("%s: %d %s", p.pattern, r.Status, r.code())
			}
			if r := o.ask(nobody, "POST", p.path, p.form, func(r *http.Request) {
				r.AddCookie(&http.Cookie{Name: access.CookieName(false), Value: secret})
			}); r.Status != 403 && r.Status != 401 {
				t.Errorf("%s, in the cookie: %d %s", p.pattern, r.Status, r.code())
			}
			if r := o.ask(nobody, "POST", p.path, p.form); r.Status != 401 {
				t.Errorf("%s, signed out: %d %s", p.pattern, r.Status, r.code())
			}
		}
	})
	for _, path := range []string{"/", "/projects/" + o.project, "/tasks/" + o.tasks[0], "/me"} {
		if r := o.ask(nobody, "GET", path, nil, bearer); r.Status != 403 || strings.Contains(r.Body, "Mina") {
			t.Errorf("GET %s with a token: %d", path, r.Status)
		}
	}
}

// TestUndoOfAnotherProject undoes changes by revisions of another project.
func TestUndoOfAnotherProject(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	eve := o.Register("Eve Moon")
	hers := o.API(eve, "POST", "/api/v1/projects", m{"name": "Hers"}).Want(201).Text("id")
	o.unchanged("a stranger's undo", func() {
		for _, path := range []string{"/projects/" + o.project + "/undo", "/tasks/" + o.tasks[1] + "/undo", "/projects/" + o.tasks[1] + "/undo", "/tasks/" + o.project + "/undo"} {
			for _, revision := range []string{"1", "2", "3", "999999"} {
				if r := o.ask(eve, "POST", path, form("revision", revision, "project", hers)); r.Status != 404 {
					t.Errorf("%s %s: %d", path, revision, r.Status)
				}
			}
		}
	})
}
