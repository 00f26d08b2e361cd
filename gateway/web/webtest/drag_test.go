package webtest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

func TestDragByMouse(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	page.DragTo(card(friends), card(mugs), .5, .1)
	o.stands(page, "waiting", friends, mugs, words)
	page.DragTo(card(friends), card(mugs), .5, .9)
	o.stands(page, "waiting", mugs, friends, words)
	page.DragTo(card(mugs), card(delivery), .5, .1)
	o.stands(page, "in_progress", mugs, delivery)
	page.DragTo(card(words), "#c-in_progress .cards", .5, .9)
	o.stands(page, "in_progress", mugs, delivery, words)
	o.stands(page, "waiting", friends)
	page.DragTo(card(friends), card(delivery), .5, .1)
	o.stands(page, "in_progress", mugs, friends, delivery, words)
	o.stands(page, "waiting")
	page.DragTo(card(delivery), "#c-waiting .cards", .5, .5)
	o.stands(page, "waiting", delivery)
	// A drag is not a click, and a click is not a drag.
	if page.Visible("#panel") {
		t.Error("the end of a drag has opened a task")
	}
	page.Click(link(mugs))
	page.WaitFor("#panel #task")
}

// TestDropWhereItWas checks that a drop without effect is not reported.
func TestDropWhereItWas(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	before := o.API(o.mina, "GET", "/api/v1/tasks/"+o.tasks[1], nil).Text("revision")
	page.DragTo(card(words), card(words), .5, .6)
	page.DragTo(card(friends), card(mugs), .5, .1)
	o.stands(page, "waiting", friends, mugs, words)
	if after := o.API(o.mina, "GET", "/api/v1/tasks/"+o.tasks[1], nil).Text("revision"); after != before {
		t.Errorf("revision %s after it was dropped where it was, %s before", after, before)
	}
}

// TestQuickDrags checks that each card stays where it was dropped, however fast
// the drags follow each other.
func TestQuickDrags(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	page.DragTo(card(mugs), "#c-done .cards", .5, .9)
	page.DragTo(card(words), "#c-done .cards", .5, .9)
	page.DragTo(card(friends), "#c-done .cards", .5, .9)
	page.DragTo(card(delivery), card(mugs), .5, .1)
	shows(page, "done", shopName, delivery, mugs, words, friends)
	o.stands(page, "done", shopName, delivery, mugs, words, friends)
	page.Press("Control+z", "Control+z")
	o.stands(page, "done", shopName, mugs, words)
}

func TestDragByTouch(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina, browsertest.Viewport(1000, 700), browsertest.Touch())
	page.TouchDragTo(card(friends), card(mugs), .5, .1)
	o.stands(page, "waiting", friends, mugs, words)
	page.TouchDragTo(card(words), card(delivery), .5, .1)
	o.stands(page, "in_progress", words, delivery)
	if page.Visible("#panel") {
		t.Error("the end of a drag has opened a task")
	}
	page.Click(link(mugs))
	page.WaitFor("#panel #task")
}

func TestDragByKeys(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	focus(page, mugs)
	page.Press("Space")
	said(page, mugs+" picked up, position 1 of 3 in Waiting")
	page.Press("ArrowDown")
	said(page, "Position 2 of 3 in Waiting")
	shows(page, "waiting", words, mugs, friends)
	page.WaitFocus(link(mugs))
	page.Press("ArrowRight")
	said(page, "Position 2 of 2 in In progress")
	shows(page, "in_progress", delivery, mugs)
	page.Press("ArrowUp")
	said(page, "Position 1 of 2 in In progress")
	page.WaitFocus(link(mugs))
	page.Press("Space")
	said(page, mugs+" dropped in In progress, position 1 of 2")
	o.stands(page, "in_progress", mugs, delivery)
	page.WaitFocus(link(mugs))

	page.Press("Space", "ArrowLeft", "ArrowDown")
	shows(page, "in_progress", delivery)
	page.Press("Escape")
	said(page, mugs+" put back")
	o.stands(page, "in_progress", mugs, delivery)
	o.stands(page, "waiting", words, friends)
	page.WaitFocus(link(mugs))
}

func TestSeveralByKeys(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	focus(page, mugs)
	page.Press("x")
	focus(page, friends)
	page.Press("x", "Space")
	said(page, friends+" (2 tasks) picked up, position 3 of 3 in Waiting")
	page.Press("ArrowUp")
	said(page, "Position 1 of 3 in Waiting")
	shows(page, "waiting", mugs, friends, words)
	page.Press("ArrowRight", "ArrowDown")
	shows(page, "in_progress", delivery, mugs, friends)
	page.Press("Escape")
	o.stands(page, "waiting", mugs, words, friends)
	page.WaitFocus(link(friends))
	page.Press("Space", "ArrowRight", "Space")
	o.stands(page, "in_progress", delivery, mugs, friends)
	o.stands(page, "waiting", words)
	page.WaitText(".toast", "Moved to In progress (2 tasks)")
	page.Press("Control+z")
	o.stands(page, "waiting", mugs, words, friends)
}

