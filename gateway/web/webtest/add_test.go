package webtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

func TestAddInPlace(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	const box = "#a-in_progress textarea"
	page.Type(box, "Call @jun #shop !high tomorrow")
	page.Press("Escape")
	page.Type(box, "\n")
	o.stands(page, "in_progress", delivery, "Call")
	for _, want := range []string{"#7", "High", "Tomorrow", "shop", "Jun Lee"} {
		page.WaitText(card("Call"), want)
	}
	page.WaitFocus(box)
	page.Keys("One\nTwo\nThree\n")
	o.stands(page, "in_progress", delivery, "Call", "One", "Two", "Three")
	page.WaitFocus(box)
	page.Press("Escape", "Control+z", "Control+z")
	o.stands(page, "in_progress", delivery, "Call", "One")
	page.Press("Control+Shift+z")
	o.stands(page, "in_progress", delivery, "Call", "One", "Two")
}

// TestAddShowsEachOnce watches the board while cards are added and their events
// arrive.
func TestAddShowsEachOnce(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	_ = browsertest.Eval[any](page, `void (window.most = 0, new MutationObserver(() =>
		window.most = Math.max(window.most, [...document.querySelectorAll("#board .card")].filter(c => c.textContent.includes("Only once")).length)
	).observe(document.querySelector("#board"), {childList: true, subtree: true}))`)
	page.Type("#a-waiting textarea", "Only once\n")
	o.stands(page, "waiting", mugs, words, friends, "Only once")
	if most := browsertest.Eval[int](page, "window.most"); most != 1 {
		t.Errorf("the card was there %d times", most)
	}
}

func TestRefusedAddGivesTheTextBack(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina, browsertest.Allow("net::ERR_"))
	const box = "#a-waiting textarea"
	long := strings.Repeat("long ", 60)
	page.Type(box, "x")
	_ = browsertest.Eval[any](page, fmt.Sprintf(`void (document.querySelector(%q).value = %q)`, box, long))
	page.Press("Enter")
	page.WaitText(".toast", "Error: ")
	page.WaitValue(box, strings.TrimSpace(long))
	o.stands(page, "waiting", mugs, words, friends)

	page.Fill(box, "Later")
	o.StopServer()
	page.Press("Enter")
	shows(page, "waiting", mugs, words, friends, "Later")
	page.WaitValue(box, "")
	page.WaitText(".toast", "Not connected")
	page.WaitValue(box, "Later")
	shows(page, "waiting", mugs, words, friends)
	o.StartServer()
	page.WaitGone("#offline")
	page.Press("Enter")
	o.stands(page, "waiting", mugs, words, friends, "Later")
}

func TestManyLinesAreManyTasks(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	const box = "#a-done textarea"
	page.Click(box)
	_ = browsertest.Eval[any](page, fmt.Sprintf(`void document.querySelector(%q).setRangeText("- Wrap #shop\n- Weigh !low\n\n* Post @jun tomorrow")`, box))
	page.Press("Enter")
	page.WaitFor("#quick")
	if got := page.Texts("#preview li"); len(got) != 3 || !strings.Contains(got[0], "Wrap") || !strings.Contains(got[2], "@Jun Lee") {
		t.Errorf("previewed %q", got)
	}
	if got := o.column("done"); len(got) != 1 {
		t.Errorf("made %q before it was confirmed", got)
	}
	page.Screenshot("quick-preview")
	page.Click("#quick [name=confirmed]")
	page.WaitGone("#quick")
	o.stands(page, "done", shopName, "Wrap", "Weigh", "Post")
	page.WaitValue(box, "")
	page.WaitText(".toast", "Created (3 tasks)")
	page.Click(`.toast button:has-text("Undo")`)
	o.stands(page, "done", shopName)
}
