package webtest

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

	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/web"
	"github.com/docketlog/docket/gateway/web/browsertest"
)

// reply is the response to a request for a page; redirects are not followed.
type reply struct {
	Status int
	Header http.Header
	Body   string
}

// code returns the code of the problem that the page shows, "" if none.
func (r reply) code() string {
	if m := regexp.MustCompile(`id="problem" data-code="([a-z_]+)"`).FindStringSubmatch(r.Body); m != nil {
		return m[1]
	}
	return ""
}

// cookie returns a cookie that the response sets.
func (r reply) cookie(name string) *http.Cookie {
	for _, c := range (&http.Response{Header: r.Header}).Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// ask sends a request as the person's browser would, after change has modified
// it.
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

// header sets a request header, or removes it if value is empty.
func header(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
}

// nobody is a person without a session.
var nobody browsertest.Person

// post is a form of the pages, filled in so that its owner may send it.
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

// posts returns every form, in an order in which Mina can send them all.
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
	for pattern := range web.New(web.Options{}).Routes() {
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

// state returns everything that forms could have changed for Mina, as text.
func (o *office) state() string {
	o.t.Helper()
	var all []string
	for _, path := range []string{"/api/v1/me", "/api/v1/me/filters", "/api/v1/me/tokens", "/api/v1/me/sessions"} {
		a := o.API(o.mina, "GET", path, nil).Want(200)
		// Forms do not control when a session was last used.
		all = append(all, regexp.MustCompile(`"used_at":("[^"]*"|null)`).ReplaceAllString(string(a.Body), ""))
	}
	return o.End().String() + "\n" + strings.Join(all, "\n")
}

// unchanged runs do and checks that it writes nothing.
func (o *office) unchanged(what string, do func()) {
	o.t.Helper()
	before := o.state()
	do()
	if after := o.state(); after != before {
		o.t.Errorf("%s changed something:\n%s\n%s", what, before, after)
	}
}

// TestFormsFromElsewhere sends every form as a page of another site would make
// Mina's browser send it, with her cookie: each is refused, and nothing is
// written. Then she sends them all herself.
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
		if p.pattern == "POST /me/erase" { // Mina is the only owner of her projects, and signed out by now
			by = o.Register("Gone Soon")
		}
		if r := o.ask(by, "POST", p.path, p.form); r.Status >= 400 {
			t.Errorf("%s, sent by herself: %d %s\n%s", p.pattern, r.Status, r.code(), r.Body)
		}
	}
}

// TestFormsThatSayNothing sends a form without the headers that tell its
// origin, as programs and browsers without scripts do. No page can make a
// browser omit them, so the form is accepted; see package access.
func TestFormsThatSayNothing(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.ask(o.mina, "POST", "/tasks/"+o.tasks[0], form("title", "From a browser of letters"), header("Origin", ""))
	if r.Status != http.StatusSeeOther {
		t.Errorf("%d %s", r.Status, r.code())
	}
}

// TestAnotherSitesPage opens a page of another site in Mina's browser. It is on
// the same host, so that her cookie is sent with all its requests.
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

// elsewhere are redirect addresses that must be refused, disguised in various
// ways.
var elsewhere = []string{
	"//evil.example", "///evil.example", `/\evil.example`, `\\evil.example`, `\/evil.example`, `/\/evil.example`, "https://evil.example", "https:evil.example", "HTTPS:/evil.example",
	"javascript:alert(1)", "data:text/html,x", "evil.example", "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/\r\nSet-Cookie: a=b",
	"//evil.example/..", "//user@evil.example", "http://", "//", "/ /evil.example\x00", "@evil.example", "?", "#", "", "/%2f/evil.example\\", "\u3000//evil.example", "//evil%E3%80%82example",
}

// TestFormsTwice sends forms twice, as impatient users and unreliable networks
// do: the same form is executed once, a form with other content separately.
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
		// Another user's form with the same key is a different form.
		if r := o.ask(o.jun, "POST", c.path, c.first); r.Status != http.StatusSeeOther {
			t.Errorf("%s by somebody else: %d %s", c.path, r.Status, r.code())
		}
	}
	// A refused form can be corrected and sent again from the page that shows
	// the error.
	for _, title := range []string{"", "Better"} {
		r := o.ask(o.mina, "POST", task, form("title", title, "key", "k3"))
		if want := map[string]int{"": 422, "Better": 303}[title]; r.Status != want {
			t.Errorf("the title %q: %d %s", title, r.Status, r.code())
		}
	}
	// In another encoding a form has no key, so it is not accepted.
	for _, kind := range []string{"text/plain", "multipart/form-data; boundary=x", "application/json", "nonsense;;"} {
		o.unchanged(kind, func() {
			if r := o.ask(o.mina, "POST", task, form("title", "x"), header("Content-Type", kind)); r.Status != http.StatusUnsupportedMediaType {
				t.Errorf("%s: %d %s", kind, r.Status, r.code())
			}
		})
	}
}

// TestHostileFields sends field values that no browser would.
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

// TestLongDescription edits a description of the maximum size, in characters
// that a form encodes long.
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

// marked is text that would reveal itself if a page failed to escape it: as
// elements of the class evil, by a dialog, or as a violation of the page's
// policy.
const marked = `"'><img class=evil src=x onerror=alert(1)></script></textarea></title><script class=evil>alert(2)</script>`

// short is the same for short fields.
const short = `"><b class=evil onclick=x>`
