package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/api"
	"github.com/docketlog/docket/gateway/web"
	"github.com/docketlog/docket/gateway/web/browsertest"
)

// reply is what came back for a page, redirects not followed.
type reply struct {
	Status int
	Header http.Header
	Body   string
}

// code is that of the problem the page shows, if it shows one.
func (r reply) code() string {
	if m := regexp.MustCompile(`id="problem" data-code="([a-z_]+)"`).FindStringSubmatch(r.Body); m != nil {
		return m[1]
	}
	return ""
}

// cookie is one that was set.
func (r reply) cookie(name string) *http.Cookie {
	for _, c := range (&http.Response{Header: r.Header}).Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// ask sends what a browser of the person's would, and change after that.
func (o *office) ask(p browsertest.Person, method, path string, form url.Values, change ...func(*http.Request)) reply {
	o.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(o.t.Context(), method, o.URL+path, body)
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", o.URL)
	}
	if p.Secret != "" {
		r.AddCookie(p.Cookie())
	}
	for _, c := range change {
		c(r)
	}
	client := &http.Client{
		Transport:     o.Server.Client().Transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(r)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

// header sets one of a request, or takes it away.
func header(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
}

// nobody is signed out.
var nobody browsertest.Person

// post is one form of the pages, filled in so that its owner may send it.
type post struct {
	pattern, path string
	form          url.Values
}

func form(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return f
}

// posts is every form there is, in an order in which Mina can send them all.
func (o *office) posts() []post {
	o.t.Helper()
	o.Register("Sora Kim")
	comment := o.API(o.mina, "POST", "/api/v1/tasks/"+o.tasks[0]+"/comments", m{"text": "to be deleted"}).Want(201).Text("id")
	filter := o.API(o.mina, "POST", "/api/v1/me/filters", m{"name": "late", "query": "due:overdue"}).Want(201).Text("id")
	token := o.API(o.mina, "POST", "/api/v1/me/tokens", m{"name": "old", "scopes": []string{"read"}}).Want(201).Text("id")
	o.SignIn(o.mina)
	var sessions struct {
		Items []struct {
			ID      string
			Current bool
		}
	}
	if err := json.Unmarshal(o.API(o.mina, "GET", "/api/v1/me/sessions", nil).Want(200).Body, &sessions); err != nil {
		o.t.Fatal(err)
	}
	other := ""
	for _, s := range sessions.Items {
		if !s.Current {
			other = s.ID
		}
	}
	project, task := "/projects/"+o.project, "/tasks/"+o.tasks[0]
	all := []post{
		{"POST /look", "/look", form("language", "en")},
		{"POST /projects", "/projects", form("name", "Another")},
		{"POST /projects/{id}/tasks", project + "/tasks", form("text", "One more")},
		{"POST /projects/{id}/settings", project + "/settings", form("name", "Renamed")},
		{"POST /projects/{id}/undo", project + "/undo", form("revision", "3")},
		{"POST /projects/{id}/statuses", project + "/statuses", form(
			"status_key", "waiting", "status_name", "Next", "status_category", "to_do",
			"status_key", "in_progress", "status_name", "Now", "status_category", "doing",
			"status_key", "done", "status_name", "Over", "status_category", "done")},
		{"POST /projects/{id}/members", project + "/members", form("email", "sora.kim@example.org", "role", "viewer")},
		{"POST /projects/{id}/members/{account}", project + "/members/" + o.jun.Account.String(), form("role", "viewer")},
		{"POST /tasks/{id}", task, form("title", "Another title")},
		{"POST /tasks/{id}/comments", task + "/comments", form("text", "A comment")},
		{"POST /tasks/{id}/comments/{comment}", task + "/comments/" + comment, form("delete", "1")},
		{"POST /tasks/{id}/undo", task + "/undo", form("revision", "2")},
		{"POST /tasks/{id}/delete", task + "/delete", form("x", "")},
		{"POST /tasks/{id}/restore", task + "/restore", form("x", "")},
		{"POST /me", "/me", form("name", "Somebody Else")},
		{"POST /me/filters", "/me/filters", form("name", "mine", "q", "@me")},
		{"POST /me/filters/{id}", "/me/filters/" + filter, form("x", "")},
		{"POST /me/tokens", "/me/tokens", form("name", "stolen", "scope", "write")},
		{"POST /me/tokens/{id}", "/me/tokens/" + token, form("x", "")},
		{"POST /me/sessions/{id}", "/me/sessions/" + other, form("x", "")},
		{"POST /sign-up", "/sign-up", form("name", "New Person", "email", "new@example.org", "password", browsertest.Password)},
		{"POST /sign-in", "/sign-in", form("email", o.jun.Email, "password", browsertest.Password)},
		{"POST /sign-out", "/sign-out", form("x", "")},
		{"POST /me/erase", "/me/erase", form("current_password", browsertest.Password)},
	}
	var have, want []string
	for _, p := range all {
		have = append(have, p.pattern)
	}
	for pattern := range web.New(&api.API{}).Routes() {
		if strings.HasPrefix(pattern, "POST ") {
			want = append(want, pattern)
		}
	}
	slices.Sort(have)
	slices.Sort(want)
	if !slices.Equal(have, want) {
		o.t.Fatalf("the forms that are tried are not those there are:\n%v\n%v", have, want)
	}
	return all
}

// state is what forms could have changed for Mina, as text.
func (o *office) state() string {
	o.t.Helper()
	var all []string
	for _, path := range []string{"/api/v1/me", "/api/v1/me/filters", "/api/v1/me/tokens", "/api/v1/me/sessions"} {
		a := o.API(o.mina, "GET", path, nil).Want(200)
		// When a session was last used is not for forms to say.
		all = append(all, regexp.MustCompile(`"used_at":("[^"]*"|null)`).ReplaceAllString(string(a.Body), ""))
	}
	return o.End().String() + "\n" + strings.Join(all, "\n")
}

// unchanged does something and wants nothing written by it.
func (o *office) unchanged(what string, do func()) {
	o.t.Helper()
	before := o.state()
	do()
	if after := o.state(); after != before {
		o.t.Errorf("%s changed something:\n%s\n%s", what, before, after)
	}
}

// TestFormsFromElsewhere sends every form as a page of another site would make
// Mina's browser do, with her cookie: each is refused, and nothing is written.
// Then she sends them all herself.
func TestFormsFromElsewhere(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	posts := o.posts()
	elsewhere := map[string][]func(*http.Request){
		"another origin":                  {header("Origin", "https://evil.example")},
		"another port of the host":        {header("Origin", "http://127.0.0.1:1")},
		"no origin at all, as in a frame": {header("Origin", "null")},
		"as browsers say, cross-site":     {header("Origin", "https://evil.example"), header("Sec-Fetch-Site", "cross-site")},
		"as browsers say, same-site":      {header("Origin", "https://evil.127.0.0.1"), header("Sec-Fetch-Site", "same-site")},
		"only what browsers say":          {header("Origin", ""), header("Sec-Fetch-Site", "cross-site")},
		"an origin that contains ours":    {header("Origin", o.URL+".evil.example")},
	}
	for name, change := range elsewhere {
		o.unchanged(name, func() {
			for _, p := range posts {
				r := o.ask(o.mina, "POST", p.path, p.form, change...)
				if r.Status != http.StatusForbidden || r.code() != "cross_origin" {
					t.Errorf("%s, %s: %d %s", p.pattern, name, r.Status, r.code())
				}
				if c := r.cookie(access.CookieName(false)); c != nil {
					t.Errorf("%s, %s: a session's cookie is set: %v", p.pattern, name, c)
				}
			}
		})
	}
	for _, p := range posts {
		by := o.mina
		if p.pattern == "POST /me/erase" { // Mina is her projects' only owner, and signed out by now
			by = o.Register("Gone Soon")
		}
		if r := o.ask(by, "POST", p.path, p.form); r.Status >= 400 {
			t.Errorf("%s, sent by herself: %d %s\n%s", p.pattern, r.Status, r.code(), r.Body)
		}
	}
}

// TestFormsThatSayNothing sends a form without the headers that tell where it
// comes from, as programs and browsers without script do. No page can make a
// browser leave them out, so it is let in; see package access.
func TestFormsThatSayNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.ask(o.mina, "POST", "/tasks/"+o.tasks[0], form("title", "From a browser of letters"), header("Origin", ""))
	if r.Status != http.StatusSeeOther {
		t.Errorf("%d %s", r.Status, r.code())
	}
}

// TestAnotherSitesPage opens a page of another site in Mina's browser. It is on
// the same host, so that her cookie goes with all it sends.
func TestAnotherSitesPage(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	target := o.URL + "/tasks/" + o.tasks[0]
	pages := map[string]string{
		"/form":  `<form id=f method=post action="` + target + `"><input name=title value=Stolen><button>x</button></form>`,
		"/quiet": `<meta name=referrer content=no-referrer><form id=f method=post action="` + target + `"><input name=title value=Stolen><button>x</button></form>`,
		"/plain": `<form id=f method=post enctype="text/plain" action="` + target + `"><input name="title" value="Stolen"><button>x</button></form>`,
		"/out":   `<form id=f method=post action="` + o.URL + `/sign-out"><button>x</button></form>`,
		"/in":    `<form id=f method=post action="` + o.URL + `/sign-in"><input name=email value="` + o.jun.Email + `"><input name=password value="` + browsertest.Password + `"><button>x</button></form>`,
		"/fetch": `<script>const sent = fetch("` + target + `", {method: "POST", mode: "no-cors", credentials: "include", headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: "title=Stolen"}).then(() => document.title = "sent", () => document.title = "sent")</script>`,
		"/frame": `<iframe src="` + target + `"></iframe><iframe sandbox="allow-scripts allow-forms" srcdoc='<form method=post action="` + target + `"><input name=title value=Stolen></form><script>document.forms[0].submit()</script>'></iframe>`,
	}
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!DOCTYPE html><title>evil</title>"+pages[r.URL.Path])
	}))
	t.Cleanup(evil.Close)
	o.unchanged("another site's page", func() {
		page := browsertest.Open(t, evil.URL+"/form", browsertest.Cookie(o.mina.Cookie()),
			browsertest.Allow("request to another origin", "frame-ancestors", "Refused to", "violates the following", "a part of the page", "favicon", "console error", "status 4"))
		for _, path := range []string{"/form", "/quiet", "/plain", "/out", "/in"} {
			page.Go(evil.URL + path)
			page.Loads(func() { page.Click("#f button") })
			page.WaitFor(`#problem[data-code=cross_origin]`)
		}
		page.Go(evil.URL + "/fetch")
		page.Wait("the request is answered", `document.title === "sent"`)
		page.Go(evil.URL + "/frame")
		page.Wait("both frames have loaded", `document.querySelectorAll("iframe").length === 2 && document.readyState === "complete"`)
		if browsertest.Eval[bool](page, `(() => { try { return document.querySelector("iframe").contentDocument?.querySelector("#task") != null } catch { return false } })()`) {
			t.Error("another site's page shows ours in a frame")
		}
	})
	if got := o.API(o.mina, "GET", "/api/v1/tasks/"+o.tasks[0], nil).Text("title"); got != "Photograph the new mugs" {
		t.Errorf("the title is %q", got)
	}
}

