package webtest

import (
	"strings"
	"testing"
	"time"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// plain is a user of a browser that runs no scripts.
type plain struct {
	*browsertest.Page
	t *testing.T
}

// send fills in the fields of the first matching form and submits it with its
// button. pairs are fields and values: a field is typed into, or an option
// selected.
func (p plain) send(form, button string, pairs ...string) {
	p.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		field := form + " [name=" + pairs[i] + "]"
		switch browsertest.Eval[string](p.Page, `document.querySelector(`+quoted(field)+`)?.type ?? "none"`) {
		case "select-one", "date":
			p.Set(field, pairs[i+1])
		case "checkbox":
			p.Click(field + `[value="` + pairs[i+1] + `"]`)
		default:
			p.Fill(field, pairs[i+1])
		}
	}
	p.Follow(form + " " + button)
	p.sound()
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }

// sound checks that the page works without scripts: every form can be sent, its
// button is visible once the menus are open, and nothing is shown that needs a
// script.
func (p plain) sound() {
	p.t.Helper()
	lost := browsertest.Eval[[]string](p.Page, `(() => {
		const shut = [...document.querySelectorAll("details:not([open])")];
		for (const d of shut) d.open = true;
		const seen = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}) && e.getClientRects().length > 0;
		const lost = [];
		for (const f of document.forms) {
			if (f.querySelector("fieldset:disabled")) continue; // to be looked at only
			const buttons = [...f.elements].filter(e => e.localName === "button");
			if (!buttons.length || !buttons.every(seen)) lost.push("a form that cannot be sent: " + f.outerHTML.slice(0, 300));
		}
		for (const e of document.querySelectorAll("main a, main summary, main input:not([type=hidden]), main select, main textarea, header a"))
			if (!seen(e) && !e.matches(".script, [hidden]")) lost.push("not to be seen: " + e.outerHTML.slice(0, 300));
		for (const d of shut) d.open = false;
		for (const e of document.querySelectorAll(".script")) if (seen(e)) lost.push("only for script: " + e.outerHTML.slice(0, 200));
		return lost;
	})()`)
	for _, l := range lost {
		p.t.Errorf("%s: %s", p.Path(), l)
	}
	if p.Count("#problem") > 0 {
		p.t.Errorf("%s is a problem: %s", p.Path(), p.Text("#problem"))
	}
}

// visit opens a page and checks that everything on it works without scripts.
func (p plain) visit(path string) {
	p.t.Helper()
	p.Go(path)
	p.sound()
}

// says checks that the page contains a text.
func (p plain) says(sel, text string) {
	p.t.Helper()
	p.WaitText(sel, text)
}

