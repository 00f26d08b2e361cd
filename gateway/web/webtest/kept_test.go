package webtest

import (
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// demote makes Jun a viewer, while he is writing.
func (o *office) demote() {
	o.t.Helper()
	o.at(o.API(o.mina, "PATCH", o.api("/members/"+o.jun.Account.String()), m{"role": "viewer"}).Want(200))
}

const why = "Your role does not allow this."

// kept waits until a text that can no longer be saved is shown for copying.
func kept(page *browsertest.Page, in, id, text string) {
	note := in + " #kept-" + id
	page.WaitText(note, why)
	page.WaitText(note, "You can copy it here")
	page.Wait("the text to be there, read only", `(() => { const box = document.querySelector("`+note+` :is(textarea, input)"); return box.readOnly && box.value === "`+text+`" })()`)
}

// TestTextInProgressSurvivesRoleChange writes in a task's panel, in a list and
// under a column while the user becomes a viewer of the project: the forms
// disappear, the texts stay, with the reason, and later events keep them.
func TestTextInProgressSurvivesRoleChange(t *testing.T) {
	o := newOffice(t)
	panel := o.beside(o.jun, 1)
	panel.Click("#panel #describe summary")
	panel.Type("#panel [name=description]", "A new description")
	panel.Press("Control+a")
	panel.Keys("All new")
	panel.Type("#panel #say textarea", "I think that")
	list := o.list(o.jun, "")
	list.Click(o.card(2) + " [name=title]")
	list.Press("Control+a")
	list.Keys("Ask five")
	board := o.board(o.jun)
	board.Type("#c-waiting .add textarea", "One more thing")

	o.demote()
	kept(panel, "#panel", "say", "I think that")
	panel.WaitFocus("#panel #kept-say textarea")
	panel.Wait("the reason to be in sight", `document.querySelector("#kept-say p").getBoundingClientRect().top >= 0`)
	panel.WaitText("#said", why)
	panel.Keys("no more")
	panel.Screenshot("kept-panel")
	panel.Accessible()
	kept(list, "main", "r-"+o.tasks[2], "Ask five")
	list.WaitFocus("main .kept input")
	list.Screenshot("kept-list")
	kept(board, "main", "a-waiting", "One more thing")
	board.Screenshot("kept-board")
	board.Accessible()

	o.at(o.API(o.mina, "POST", "/api/v1/tasks/"+o.tasks[1]+"/comments", m{"text": "News"}).Want(201))
	panel.WaitText("#panel #comments", "News")
	kept(panel, "#panel", "say", "I think that")
	if n := panel.Count("#panel form"); n > 0 {
		t.Errorf("a viewer has %d forms", n)
	}
	panel.Click("#panel #kept-say button")
	panel.WaitGone("#panel #kept-say")
}

// TestUnsavedInputIsShownAgain sends forms without scripts after the role
// has changed: the page that refuses the change shows the text.
func TestUnsavedInputIsShownAgain(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.jun, "/tasks/"+o.tasks[1], browsertest.NoScript())
	page.Type("#say textarea", "I think that")
	other := o.open(o.jun, "/tasks/"+o.tasks[1], browsertest.NoScript())
	other.Fill("[name=title]", "Another title")
	o.demote()
	page.Follow("#say button")
	page.WaitText(".wrong", why)
	page.WaitValue("#kept-say textarea", "I think that")
	page.Screenshot("kept-noscript")
	page.Accessible()
	other.Follow("#field-title button")
	other.WaitText(".wrong", why)
	other.WaitValue("#kept-field-title textarea", "Another title")
}
