package webtest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// TestStoredScript enters scripts in every field, and has another user open
// every page that shows them.
func TestStoredScript(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.API(o.mina, "PATCH", "/api/v1/me", m{"name": short + " Mina"}).Want(200)
	o.API(o.mina, "PATCH", o.api(""), m{"name": short + " project"}).Want(200)
	o.ask(o.mina, "POST", "/projects/"+o.project+"/statuses", form(
		"status_key", "waiting", "status_name", short+" w", "status_category", "to_do",
		"status_key", "in_progress", "status_name", short+" p", "status_category", "doing",
		"status_key", "done", "status_name", short+" d", "status_category", "done"))
	description := marked + "\n\n<script class=evil>alert(3)</script>\n\n" + strings.Join([]string{
		"[a](javascript:alert(1))", "[b](JaVaScRiPt:alert(1))", "[c](java\tscript:alert(1))", "[d](data:text/html,<script>alert(1)</script>)", "[e](vbscript:x)", "![f](javascript:alert(1))",
		"![g](https://evil.example/pixel.png)", "![h](data:image/svg+xml,<svg onload=alert(1)>)", "<javascript:alert(1)>", "<data:text/html,x>", "[i]: javascript:alert(1)\n[i]",
		"[[j](javascript:alert(1))](javascript:alert(1))", `[k](<javascript:alert(1)>)`, `[l](http://a "onmouseover=alert(1)")`, `[m](http://a/"onclick="alert(1)")`, "[n](&#106;avascript:alert(1))",
		"<a href=\"javascript:alert(1)\" class=evil>x</a>", "<svg class=evil onload=alert(1)>", "<style class=evil>*{display:none}</style>", "<iframe class=evil src=javascript:alert(1)>", "> <img class=evil src=x onerror=alert(1)>",
		"| a |\n|---|\n| <img class=evil src=x onerror=alert(1)> |", "```html class=evil\"><script>\n<script>alert(1)</script>\n```", "- [ ] <b class=evil>x", "www.evil.example/\"onclick=alert(1)", "<@" + o.mina.Account.String() + ">",
		"http://evil.example/<@" + o.mina.Account.String() + ">", "[o](http://evil.example/<@" + o.mina.Account.String() + ">)", "`<@" + o.mina.Account.String() + ">`",
		"&#xe000;" + o.mina.Account.String() + "&#xe001;", "[p](http://e/&#xe000;" + o.mina.Account.String() + "&#xe001;)",
	}, "\n\n")
	task := o.API(o.mina, "POST", o.api("/tasks"), m{"title": marked, "description": description, "labels": []string{short}, "assignees": []uuid.UUID{o.jun.Account, o.mina.Account}}).Want(201).Text("id")
	o.API(o.mina, "POST", "/api/v1/tasks/"+task+"/comments", m{"text": description}).Want(201)
	gone := o.API(o.mina, "POST", o.api("/tasks"), m{"title": marked}).Want(201).Text("id")
	o.API(o.mina, "DELETE", "/api/v1/tasks/"+gone, nil).Want(200)
	o.API(o.jun, "POST", "/api/v1/me/filters", m{"name": short, "query": marked, "project_id": o.project}).Want(201)
	o.API(o.jun, "POST", "/api/v1/me/filters", m{"name": short, "query": marked}).Want(201)
	o.API(o.jun, "POST", "/api/v1/me/tokens", m{"name": short, "scopes": []string{"read"}}).Want(201)
	o.at(o.API(o.mina, "PATCH", "/api/v1/tasks/"+task, m{"description": description + "\n" + marked, "due": "2026-01-01", "status": "in_progress"}).Want(200))
	project, query := "/projects/"+o.project, url.QueryEscape(marked)
	clean := func(page *browsertest.Page, where string) {
		t.Helper()
		bad := browsertest.Eval[[]string](page, `[...document.querySelectorAll("*")].filter(e =>
			e.classList.contains("evil") || [...e.attributes].some(a => a.name.startsWith("on")) || /^\s*(javascript|data|vbscript):/i.test(e.getAttribute("href") ?? e.getAttribute("src") ?? e.getAttribute("action") ?? "")
			|| e.localName === "img" || e.localName === "iframe").map(e => e.outerHTML.slice(0, 200))`)
		for _, b := range bad {
			t.Errorf("%s has %s", where, b)
		}
	}
	for _, script := range []bool{true, false} {
		options := []browsertest.Option{}
		if !script {
			options = append(options, browsertest.NoScript())
		}
		page := o.open(o.jun, "/", options...)
		for path, shows := range map[string]string{
			"/": short, project: marked, project + "?q=" + query: short, project + "/list": short, project + "/list?group=label": short, project + "/list?group=assignee": short,
			project + "/list?q=" + query: short, project + "/activity": marked, project + "/trash": marked, project + "/settings": short, "/tasks/" + task: marked, "/tasks/" + gone: marked,
			"/my-work": marked, "/find?q=onerror": marked, "/find?q=" + query: short, "/me/tokens": short, "/me/sessions": "", "/projects/" + query: "", "/sign-in?next=" + query: "",
			"/find?sort=" + query + "&group=" + query + "&cursor=x": "",
		} {
			page.Go(path)
			if script && strings.HasPrefix(path, project) && !strings.Contains(strings.TrimPrefix(path, project), "/") {
				page.WaitFor("#board[data-ready]")
			}
			clean(page, path)
			if text := browsertest.Eval[string](page, "document.body.innerText"); !strings.Contains(text, shows) {
				t.Errorf("%s does not show %s as text, but\n%s", path, shows, text)
			}
		}
		// Refused forms show the entered text again.
		if !script {
			page.Go(project)
			page.Fill(".add textarea", marked+strings.Repeat("x", 200))
			page.Follow(".add button")
			clean(page, "quick add")
			continue
		}
		page.Go(project)
		page.WaitFor("#board[data-ready]")
		card := "#t-" + task
		// The script renders the page's original cards again when another user
		// changes them.
		o.API(o.mina, "PATCH", "/api/v1/tasks/"+task, m{"priority": "urgent"}).Want(200)
		page.WaitText(card+" .priority", "Urgent")
		clean(page, "a card drawn by the script")
		if got := page.Text(card + " a.title"); got != marked {
			t.Errorf("a card drawn by the script says %q", got)
		}
		for _, key := range []string{"s", "a", "l", "p", "Control+k"} {
			page.Hover(card + " a.title")
			page.Press(key)
			page.WaitFor("#choose")
			clean(page, "what "+key+" offers")
			page.Press("Escape")
			page.WaitGone("#choose")
		}
		page.Hover(card + " a.title")
		page.Press("e")
		page.WaitFor(".rename")
		clean(page, "renaming")
		page.Press("Escape")
		page.Click(card + " a.title")
		page.WaitFor("#panel #task")
		clean(page, "the panel")
		page.Type("#panel #say textarea", "@")
		page.WaitFor(".hints")
		clean(page, "suggestions")
	}
}