// TestFormsOfStrangers sends every form about the project as somebody who is
// not in it: there is no such thing, whether or not there is.
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

// TestFormsOfViewers sends every form about the project as somebody who may
// only look, and those of its owner as a member.
func TestFormsOfViewers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	posts := o.posts()
	eve := o.Register("Eve Moon")
	// The third change is one that only an owner may take back.
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
			// Leaving is a viewer's right, and statuses stand in a form that is disabled.
			if !strings.HasSuffix(f[1], "/members/"+eve.Account.String()) && !strings.HasSuffix(f[1], "/statuses") {
				t.Errorf("%s offers a viewer the form %s", path, f[1])
			}
		}
	}
}

// TestWhatIsNotOfTheProject names things of another project, or of none, in the
// fields of forms.
func TestWhatIsNotOfTheProject(t *testing.T) {
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
	// A project in a task's form is no field: nothing can be moved there.
	o.ask(o.mina, "POST", task, form("project", other, "project_id", other, "title", "Still here"))
	if got := o.API(o.mina, "GET", "/api/v1"+task, nil).Text("project_id"); got != o.project {
		t.Errorf("the task is in %s", got)
	}
}

// TestTokensAreNotForPages shows a token where pages want a session.
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

// elsewhere are addresses that must not be gone to, in all their disguises.
var elsewhere = []string{
	"//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, `\/evil.example`, `/\/evil.example`, "https://evil.example", "https:evil.example", "HTTPS:/evil.example",
	"javascript:alert(1)", "data:text/html,x", "evil.example", "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/\r\nSet-Cookie: a=b",
	"//evil.example/..", "//user@evil.example", "http://", "//", "/ /evil.example\x00", "@evil.example", "?", "#", "", "/%2f/evil.example\\", "\u3000//evil.example", "//evil%E3%80%82example",
}

