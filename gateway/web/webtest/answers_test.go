package webtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/docketlog/docket/gateway/web"
	"github.com/docketlog/docket/gateway/web/browsertest"
)

// TestLeadsNowhereElse gives every form a redirect address on another site.
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
					continue // all are handled the same
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
			// A refused form shows a page, with forms and links of its own.
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
	// A valid address is followed.
	r := o.ask(nobody, "POST", "/sign-in", form("email", o.jun.Email, "password", browsertest.Password, "next", "/projects/"+o.project+"?q=%40me"))
	if got := r.Header.Get("Location"); got != "/projects/"+o.project+"?q=%40me" {
		t.Errorf("signing in leads to %q", got)
	}
}

// TestNoAnswerCanBeFramed checks the headers of every kind of response.
func TestNoAnswerCanBeFramed(t *testing.T) {
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

// TestPagesAreNotStored checks that the stored responses of forms, and the
// log, contain no secrets, and no personal data, which must be erased with the
// account.
func TestPagesAreNotStored(t *testing.T) {
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

// TestHead requests the headers of pages, which changes and consumes nothing.
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

// TestFaultsRevealNothing breaks the rows: users see that there is an error, and
// no details.
func TestFaultsRevealNothing(t *testing.T) {
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

// TestPasswordsAreNotInAddresses signs in with a browser, and checks where the
// password was sent.
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
