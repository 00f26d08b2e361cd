package webtest

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/web/browsertest"
)

// TestOthersAppear has two users on one board, each of whom sees the other's
// changes.
func TestOthersAppear(t *testing.T) {
	o := newOffice(t)
	mina, jun := o.board(o.mina), o.board(o.jun)
	both := func(status string, titles ...string) {
		t.Helper()
		o.stands(mina, status, titles...)
		o.stands(jun, status, titles...)
	}
	mina.Type("#a-waiting textarea", "Order tape\n")
	both("waiting", mugs, words, friends, "Order tape")
	jun.DragTo(card("Order tape"), card(delivery), .5, .1)
	both("in_progress", "Order tape", delivery)
	mina.Press("Escape")
	mina.Hover(card("Order tape"))
	mina.Press("e")
	mina.WaitFocus(".rename")
	mina.Press("End")
	mina.Keys(" and string\n")
	jun.WaitText(card("Order tape"), "Order tape and string")
	jun.Hover(card("Order tape"))
	jun.Press("m")
	mina.WaitText(card("Order tape"), "Jun Lee")
	jun.Press("o")
	jun.Type("#panel #say textarea", "Which colour?")
	jun.Click("#panel #say button")
	mina.WaitText(card("Order tape"), "1 comment")
	jun.Press("Escape", "Escape")
	jun.WaitGone("#panel")
	jun.WaitText(card("Order tape"), "1 comment")
	mina.Hover(card("Order tape"))
	mina.Press("Delete")
	both("in_progress", delivery)
	mina.Press("Control+z")
	both("in_progress", "Order tape and string", delivery)
}

// TestOthersDoNotDisturb checks that other users' changes affect neither the
// focus nor the scroll position nor text being written.
func TestOthersDoNotDisturb(t *testing.T) {
	o := newOffice(t)
	for i := range 25 {
		o.at(o.API(o.mina, "POST", o.api("/tasks"), m{"title": fmt.Sprintf("Filler %02d", i)}).Want(201))
	}
	page := o.board(o.mina)
	last := func(title string) m { return m{"title": title, "status": "waiting"} }

	// After scrolling down, the cards in view stay where they are.
	page.Scroll("#c-waiting .cards", 0, 700)
	page.Wait("the column to be scrolled", `document.querySelector("#c-waiting .cards").scrollTop === 700`)
	top := func() float64 {
		return browsertest.Eval[float64](page, `[...document.querySelectorAll("#c-waiting .card")].find(c => c.textContent.includes("Filler 12")).getBoundingClientRect().top`)
	}
	before := top()
	o.at(o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"title": "Photograph them all"}).Want(200))
	o.at(o.API(o.jun, "POST", o.api("/tasks"), last("From Jun")).Want(201))
	page.WaitText("#c-waiting .count", "29")
	if after := top(); after != before {
		t.Errorf("a card in view went from %v to %v", before, after)
	}

	// An open editor keeps its place, its text and its caret, even if the card
	// moves.
	_ = browsertest.Eval[any](page, `void (document.querySelector("#c-waiting .cards").scrollTop = 0)`)
	focus(page, words)
	page.Press("e")
	page.WaitFocus(".rename")
	page.Press("Control+a")
	page.Keys("Write the anno")
	o.at(o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[1], m{"priority": "low"}).Want(200))
	page.WaitText(`.card:has(.rename)`, "Low")
	o.at(o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[1], m{"status": "in_progress"}).Want(200))
	page.WaitFor(`#c-in_progress .rename`)
	page.WaitFocus(".rename")
	page.Keys("uncement\n")
	o.stands(page, "in_progress", delivery, "Write the announcement")
	page.WaitFocus(link("Write the announcement"))

	// So does a card that is being added.
	page.Type("#a-done textarea", "Half a tho")
	o.at(o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[3], m{"title": "Islands"}).Want(200))
	page.WaitFor(card("Islands"))
	o.at(o.API(o.mina, "PATCH", o.api(""), m{"name": "The shop"}).Want(200))
	page.WaitText("h1", "The shop")
	page.WaitFocus("#a-done textarea")
	page.Keys("ught\n")
	o.stands(page, "done", shopName, "Half a thought")

	// And a card that is picked up with the keyboard.
	focus(page, "Islands")
	page.Press("Space", "ArrowDown")
	o.at(o.API(o.jun, "POST", o.api("/tasks"), m{"title": "Between", "status": "in_progress"}).Want(201))
	page.WaitFor(card("Between"))
	page.WaitFocus(link("Islands"))
	page.Press("Space")
	o.stands(page, "in_progress", "Write the announcement", "Islands", "Between")
}