// TestLeadsNowhereElse gives every form an address of another site to go to.
func TestLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	posts := o.posts()
	base, err := url.Parse(o.URL)
	if err != nil {
		t.Fatal(err)
	}
	follow := func(what string, r reply) {
		t.Helper()
		if r.Status == http.StatusTooManyRequests {
			t.Fatalf("%s: %d", what, r.Status)
		}
		location := r.Header.Get("Location")
		to, err := base.Parse(location)
		if err != nil || to.Host != base.Host || to.Scheme != base.Scheme || strings.HasPrefix(location, "//") || strings.ContainsAny(location, "\\\r\n\t") {
			t.Errorf("%s leads to %q", what, location)
		}
		if r.cookie("a") != nil {
			t.Errorf("%s sets a cookie", what)
		}
	}
	for i, address := range elsewhere {
		for _, p := range posts {
			switch p.pattern {
			case "POST /sign-in", "POST /sign-up", "POST /look", "POST /tasks/{id}", "POST /tasks/{id}/comments", "POST /projects/{id}/tasks", "POST /me/filters", "POST /projects":
			default:
				if i > 0 {
					continue // all take the same way
				}
			}
			f := form()
			for name, values := range p.form {
				f[name] = slices.Clone(values)
			}
			f.Set("back", address)
			f.Set("next", address)
			if p.pattern == "POST /sign-up" {
				f.Set("email", fmt.Sprintf("new%d@example.org", i))
			}
			if p.pattern == "POST /tasks/{id}" {
				f.Set("title", fmt.Sprintf("Title %d", i))
			}
			if p.pattern == "POST /me/erase" || p.pattern == "POST /sign-out" {
				continue
			}
			follow(fmt.Sprintf("%s with %q", p.pattern, address), o.ask(o.mina, "POST", p.path, f))
			// What is refused shows a page, with forms and links of its own.
			f.Set("title", "")
			f.Set("name", "")
			f.Set("text", "")
			f.Set("password", "wrong")
			if p.pattern == "POST /sign-in" {
				f.Set("email", fmt.Sprintf("nobody%d@example.org", i))
			}
			r := o.ask(o.mina, "POST", p.path, f)
			for _, m := range regexp.MustCompile(`(?:href|action|src)="([^"]*)"`).FindAllStringSubmatch(r.Body, -1) {
				if to, err := base.Parse(m[1]); err != nil || to.Host != base.Host || to.Scheme != base.Scheme {
					t.Errorf("%s with %q shows a way to %q", p.pattern, address, m[1])
				}
			}
		}
		for _, path := range []string{"/sign-in", "/sign-up"} {
			r := o.ask(nobody, "GET", path+"?next="+url.QueryEscape(address), nil)
			for _, m := range regexp.MustCompile(`(?:href|action|src)="([^"]*)"`).FindAllStringSubmatch(r.Body, -1) {
				if to, err := base.Parse(m[1]); err != nil || to.Host != base.Host {
					t.Errorf("%s?next=%q shows a way to %q", path, address, m[1])
				}
			}
		}
	}
	for _, path := range []string{"//evil.example/", "//evil.example/%2e%2e", `/%5Cevil.example`, "/projects/..%2f..%2f/evil.example", "/tasks/x?next=//evil.example", "//me"} {
		r := o.ask(nobody, "GET", "/", nil, func(r *http.Request) {
			raw, query, _ := strings.Cut(path, "?")
			r.URL.Opaque, r.URL.RawQuery = "//"+r.URL.Host+raw, query
		})
		if r.Header.Get("Location") != "" {
			follow("GET "+path, r)
		}
	}
	// And a good one is gone to.
	r := o.ask(nobody, "POST", "/sign-in", form("email", o.jun.Email, "password", browsertest.Password, "next", "/projects/"+o.project+"?q=%40me"))
	if got := r.Header.Get("Location"); got != "/projects/"+o.project+"?q=%40me" {
		t.Errorf("signing in leads to %q", got)
	}
}