// TestWithoutScript runs the whole workflow, from sign-up to sign-out, in a
// browser that runs no scripts.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	h := browsertest.NewHouse(t)
	p := plain{browsertest.Open(t, h.URL+"/", browsertest.NoScript()), t}

	// There is no account yet, so the first user is redirected to sign-up.
	if !strings.HasPrefix(p.Path(), "/sign-up") {
		t.Errorf("the first person is led to %s", p.Path())
	}
	p.send("main form.stack", "button", "name", "Mina Park", "email", "mina.park@example.org", "password", "short")
	p.says("[role=alert]", "")
	p.send("main form.stack", "button", "name", "Mina Park", "email", "mina.park@example.org", "password", browsertest.Password)
	p.says("h1", "Hello, Mina Park")
	jun := h.Register("Jun Lee")

	// A project, and cards.
	p.send("main form", "button", "name", "Opening the shop")
	p.says("h1", "Opening the shop")
	p.says("#done", "Project created")
	project := p.Path()
	p.send("#a-waiting", "button", "text", "Buy bubble wrap #shop !high tomorrow")
	p.says("#done", "Task created")
	p.says("#c-waiting .card", "Buy bubble wrap")
	p.says("#c-waiting .card", "High")
	p.says("#c-waiting .card .label", "shop")
	p.says("#c-waiting .card .due", "Tomorrow")
	// Several tasks are previewed before they are created.
	p.Click("#a-in_progress textarea")
	p.Keys("- Paint the door\n- Call @nobody\n- Hang the sign !low")
	p.Follow("#a-in_progress button")
	p.sound()
	p.says("h1", "Add 3 tasks")
	p.says("#preview li:nth-child(2)", "No member matches @nobody")
	p.says("#preview li:nth-child(3)", "Low")
	p.Fill("[data-quick] textarea", "Paint the door\nHang the sign !low")
	p.Follow("[data-quick] [name=preview]")
	p.says("h1", "Add 2 tasks")
	p.Follow("[data-quick] [name=confirmed]")
	p.sound()
	p.WaitCount("#c-in_progress .card", 2)

	// Members, by settings.
	p.Follow(`.tabs a:has-text("Settings")`)
	p.sound()
	p.send("#invite", "button", "email", "nobody@example.org", "role", "viewer")
	p.says("[role=alert]", "no account has this address")
	p.send("#invite", "button", "email", jun.Email, "role", "viewer")
	p.says("#members", "Jun Lee")
	p.send("#mr-"+jun.Account.String(), "button", "role", "member")
	p.says("#done", "Role changed")

	// A task: each of its fields.
	p.visit(project)
	p.Follow(`#c-waiting a.title`)
	p.sound()
	task := p.Path()
	p.send("#field-title", "button", "title", "Buy a lot of bubble wrap")
	p.says("h1", "Buy a lot of bubble wrap")
	p.says("#done", "Task updated")
	p.send("#field-priority", "button", "priority", "urgent")
	p.send("#field-due", "button", "due", "2031-05-03")
	p.says("#history", "3 May 2031")
	p.send("#field-labels", "button", "labels", "shop, 포장")
	p.says("#history", "포장")
	p.Click("#describe summary")
	p.send("#field-description", "button", "description", "**Thick** one.")
	p.says("#description strong", "Thick")
	p.send("#field-status", "button", "status", "in_progress")
	p.says("#done", "Task moved")
	p.Click("#field-assignees summary")
	p.Click("#field-assignees li:nth-child(2) input")
	p.Follow("#field-assignees button")
	p.sound()
	p.says("#s-assignees", "Jun Lee")
	if got := p.Value("#field-labels input"); got != "shop, 포장" {
		t.Errorf("the labels are %q", got)
	}

	// Undo: from the message after a change, and from the history.
	p.Follow("#done button")
	p.says("#s-assignees", "Unassigned")
	p.says("#done", "Change undone")
	p.Follow(`#history .entry:has(pre) form button`)
	p.sound()
	p.WaitCount("#description", 0)

	// Comments.
	p.send("#say", "button", "text", "What do you think, @jun?")
	p.says("#comments .mention", "@Jun Lee")
	p.Click(`#comments details summary`)
	p.send("#comments details form", "button", "text", "What do *you* think, @jun?")
	p.says("#comments em", "you")
	p.says("#comments", "(edited)")
	p.says("#comments .mention", "@Jun Lee")
	p.Follow(`#comments [name=delete]`)
	p.sound()
	p.WaitCount("#comments .comment", 0)
	p.says("#done", "Comment deleted")
	p.Follow("#done button")
	p.WaitCount("#comments .comment", 1)
	p.send("#say", "button", "text", " ")
	p.says("[role=alert]", "Comment: must not be empty")
	// A refused form can be corrected in place.
	p.send("#say", "button", "text", "Better.")
	p.WaitCount("#comments .comment", 2)
	if p.Path() != task {
		t.Errorf("after a comment that was refused and corrected: %s", p.Path())
	}

	// Two users change the same field: both values are shown.
	h.API(jun, "PATCH", "/api/v1"+task, m{"title": "Jun's title"}).Want(200)
	p.send("#field-title", "button", "title", "Mina's title")
	p.says("#conflict-title", "Jun's title")
	p.says("#conflict-title", "Mina's title")
	p.Follow("#conflict-title button")
	p.sound()
	p.says("h1", "Mina's title")

	// Delete, trash, restore.
	p.Follow(`.crumbs form button`)
	p.sound()
	p.says(".banner", "")
	p.visit(project + "/trash")
	p.says("#trash", "Mina's title")
	p.Follow("#trash form button")
	p.sound()
	p.says("#nothing", "")
	p.visit(task)
	p.WaitCount("main .banner", 0)

	// Lists: sorted, grouped, edited in place.
	p.Follow(".crumbs a")
	p.Follow(`.tabs a:has-text("List")`)
	p.sound()
	p.Follow(`thead a:has-text("Title")`)
	p.sound()
	if titles := browsertest.Eval[[]string](p.Page, `[...document.querySelectorAll("#list [name=title]")].map(i => i.value)`); strings.Join(titles, "|") != "Hang the sign|Mina's title|Paint the door" {
		t.Errorf("by title: %q", titles)
	}
	p.send("#group", "button", "group", "priority")
	p.says("#list tbody th", "Urgent")
	p.send(`#list form[id^="r-"]`, "button", "title", "Hang it!")
	if !strings.Contains(p.Path(), "group=priority") || !strings.Contains(p.Path(), "sort=title") {
		t.Errorf("after a change in the list: %s", p.Path())
	}
	if got := p.Value(`#list [name=title]`); got != "Hang it!" {
		t.Errorf("the first of the list is %q", got)
	}

	// Search, with chips, and save the filter.
	p.visit("/find")
	p.send("#search form.find", "button", "q", "label:shop !urgent")
	p.WaitCount(".task-row", 1)
	p.says("#chips", "#shop")
	p.Click("#chips details summary")
	p.send("#chips details form", "button", "name", "Shop things")
	p.says("#chips .saved", "Shop things")
	p.Follow(`#chips .chip:not(.saved):not(.offer) a`)
	p.sound()
	p.Follow(".saved a")
	p.WaitCount(".task-row", 1)
	p.Follow(".saved button")
	p.WaitCount(".saved", 0)
	p.visit(project)
	p.send("#search form.find", "button", "q", "elephant")
	p.WaitCount(".card", 0)
	p.send("#search form.find", "button", "q", "door")
	p.WaitCount(".card", 1)
	p.Follow(`#chips a.offer`)
	p.sound()

	// Statuses, name, archive.
	p.visit(project + "/settings")
	p.Fill("#s-2 [name=status_name]", "Doing")
	p.Fill("#s-4 [name=status_name]", "기다림")
	p.Set("#s-4 [name=status_category]", "to_do")
	p.Fill("#s-4 [name=status_place]", "2")
	p.Follow("#statuses fieldset > button")
	p.sound()
	p.says("#done", "Statuses saved")
	p.visit(project)
	if got := strings.Join(p.Texts(".column h2"), "|"); got != "Waiting|기다림|Doing|Done" {
		t.Errorf("the columns are %s", got)
	}
	p.visit(project + "/settings")
	p.Set("#s-3 [name=status_heir]", "done")
	p.Follow("#statuses fieldset > button")
	p.visit(project)
	p.WaitCount("#c-done .card", 3)
	p.visit(project + "/settings")
	p.send("#rename", "button", "name", "The shop")
	p.says("h1", "The shop")
	p.Follow("#archive button")
	p.says(".tag", "Archived")
	p.visit(project)
	p.WaitCount(".add", 0)
	p.visit(task)
	p.visit(project + "/settings")
	p.Follow("#archive button")
	p.says("#done", "Project unarchived")

	// Activity, and my work.
	for _, path := range []string{"/", "/activity", "/list", "/trash"} {
		p.visit(strings.TrimSuffix(project+path, "/"))
	}
	p.visit(project + "/activity")
	p.says("#history", "added Jun Lee")
	p.visit("/my-work")

	// The language, and back; the user's own pages.
	p.visit("/me")
	p.Follow(`[name=language][value=ko]`)
	p.says("h1", "프로필")
	p.Follow(`[name=language][value=en]`)
	p.Follow(`[name=theme][value=dark]`)
	if got := browsertest.Eval[string](p.Page, "document.documentElement.dataset.theme"); got != "dark" {
		t.Errorf("the theme is %q", got)
	}
	p.send(`form:has([name=name])`, "button", "name", "Mina Kim")
	p.says("#done", "Name changed")
	p.Click("#erase summary")
	p.Fill("#erase input", "wrong password")
	p.Follow("#erase button")
	p.says("[role=alert]", "")
	p.Follow(`[name=language][value=ko]`)
	if p.Path() != "/me" {
		t.Errorf("the language was changed after a refused form, which led to %s", p.Path())
	}
	p.Follow(`[name=language][value=en]`)
	p.visit("/me/tokens")
	p.send("form:has([name=scope])", "button", "name", "My program", "scope", "write", "expires", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	p.says("code.secret", "")
	p.Follow("#tokens form button")
	p.says("#done", "Token revoked")
	h.SignIn(browsertest.Person{Email: "mina.park@example.org"})
	p.visit("/me/sessions")
	p.WaitCount("#sessions li", 2)
	p.Follow("#sessions form button")
	p.WaitCount("#sessions li", 1)
	p.visit("/status")
	p.says("#figures", "")

	// Sign out, and sign in again to the requested page.
	p.Click(".menu.me summary")
	p.Follow(".menu.me form button")
	p.visit(task)
	p.send("main form.stack", "button", "email", "mina.park@example.org", "password", "wrong password")
	p.says("[role=alert]", "Wrong email or password")
	p.send("main form.stack", "button", "email", "mina.park@example.org", "password", browsertest.Password)
	if p.Path() != task {
		t.Errorf("signing in led to %s", p.Path())
	}
}