func TestSeveralAtOnce(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	focus(page, mugs)
	page.Press("x")
	said(page, "1 selected")
	page.Hover(card(friends))
	focus(page, friends)
	page.Press("x")
	said(page, "2 selected")
	page.WaitCount(".card[data-picked]", 2)
	page.DragTo(card(friends), card(delivery), .5, .1)
	o.stands(page, "in_progress", mugs, friends, delivery)
	page.WaitText(".toast", "Moved to In progress (2 tasks)")
	page.Press("Control+z")
	o.stands(page, "waiting", mugs, words, friends)
	o.stands(page, "in_progress", delivery)
	// They are still selected; a command applies to both.
	page.WaitCount(".card[data-picked]", 2)
	page.Press("p")
	page.Type("#choose input", "urgent\n")
	page.WaitText(card(mugs), "Urgent")
	page.WaitText(card(friends), "Urgent")
	page.WaitCount(".card.pending", 0)
	page.Press("Delete")
	o.stands(page, "waiting", words)
	page.Press("Control+z")
	o.stands(page, "waiting", mugs, words, friends)
	page.Press("Control+z")
	page.WaitText(card(mugs), "Medium")
	page.WaitText(card(friends), "Low")
	page.Press("Control+Shift+z")
	page.WaitText(card(mugs), "Urgent")
	// Deleted cards are no longer selected.
	page.WaitCount(".card[data-picked]", 0)
}

// TestShortSwipeScrolls checks that a finger that does not rest drags nothing.
func TestShortSwipeScrolls(t *testing.T) {
	o := crowd(t, 90)
	page := o.board(o.mina, browsertest.Phone())
	order := o.column("waiting")
	page.Swipe(card(order[2]), 0, -200)
	page.Wait("the column to have scrolled", `document.querySelector("#c-waiting .cards").scrollTop > 50`)
	if page.Count(".ghost") > 0 || page.Count(".pending") > 0 {
		t.Error("a swipe has taken a card along")
	}
	if got := o.column("waiting"); !slices.Equal(got, order) {
		t.Error("a swipe has moved a card")
	}
}

// TestEscapeEndsADrag cancels a drag in progress.
func TestEscapeEndsADrag(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	pointer := func(kind, from string, x, y int) {
		_ = browsertest.Eval[any](page, fmt.Sprintf(`void %s.dispatchEvent(new PointerEvent(%q, {bubbles: true, cancelable: true, pointerType: "mouse", clientX: %d, clientY: %d}))`, from, kind, x, y))
	}
	focus(page, mugs)
	page.Press("x")
	focus(page, friends)
	page.Press("x")
	pointer("pointerdown", `document.querySelector("#c-waiting .card")`, 100, 220)
	pointer("pointermove", "document.body", 450, 210)
	page.WaitFor("#c-in_progress .gap")
	page.WaitText(".ghost .tally", "2")
	page.Screenshot("board-dragging")
	page.Press("Escape")
	page.WaitCount(".ghost", 0)
	pointer("pointerup", "document.body", 450, 210)
	o.stands(page, "in_progress", delivery)
	o.stands(page, "waiting", mugs, words, friends)
	// Only the next Escape clears the selection.
	page.WaitCount(".card[data-picked]", 2)
	page.Press("Escape")
	page.WaitCount(".card[data-picked]", 0)
}

// TestDragBeyondTheEdge holds a card at the edge of a narrow screen until the
// next column scrolls into view.
func TestDragBeyondTheEdge(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina, browsertest.Phone())
	finger := func(kind, from string, x, y string) {
		_ = browsertest.Eval[any](page, fmt.Sprintf(`void %s.dispatchEvent(new PointerEvent(%q, {bubbles: true, cancelable: true, pointerType: "touch", clientX: %s, clientY: %s}))`, from, kind, x, y))
	}
	finger("pointerdown", `document.querySelector("#c-waiting .card")`, "100", "280")
	page.WaitFor(".ghost")
	finger("pointermove", "document.body", "innerWidth - 5", "400")
	page.Wait("the next column to have come", `document.querySelector("#c-in_progress").getBoundingClientRect().left < 40`)
	finger("pointermove", "document.body", "innerWidth / 2", "400")
	page.WaitFor("#c-in_progress .gap")
	page.Screenshot("board-dragging-phone")
	finger("pointerup", "document.body", "innerWidth / 2", "400")
	o.stands(page, "in_progress", delivery, mugs)
	page.WaitGone(".ghost")
}