// TestEveryAnswerCannotBeFramed looks at the headers of every sort of answer.
func TestEveryAnswerCannotBeFramed(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	answers := map[string]reply{
		"a page":                o.ask(o.mina, "GET", "/", nil),
		"a board":               o.ask(o.mina, "GET", "/projects/"+o.project, nil),
		"before the door":       o.ask(nobody, "GET", "/sign-in", nil),
		"led to the door":       o.ask(nobody, "GET", "/me", nil),
		"after a form":          o.ask(o.mina, "POST", "/tasks/"+o.tasks[0], form("title", "x")),
		"a refused form":        o.ask(o.mina, "POST", "/tasks/"+o.tasks[0], form("title", "")),
		"a form from elsewhere": o.ask(o.mina, "POST", "/tasks/"+o.tasks[0], form("title", "x"), header("Origin", "https://evil.example")),
		"not there":             o.ask(o.mina, "GET", "/projects/"+uuid.NewString(), nil),
		"no such page":          o.ask(o.mina, "GET", "/nothing/here", nil),
		"another method":        o.ask(o.mina, "PUT", "/me", nil),
		"too long":              o.ask(o.mina, "POST", "/tasks/"+o.tasks[0], form("title", strings.Repeat("x", web.MaxBody))),
		"a script":              o.ask(o.mina, "GET", regexp.MustCompile(`/assets/[^"]*app\.js`).FindString(o.ask(o.mina, "GET", "/", nil).Body), nil),
		"no script":             o.ask(o.mina, "GET", "/assets/x/y.js", nil),
		"the interface":         o.ask(o.mina, "GET", "/api/v1/me", nil),
	}
	statuses := map[string]int{"a page": 200, "a board": 200, "before the door": 200, "led to the door": 303, "after a form": 303, "a refused form": 422, "a form from elsewhere": 403,
		"not there": 404, "no such page": 404, "another method": 405, "too long": 413, "a script": 200, "no script": 404, "the interface": 200}
	for what, r := range answers {
		if r.Status != statuses[what] {
			t.Errorf("%s: status %d", what, r.Status)
		}
		csp := r.Header.Get("Content-Security-Policy")
		if len(r.Header.Values("Content-Security-Policy")) != 1 || !strings.Contains(csp, "frame-ancestors 'none'") || !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: Content-Security-Policy: %q", what, csp)
		}
		for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff"} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s: %q", what, name, got)
			}
		}
		if got := r.Header.Get("Cache-Control"); got != "no-store" && what != "a script" {
			t.Errorf("%s: Cache-Control: %q", what, got)
		}
		if strings.Contains(r.Header.Get("Content-Type"), "text/html") {
			for _, bad := range []string{" style=", " onclick=", "<style", "javascript:"} {
				if strings.Contains(r.Body, bad) {
					t.Errorf("%s has %s in it", what, bad)
				}
			}
			for _, script := range regexp.MustCompile(`<script[^>]*>`).FindAllString(r.Body, -1) {
				if !strings.Contains(script, `src="/assets/`) && !strings.Contains(script, `type="application/json"`) {
					t.Errorf("%s has %s", what, script)
				}
			}
		}
	}
}