// TestSameTitleAtOnce checks that no title is lost when two users write it.
func TestSameTitleAtOnce(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	focus(page, words)
	page.Press("e")
	page.WaitFocus(".rename")
	page.Press("Control+a")
	page.Keys("Mine")
	o.at(o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[1], m{"title": "Theirs", "priority": "low"}).Want(200))
	page.WaitText(`.card:has(.rename)`, "Low")
	page.Press("Enter")
	page.WaitText(".toast", "Theirs")
	page.WaitFor(card("Theirs"))
	if got := o.API(o.mina, "GET", "/api/v1/tasks/"+o.tasks[1], nil).Text("title"); got != "Theirs" {
		t.Fatalf("the title is %q", got)
	}
	page.Click(`.toast button:has-text("Use mine")`)
	o.stands(page, "waiting", mugs, "Mine", friends)
}

// TestColumnsChange changes the columns of a board that another user has open.
func TestColumnsChange(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.jun)
	page.Type("#a-done textarea", "Being wri")
	change := func(change m, statuses ...m) {
		t.Helper()
		change["statuses"] = statuses
		o.at(o.API(o.mina, "PATCH", o.api(""), change).Want(200))
	}
	waiting, doing, done := m{"key": "waiting", "name": "Waiting", "category": "to_do"}, m{"key": "in_progress", "name": "Doing", "category": "doing"}, m{"key": "done", "name": "Done", "category": "done"}
	review := m{"key": "review", "name": "Review", "category": "doing", "limit": 2}
	change(m{}, waiting, doing, review, done)
	page.WaitText("#h-in_progress", "Doing")
	page.WaitText("#h-review", "Review")
	page.WaitText("#c-review .count", "0 / 2")
	page.Wait("the columns to be in order", `[...document.querySelectorAll(".column h2")].map(h => h.textContent).join() === "Waiting,Doing,Review,Done"`)
	page.WaitFocus("#a-done textarea")
	page.Keys("tten\n")
	o.stands(page, "done", shopName, "Being written")
	page.DragTo(card(mugs), "#c-review .cards", .5, .2)
	o.stands(page, "review", mugs)
	page.Type("#a-review textarea", "Look at it\n")
	o.stands(page, "review", mugs, "Look at it")
	change(m{}, review, waiting, doing, done)
	page.Wait("the columns to be in order", `[...document.querySelectorAll(".column h2")].map(h => h.textContent).join() === "Review,Waiting,Doing,Done"`)
	change(m{"retire": m{"review": "waiting"}}, waiting, doing, done)
	page.WaitGone("#c-review")
	shows(page, "in_progress", delivery)
	page.Wait("all four to wait", `document.querySelectorAll("#c-waiting .card").length === 4`)
	page.WaitText("#c-waiting .count", "4")
	page.DragTo(card("Look at it"), card(delivery), .5, .1)
	o.stands(page, "in_progress", "Look at it", delivery)
}

// aside makes a change as Jun while clients cannot reach the server.
func (o *office) aside(all ...commands.Command) {
	o.t.Helper()
	for _, c := range all {
		if _, err := o.Commands.Handle(o.t.Context(), c, commands.Request{Actor: o.jun.Account, Command: uuid.New()}); err != nil {
			o.t.Fatalf("%T: %v", c, err)
		}
	}
}

// task returns the id of one of the office's tasks.
func (o *office) task(n int) uuid.UUID { return uuid.MustParse(o.tasks[n]) }

// titled is a task to be created.
func (o *office) titled(title, status string) commands.Command {
	return commands.CreateTask{Task: uuid.New(), Project: uuid.MustParse(o.project), Title: title, Status: status, Priority: events.PriorityNone}
}

func TestRemovedMembersLoseTheBoard(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.jun)
	o.at(o.API(o.mina, "DELETE", o.api("/members/"+o.jun.Account.String()), nil).Want(204))
	page.WaitGone("#board")
	page.WaitGone(card(mugs))
}

// TestNewMembersAreKnown assigns a member who joined after the board was
// opened.
func TestNewMembersAreKnown(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.jun)
	sora := o.Register("Sora Kim")
	o.at(o.API(o.mina, "POST", o.api("/members"), m{"email": sora.Email, "role": "member"}).Want(201))
	o.at(o.API(o.mina, "PUT", "/api/v1/tasks/"+o.tasks[0]+"/assignees/"+sora.Account.String(), nil).Want(200))
	page.WaitText(card(mugs), "Sora Kim")
	o.at(o.API(o.mina, "DELETE", o.api("/members/"+sora.Account.String()), nil).Want(204))
	page.Wait("Sora to be gone", `!document.querySelector("#c-waiting .people").textContent.includes("Sora")`)
}

