package webtest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/web/browsertest"
)

// TestSessionCookie checks the cookies that pages set.
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

// TestForgedCookies sends cookies that Docket never set.
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
			// Forged cookies do not prevent a form from being sent either.
			r := o.ask(o.mina, "POST", "/projects/"+o.project+"/tasks", form("text", "a\nb"), func(r *http.Request) {
				r.Header.Set("Cookie", r.Header.Get("Cookie")+"; "+name+"="+value)
			})
			if r.Status != 200 || !strings.Contains(r.Body, `id="preview"`) {
				t.Errorf("%s=%.60s: a form: %d %s", name, value, r.Status, r.code())
			}
		}
	}
	// A position that the log has not reached makes the page say that it is
	// stale, not fail.
	r := o.ask(o.mina, "GET", "/projects/"+o.project, nil, func(r *http.Request) {
		r.Header.Set("Cookie", r.Header.Get("Cookie")+"; docket_position="+here.At(here.Sequence+1_000_000).String())
	})
	if r.Status != 200 || !strings.Contains(r.Body, `class="banner"`) {
		t.Errorf("a place that is not reached: %d", r.Status)
	}
}