// TestSessionCookie looks at the cookies that pages set.
func TestSessionCookie(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		o := &office{t: t, House: browsertest.NewHouse(t, func(o *gateway.Options) { o.SecureCookies = secure })}
		p := o.Register("Mina Park")
		r := o.ask(nobody, "POST", "/sign-in", form("email", p.Email, "password", browsertest.Password))
		c := r.cookie(access.CookieName(secure))
		if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure || c.Path != "/" || c.Domain != "" {
			t.Fatalf("secure %v: %d, the session's cookie is %v", secure, r.Status, c)
		}
		p.Secret = c.Value
		if in := o.ask(p, "GET", "/", nil, func(r *http.Request) { r.Header.Set("Cookie", c.Name+"="+c.Value) }); in.Status != 200 {
			t.Errorf("secure %v: the cookie does not open the door: %d", secure, in.Status)
		}
		out := o.ask(p, "POST", "/sign-out", form("x", ""), func(r *http.Request) { r.Header.Set("Cookie", c.Name+"="+c.Value) })
		gone := out.cookie(access.CookieName(secure))
		if out.Status != 303 || gone == nil || gone.MaxAge >= 0 || gone.Value != "" {
			t.Errorf("secure %v: signing out: %d %v", secure, out.Status, gone)
		}
		if again := o.ask(nobody, "GET", "/", nil, func(r *http.Request) { r.Header.Set("Cookie", c.Name+"="+c.Value) }); again.Status != 303 {
			t.Errorf("secure %v: the cookie opens the door after signing out: %d", secure, again.Status)
		}
		for name, values := range map[string]url.Values{"docket_language": form("language", "ko"), "docket_theme": form("theme", "dark")} {
			c := o.ask(nobody, "POST", "/look", values).cookie(name)
			if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != secure {
				t.Errorf("secure %v: %s: %v", secure, name, c)
			}
		}
	}
}

// TestForgedCookies gives pages cookies that Docket never set.
func TestForgedCookies(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	huge := strings.Repeat("9", 4000)
	here := o.End()
	forged := map[string][]string{
		"docket_done": {"", ".", "...", "....", "task_moved.task", "x.y.z.1", "task_moved.task." + uuid.NewString() + "." + huge, "task_moved.evil." + uuid.NewString() + ".1",
			"undone.task." + o.tasks[0] + ".1", `<script>alert(1)</script>.task.` + uuid.NewString() + ".1", "task_moved.account." + uuid.NewString() + ".1", huge,
			"task_moved../../evil." + uuid.NewString() + ".1"},
		"docket_position": {"", "-", "x", "x-1", "otherlog-5", "otherlog-18446744073709551615", here.Incarnation + "-0", here.Incarnation + "-" + huge, "-1-1", huge, here.Incarnation + "--1"},
		"docket_zone":     {"", "Local", "Nowhere/Else", "../../../etc/passwd", "/etc/passwd", huge, "Asia/Seoul/../../x", "UTC", "Etc/GMT+12", "%00", "Asia/Seoul"},
		"docket_language": {"", "xx", "ko\"><script>", huge, "und"},
		"docket_theme":    {"", "x", `"><script>alert(1)</script>`, huge},
	}
	for name, values := range forged {
		for _, value := range values {
			for _, path := range []string{"/projects/" + o.project, "/tasks/" + o.tasks[1], "/projects/" + o.project + "/list?group=due"} {
				r := o.ask(o.mina, "GET", path, nil, func(r *http.Request) {
					r.Header.Set("Cookie", r.Header.Get("Cookie")+"; "+name+"="+value)
				})
				if r.Status != 200 || strings.Contains(r.Body, "<script>alert") || strings.Contains(r.Body, `action="/evils`) {
					t.Errorf("%s=%.60s: %s: %d", name, value, path, r.Status)
				}
				if name == "docket_position" && strings.Contains(r.Body, `class="banner"`) {
					t.Errorf("%s=%.60s: %s says that it is old", name, value, path)
				}
			}
			// A form is not kept from being sent either.
			r := o.ask(o.mina, "POST", "/projects/"+o.project+"/tasks", form("text", "a\nb"), func(r *http.Request) {
				r.Header.Set("Cookie", r.Header.Get("Cookie")+"; "+name+"="+value)
			})
			if r.Status != 200 || !strings.Contains(r.Body, `id="preview"`) {
				t.Errorf("%s=%.60s: a form: %d %s", name, value, r.Status, r.code())
			}
		}
	}
	// A place the log has not reached is said to be shown late, not never.
	r := o.ask(o.mina, "GET", "/projects/"+o.project, nil, func(r *http.Request) {
		r.Header.Set("Cookie", r.Header.Get("Cookie")+"; docket_position="+here.At(here.Sequence+1_000_000).String())
	})
	if r.Status != 200 || !strings.Contains(r.Body, `class="banner"`) {
		t.Errorf("a place that is not reached: %d", r.Status)
	}
}