// TestLostConnection disconnects the server while other users make many
// changes.
func TestLostConnection(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina, browsertest.Allow("net::ERR_"))
	o.StopServer()
	page.WaitFor("#offline")
	page.Screenshot("board-offline")
	title := "Photographed"
	o.aside(commands.EditTask{Task: o.task(0), Title: &title}, commands.MoveTask{Task: o.task(1), Status: "done"}, commands.DeleteTask{Task: o.task(2)})
	for i := range 5 {
		o.aside(o.titled(fmt.Sprintf("Meanwhile %d", i), "waiting"))
	}
	o.StartServer()
	page.WaitGone("#offline")
	o.stands(page, "waiting", "Photographed", "Meanwhile 0", "Meanwhile 1", "Meanwhile 2", "Meanwhile 3", "Meanwhile 4")
	o.stands(page, "done", shopName, words)

	// Enough changes for the client to request them together.
	o.StopServer()
	page.WaitFor("#offline")
	title = "Photographed again"
	o.aside(commands.EditTask{Task: o.task(0), Title: &title})
	for i := range 60 {
		o.aside(o.titled(fmt.Sprintf("Flood %d", i), "in_progress"))
	}
	o.StartServer()
	page.WaitGone("#offline")
	page.WaitText("#c-in_progress .count", "61")
	page.WaitFor(card("Photographed again"))
	if got := o.column("in_progress"); len(got) != 61 {
		t.Errorf("the rows have %d", len(got))
	}
}

// TestLostWhileAsking loses the connection between the notification of a change
// and the request for its content.
func TestLostWhileAsking(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina, browsertest.Allow("net::ERR_"))
	_ = browsertest.Eval[any](page, `void (window.real = fetch, window.fetch = (a, o) => {
		if (window.cut !== false && String(a).includes("/tasks/")) { window.asked = true; return Promise.reject(new TypeError("cut")) }
		return real(a, o)
	})`)
	o.at(o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"title": "Photographed"}).Want(200))
	page.Wait("it to be asked for", "window.asked")
	o.StopServer()
	page.WaitFor("#offline")
	_ = browsertest.Eval[any](page, "void (window.cut = false)")
	o.StartServer()
	page.WaitFor(card("Photographed"))
}

// TestHiddenTab drops the connection of a hidden tab.
func TestHiddenTab(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	_ = browsertest.Eval[any](page, `void (() => {
		const wait = setTimeout
		window.setTimeout = (f, ms) => wait(ms === 30000 ? () => { f(); window.let = true } : f, ms === 30000 ? 0 : ms)
		window.look = hidden => { Object.defineProperty(document, "hidden", {value: hidden, configurable: true}); document.dispatchEvent(new Event("visibilitychange", {bubbles: true})) }
		look(true)
	})()`)
	page.Wait("the tab to rest", "window.let")
	o.at(o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"title": "Photographed"}).Want(200))
	o.at(o.API(o.jun, "POST", o.api("/tasks"), m{"title": "While away"}).Want(201))
	shows(page, "waiting", mugs, words, friends)
	_ = browsertest.Eval[any](page, "void look(false)")
	o.stands(page, "waiting", "Photographed", words, friends, "While away")
	o.at(o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"title": mugs}).Want(200))
	page.WaitFor(card(mugs))
}

// TestFilteredBoardIsLive checks that other users' changes appear and disappear
// according to the filter.
func TestFilteredBoardIsLive(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/projects/"+o.project+"?q=%40mina")
	page.WaitFor("#board[data-ready]")
	shows(page, "waiting", words)
	shows(page, "in_progress", delivery)
	o.at(o.API(o.jun, "PUT", "/api/v1/tasks/"+o.tasks[0]+"/assignees/"+o.mina.Account.String(), nil).Want(200))
	shows(page, "waiting", mugs, words)
	o.at(o.API(o.jun, "DELETE", "/api/v1/tasks/"+o.tasks[1]+"/assignees/"+o.mina.Account.String(), nil).Want(200))
	shows(page, "waiting", mugs)
	page.Hover(card(mugs))
	page.Press("m")
	shows(page, "waiting")
	page.Press("Control+z")
	shows(page, "waiting", mugs)
}
