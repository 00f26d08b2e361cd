package webtest

import (
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

func TestUndo(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	page.Press("Control+z")
	page.WaitText(".toast", "Nothing to undo")

	focus(page, words)
	page.Press("Delete")
	o.stands(page, "waiting", mugs, friends)
	page.WaitFocus(link(friends))
	page.Click(`.toast button:has-text("Undo")`)
	o.stands(page, "waiting", mugs, words, friends)

	// The button of an older message undoes the change of that message.
	for _, title := range []string{mugs, friends} {
		focus(page, title)
		page.Press("p")
		page.Type("#choose input", "urgent\n")
		page.WaitText(".toast", "Updated: "+title)
	}
	page.Click(`.toast:nth-last-child(2) button:has-text("Undo")`)
	page.WaitText(card(mugs), "Medium")
	page.WaitText(card(friends), "Urgent")
	page.Press("Control+z")
	page.WaitText(card(friends), "Low")

	page.DragTo(card(mugs), card(delivery), .5, .1)
	o.stands(page, "in_progress", mugs, delivery)
	focus(page, mugs)
	page.Press("m")
	page.WaitText(card(mugs), "Mina Park")
	page.Press("e")
	page.WaitFocus(".rename")
	page.Press("End")
	page.Keys(" and plates\n")
	page.WaitText(card(mugs), "and plates")
	page.WaitCount(".card.pending", 0)
	for _, back := range []func(){
		func() { shows(page, "in_progress", mugs, delivery) },
		func() {
			page.Wait("Mina to be gone", `!document.querySelector("#c-in_progress .card .people").textContent.includes("Mina")`)
		},
		func() { o.stands(page, "waiting", mugs, words, friends) },
	} {
		page.Press("Control+z")
		back()
	}
	page.Press("Control+Shift+z", "Control+Shift+z", "Control+Shift+z")
	o.stands(page, "in_progress", mugs+" and plates", delivery)
	page.WaitText(card("and plates"), "Mina Park")
	page.Reload()
	page.WaitFor("#board[data-ready]")
	page.Press("Control+z")
	o.stands(page, "in_progress", mugs, delivery)

	// Immediately, before the result is known.
	page.Hover(card(friends))
	page.Press("Delete", "Control+z")
	page.WaitText(".toast", "Change undone")
	o.stands(page, "waiting", words, friends)
}

// TestUndoIsNotLost undoes while the server is unreachable, and again when it
// is back.
func TestUndoIsNotLost(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina, browsertest.Allow("net::ERR_"))
	page.DragTo(card(mugs), card(delivery), .5, .1)
	o.stands(page, "in_progress", mugs, delivery)
	focus(page, shopName)
	page.Press("Delete")
	o.stands(page, "done")
	page.WaitText(".toast", "Deleted")
	o.StopServer()
	page.Press("Control+z")
	page.WaitText(".toast", "Not connected")
	o.StartServer()
	page.WaitGone("#offline")
	page.Press("Control+z")
	o.stands(page, "done", shopName)
	shows(page, "in_progress", mugs, delivery)
}