// TestFormsTwice sends forms twice, as impatient people and broken networks do:
// the same form does once, a form with something else in it does that too.
func TestFormsTwice(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	count := func(path, list string) int {
		o.at(o.API(o.mina, "PATCH", o.api(""), m{"name": "Opening the shop " + uuid.NewString()[:8]}).Want(200))
		a := o.API(o.mina, "GET", path, nil).Want(200)
		items, ok := a.JSON()[list].([]any)
		if !ok {
			t.Fatalf("%s: %s", path, a.Body)
		}
		return len(items)
	}
	task := "/tasks/" + o.tasks[0]
	for _, c := range []struct {
		path, counted string
		first, other  url.Values
		each          int
	}{
		{task + "/comments", "/api/v1" + task + "/comments?limit=100", form("text", "ok", "key", "k1"), form("text", "ok!", "key", "k1"), 1},
		{"/projects", "/api/v1/projects?limit=100", form("name", "A", "key", "k1"), form("name", "B", "key", "k1"), 1},
		{"/projects/" + o.project + "/tasks", o.api("/tasks?limit=100"), form("text", "x", "key", "k1"), form("text", "y", "key", "k1"), 1},
		{"/projects/" + o.project + "/tasks", o.api("/tasks?limit=100"), form("text", "p\nq\nr", "key", "k2", "confirmed", "1"), form("text", "p\nq\ns", "key", "k2", "confirmed", "1"), 3},
	} {
		before := count(c.counted, "items")
		var first reply
		for i := range 3 {
			r := o.ask(o.mina, "POST", c.path, c.first)
			if r.Status != http.StatusSeeOther {
				t.Fatalf("%s, time %d: %d %s", c.path, i, r.Status, r.code())
			}
			if i > 0 && r.Header.Get("Location") != first.Header.Get("Location") {
				t.Errorf("%s, time %d leads to %s", c.path, i, r.Header.Get("Location"))
			}
			first = r
		}
		if got := count(c.counted, "items"); got != before+c.each {
			t.Errorf("%s sent three times made %d", c.path, got-before)
		}
		if r := o.ask(o.mina, "POST", c.path, c.other); r.Status != http.StatusSeeOther {
			t.Errorf("%s with something else in it: %d %s", c.path, r.Status, r.code())
		}
		if got := count(c.counted, "items"); got != before+2*c.each {
			t.Errorf("%s with something else in it made %d", c.path, got-before-c.each)
		}
		// Another person's form of the same key is another form.
		if r := o.ask(o.jun, "POST", c.path, c.first); r.Status != http.StatusSeeOther {
			t.Errorf("%s by somebody else: %d %s", c.path, r.Status, r.code())
		}
	}
	// What was refused can be corrected and sent from the page that said so.
	for _, title := range []string{"", "Better"} {
		r := o.ask(o.mina, "POST", task, form("title", title, "key", "k3"))
		if want := map[string]int{"": 422, "Better": 303}[title]; r.Status != want {
			t.Errorf("the title %q: %d %s", title, r.Status, r.code())
		}
	}
	// Sent otherwise than as forms are, a form has no key; so it is not taken.
	for _, kind := range []string{"text/plain", "multipart/form-data; boundary=x", "application/json", "nonsense;;"} {
		o.unchanged(kind, func() {
			if r := o.ask(o.mina, "POST", task, form("title", "x"), header("Content-Type", kind)); r.Status != http.StatusUnsupportedMediaType {
				t.Errorf("%s: %d %s", kind, r.Status, r.code())
			}
		})
	}
}

