package webtest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

func TestProfileIsChanged(t *testing.T) {
	o := newOffice(t)
	page, other := o.open(o.mina, "/me"), o.open(o.jun, "/tasks/"+o.tasks[1])
	page.Fill("[name=name]", "Mina Kim")
	page.Press("Enter")
	page.WaitText("#toasts", "Name changed")
	page.WaitText("#top .who, #top .hush", "Mina Kim")
	other.Reload()
	other.WaitText("#comments .mention", "@Mina Kim")

	const address = "form:has([name=email]) "
	page.Fill("[name=email]", "mina.kim@example.org")
	page.Type(address+"[name=current_password]", "not my password")
	page.Press("Enter")
	page.WaitFor("section [role=alert]")
	page.WaitValue("[name=email]", "mina.kim@example.org")
	page.Fill(address+"[name=current_password]", browsertest.Password)
	page.Press("Enter")
	page.WaitText("#toasts", "Email changed")
	page.WaitGone("section [role=alert]")
	page.WaitValue(address+"[name=current_password]", "")
	page.Accessible()
}

func TestNewPasswordEndsOtherSessions(t *testing.T) {
	o := newOffice(t)
	page, other := o.open(o.mina, "/me"), o.open(o.SignIn(o.mina), "/my-work")
	const form = "form:has([name=password]) "
	page.Type(form+"[name=current_password]", browsertest.Password)
	page.Type(form+"[name=password]", "a better password")
	page.Press("Enter")
	page.WaitText("#toasts", "all other sessions were signed out")
	other.WaitURL("/sign-in")
	other.Type("[name=email]", o.mina.Email)
	other.Type("[name=password]", "a better password")
	other.Loads(func() { other.Press("Enter") })
	other.WaitURL("/my-work")
}

func TestSessionsAreEndedFromAnotherBrowser(t *testing.T) {
	o := newOffice(t)
	lost := o.SignIn(o.mina)
	page, other := o.open(o.mina, "/me/sessions"), o.board(lost)
	page.WaitCount("#sessions li", 2)
	page.WaitText("#sessions", "Current session")
	page.Screenshot("sessions-two")
	page.WaitText("#sessions", "127.0.0.1 · signed in ")
	page.Click("#sessions button")
	page.WaitCount("#sessions li", 1)
	page.WaitText("#sessions", "Current session")
	other.WaitURL("/sign-in")
}

func TestTokenIsShownOnceAndWorks(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/me/tokens")
	page.WaitText("main", "You have no API tokens")
	page.Type("form [name=name]", "Nightly export")
	page.Follow(`button:has-text("Create token")`)
	secret := page.Text("code.secret")
	page.Accessible()
	ask := func(method, path, body string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, o.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		r.Header.Set("Content-Type", "application/json")
		res, err := o.Server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res.StatusCode
	}
	if status := ask("GET", "/api/v1/projects", ""); status != 200 {
		t.Errorf("reading: %d", status)
	}
	if status := ask("POST", "/api/v1/projects", `{"name": "x"}`); status != 403 {
		t.Errorf("writing with a token that may read: %d", status)
	}
	page.Go("/me/tokens")
	page.WaitText("#tokens", "Nightly export")
	if page.Visible(".secret") || strings.Contains(page.Text("body"), secret) {
		t.Error("the secret is shown again")
	}
	page.Click("#tokens button")
	page.WaitGone("#tokens li")
	if status := ask("GET", "/api/v1/projects", ""); status != 401 {
		t.Errorf("after it was revoked: %d", status)
	}
}

func TestAccountIsErased(t *testing.T) {
	o := newOffice(t)
	page, other := o.open(o.jun, "/me"), o.open(o.mina, "/tasks/"+o.tasks[1])
	other.WaitText("#comments", "Jun Lee")
	page.Click("#erase summary")
	page.Type("#erase [name=current_password]", "not my password")
	page.Follow("#erase button")
	page.WaitFor("[role=alert]")
	page.Click("#erase summary")
	page.Type("#erase [name=current_password]", browsertest.Password)
	page.Follow("#erase button")
	page.WaitURL("/sign-in")
	other.Reload()
	other.WaitFor("#comments .comment")
	if text := other.Text("main"); strings.Contains(text, "Jun Lee") {
		t.Error("the name is still there")
	}
}

func TestLanguageAndColours(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/me")
	page.Follow(`button:has-text("한국어")`)
	page.WaitText("h1", "프로필")
	if lang := page.Attribute("html", "lang"); lang != "ko" {
		t.Error(lang)
	}
	page.Follow("[name=theme][value=dark]")
	if theme := page.Attribute("html", "data-theme"); theme != "dark" {
		t.Error(theme)
	}
	page.Go("/projects/" + o.project)
	page.WaitFor("#board[data-ready]")
	page.WaitText("#c-done h2", "완료")
	page.Screenshot("board-korean-dark")
	page.Press("Control+k")
	page.WaitFocus("#choose input")
	page.Keys("밝게")
	page.Press("Enter")
	page.Wait("the colours to be light", `document.documentElement.dataset.theme === "light"`)
	page.Wait("the choice to be kept", `performance.getEntriesByType("resource").some(e => e.name.endsWith("/look") && e.responseEnd > 0)`)
	page.Reload()
	if theme := page.Attribute("html", "data-theme"); theme != "light" {
		t.Error(theme)
	}
}