// TestReflected sends scripts in forms that are refused and show them again.
func TestReflected(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	long := marked + strings.Repeat("x", 300)
	for _, p := range []post{
		{"sign in", "/sign-in", form("email", marked, "password", "x", "next", marked)},
		{"sign up", "/sign-up", form("email", marked, "name", long, "password", "x", "next", marked)},
		{"a project", "/projects", form("name", long)},
		{"a title", "/tasks/" + o.tasks[0], form("title", long, "back", marked)},
		{"a conflict", "/tasks/" + o.tasks[0], form("title", marked, "seen_title", "what it was")},
		{"a conflict of a status", "/tasks/" + o.tasks[0], form("status", "done", "seen_status", marked)},
		{"a conflict of a priority", "/tasks/" + o.tasks[0], form("priority", "high", "seen_priority", "low", "labels", marked, "seen_labels", "x")},
		{"a comment", "/tasks/" + o.tasks[0] + "/comments", form("text", marked+strings.Repeat("x", 20_000))},
		{"lines", "/projects/" + o.project + "/tasks", form("text", marked+" @"+short+"\n"+long, "status", marked, "back", marked)},
		{"a member", "/projects/" + o.project + "/members", form("email", marked, "role", marked)},
		{"statuses", "/projects/" + o.project + "/statuses", form("status_key", marked, "status_name", long, "status_category", marked)},
		{"a name", "/me", form("name", long)},
		{"an address", "/me", form("email", marked, "current_password", browsertest.Password)},
		{"a token", "/me/tokens", form("name", long, "scope", marked, "expires", marked)},
		{"a filter", "/me/filters", form("name", long, "q", marked)},
	} {
		r := o.ask(o.mina, "POST", p.path, p.form)
		if r.Status >= 500 || strings.Contains(r.Body, "<img class=evil") || strings.Contains(r.Body, "<script class=evil") || strings.Contains(r.Body, "</script></textarea>") {
			t.Errorf("%s: %d\n%s", p.pattern, r.Status, r.Body)
		}
		if r.Header.Get("Location") != "" && strings.Contains(r.Header.Get("Location"), "evil") {
			t.Errorf("%s leads to %s", p.pattern, r.Header.Get("Location"))
		}
	}
}