// TestHostileFields puts into fields what no browser would.
func TestHostileFields(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	posts := o.posts()
	raw := func(body string) func(*http.Request) {
		return func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		}
	}
	o.unchanged("hostile fields", func() {
		for _, p := range posts {
			for what, body := range map[string]string{
				"bytes that are no letters": "title=%FF&text=%FF&name=%FF", "a broken escape": "title=%zz&text=%zz&name=%zz&x=%",
				"a semicolon": "title=a;b=c&name=x;y&text=x;y",
			} {
				if r := o.ask(o.mina, "POST", p.path, p.form, raw(body)); r.Status != 400 {
					t.Errorf("%s: %s: %d %s", p.pattern, what, r.Status, r.code())
				}
			}
			if r := o.ask(o.mina, "POST", p.path, form("title", strings.Repeat("x", web.MaxBody))); r.Status != 413 || r.code() != "body_too_large" {
				t.Errorf("%s: too long: %d %s", p.pattern, r.Status, r.code())
			}
		}
		for _, text := range []string{"\x00", "a\x00b", "a\u202eb\x07", strings.Repeat("x", 100_000), "\u0085"} {
			for _, p := range posts {
				f := form("title", text, "text", text, "name", text, "email", text, "description", text+"\x00", "status_key", text, "status_name", text, "labels", text+"\x00", "due", text, "status", text, "revision", text, "role", text)
				if p.pattern == "POST /me/tokens" || strings.HasPrefix(p.pattern, "POST /me/") && p.pattern != "POST /me/filters" || strings.HasSuffix(p.path, "/delete") || strings.HasSuffix(p.path, "/restore") ||
					p.pattern == "POST /look" || p.pattern == "POST /sign-out" || strings.Contains(text, "\u202e") || text == "\u0085" {
					continue
				}
				if r := o.ask(o.mina, "POST", p.path, f); r.Status < 400 || r.Status >= 500 {
					t.Errorf("%s: %.20q: %d %s", p.pattern, text, r.Status, r.code())
				}
			}
		}
	})
}

// TestLongDescription edits a description of the largest size there may be, in
// letters that a form makes long.
func TestLongDescription(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	long := strings.Repeat("가", (64<<10)/3)
	o.at(o.API(o.mina, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"description": long}).Want(200))
	other := strings.Repeat("나", (64<<10)/3)
	r := o.ask(o.mina, "POST", "/tasks/"+o.tasks[0], form("description", other, "seen_description", long))
	if r.Status != http.StatusSeeOther {
		t.Errorf("%d %s", r.Status, r.code())
	}
}

// TestNothingIsKeptOfPages looks into what is remembered of forms, and into the
// log, for what must not be there: secrets, and people's data, which must be
// gone with them.
func TestNothingIsKeptOfPages(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, f := range []post{
		{"", "/me", form("key", "1", "name", "Zelda Quill")},
		{"", "/me", form("key", "2", "email", "zelda.quill@example.org", "current_password", "wrong "+browsertest.Password)},
		{"", "/me", form("key", "3", "email", "zelda.quill@example.org", "current_password", browsertest.Password)},
		{"", "/me", form("key", "4", "current_password", "wrong "+browsertest.Password, "password", "another long secret")},
		{"", "/me", form("key", "5", "current_password", browsertest.Password, "password", "another long secret")},
		{"", "/me/erase", form("key", "6", "current_password", "wrong "+browsertest.Password)},
		{"", "/me/tokens", form("key", "7", "name", "program", "scope", "read")},
		{"", "/me/tokens", form("key", "8", "name", "", "scope", "read")},
		{"", "/tasks/" + o.tasks[0], form("key", "9", "title", "")},
		{"", "/tasks/" + o.tasks[0] + "/comments", form("key", "10", "text", "")},
		{"", "/projects/" + o.project + "/tasks", form("key", "11", "text", "a @jun\nb @mina")},
		{"", "/projects/" + o.project + "/members", form("key", "12", "email", "zelda.nobody@example.org", "role", "member")},
	} {
		o.ask(o.mina, "POST", f.path, f.form)
	}
	for _, f := range []post{
		{"", "/sign-in", form("key", "1", "email", o.jun.Email, "password", browsertest.Password)},
		{"", "/sign-in", form("key", "2", "email", o.jun.Email, "password", "wrong "+browsertest.Password)},
		{"", "/sign-up", form("key", "3", "name", "Zelda Two", "email", "zelda.two@example.org", "password", "another long secret")},
	} {
		o.ask(nobody, "POST", f.path, f.form)
	}
	bad := []string{browsertest.Password, "correct+horse", "another long secret", "another+long", "Zelda", "zelda", "Jun Lee", "jun.lee", "Mina Park", "<html", o.mina.Secret}
	check := func(where, text string) {
		for _, b := range bad {
			if strings.Contains(text, b) {
				t.Errorf("%s holds %q: %.300s", where, b, text)
			}
		}
	}
	keys, err := o.Options.Idempotency.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		check("a key", key)
		entry, err := o.Options.Idempotency.Get(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		var kept struct {
			Header map[string][]string
			Body   []byte
		}
		if err := json.Unmarshal(entry.Value(), &kept); err != nil {
			t.Fatal(err)
		}
		if _, api := kept.Header["Docket-Change"]; api {
			continue
		}
		check("what is remembered", fmt.Sprint(kept.Header)+string(kept.Body))
	}
	bad = slices.DeleteFunc(bad, func(s string) bool { return s == "<html" })
	check("the program's log", o.Logged())
}

// TestHead asks for the headers of pages, which changes and uses up nothing.
func TestHead(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, path := range []string{"/", "/projects/" + o.project, "/projects/" + o.project + "/list", "/tasks/" + o.tasks[0], "/me", "/my-work", "/find?q=x", "/sign-in", "/status", "/projects/" + uuid.NewString(), "/nothing"} {
		get := o.ask(o.mina, "GET", path, nil)
		head := o.ask(o.mina, "HEAD", path, nil, func(r *http.Request) {
			r.Header.Set("Cookie", r.Header.Get("Cookie")+"; docket_done=task_moved.task."+o.tasks[0]+".1")
		})
		if head.Status != get.Status || head.Body != "" || head.Header.Get("Content-Security-Policy") != get.Header.Get("Content-Security-Policy") {
			t.Errorf("%s: %d, GET %d", path, head.Status, get.Status)
		}
		if c := head.cookie("docket_done"); c != nil {
			t.Errorf("%s uses up what was done", path)
		}
	}
	if r := o.ask(nobody, "HEAD", "/me", nil); r.Status != 303 || !strings.HasPrefix(r.Header.Get("Location"), "/sign-in") {
		t.Errorf("signed out: %d %s", r.Status, r.Header.Get("Location"))
	}
}

// TestFaultsTellNothing breaks the rows: what people see of it is that, and no
// more.
func TestFaultsTellNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	eve := o.Register("Eve Moon")
	if r := o.ask(eve, "GET", "/status", nil); r.Status != 403 || !strings.Contains(r.Body, "Only the administrator") || strings.Contains(r.Body, o.End().String()) {
		t.Errorf("/status to anybody: %d", r.Status)
	}
	for _, path := range []string{"/projects/" + o.project + "/list?cursor=%00%ff", "/projects/" + o.project + "/activity?cursor=abc", "/find?q=x&cursor=zzzz", "/my-work?cursor=eyJ9", "/projects/" + o.project + "/list?sort=-nonsense&group=evil"} {
		if r := o.ask(o.mina, "GET", path, nil); r.Status >= 500 {
			t.Errorf("%s: %d %s", path, r.Status, r.code())
		}
	}
	o.StopRows()
	if err := o.Rows.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/", "/projects/" + o.project, "/tasks/" + o.tasks[0], "/find?q=x", "/status", "/me/sessions"} {
		r := o.ask(o.mina, "GET", path, nil)
		if path != "/status" && r.Status < 500 {
			t.Errorf("%s: %d", path, r.Status)
		}
		for _, bad := range []string{"sql", "SQL", "database is closed", ".go:", "goroutine", "rows.db", "context deadline"} {
			if strings.Contains(r.Body, bad) {
				t.Errorf("%s says %q", path, bad)
			}
		}
	}
}

// TestUndoOfAnotherProject takes back changes by numbers that are another's.
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

// marked is text that would betray itself in a page: as elements of the class
// evil, by a dialog, or as a violation of the page's policy.
const marked = `"'><img class=evil src=x onerror=alert(1)></script></textarea></title><script class=evil>alert(2)</script>`

// short is the same for what has little room.
const short = `"><b class=evil onclick=x>`

// TestStoredScript writes script wherever people write, and has somebody else
// look at it everywhere.
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
		// Refused forms show again what was written.
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
		// The cards that the page came with are drawn anew by the script when
		// somebody changes them.
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

// TestReflected sends script back and forth in forms that are refused.
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

// TestPasswordsAreNotInAddresses signs in as a person does, and looks where the
// password went.
func TestPasswordsAreNotInAddresses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	page := browsertest.Open(t, o.URL+"/sign-in?next=/my-work")
	page.Type("[name=email]", o.jun.Email)
	page.Type("[name=password]", browsertest.Password)
	page.Follow("main form.stack button")
	if page.Path() != "/my-work" {
		t.Errorf("signing in led to %s", page.Path())
	}
	if got := browsertest.Eval[string](page, `document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage) + performance.getEntries().map(e => e.name).join() + document.referrer + document.documentElement.outerHTML`); strings.Contains(got, "correct") || strings.Contains(got, "docket_session") {
		t.Errorf("a script finds %s", got)
	}
}
