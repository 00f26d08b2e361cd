package webtest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

func TestPaletteHasEveryCommandWithItsKey(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	page.Press("Control+k")
	page.WaitFocus("#choose input")
	for command, key := range map[string]string{"New task": "c", "Change status": "s", "Assign": "a", "Set priority": "p", "Set due date": "d", "Set labels": "l", "Edit title": "e", "Undo": "Ctrl+Z", "Delete": "Delete", "Keyboard shortcuts": "?"} {
		page.WaitText(fmt.Sprintf(`#choices li:has-text("%s")`, command), key)
	}
	page.WaitText("#choices", "Go to My work")
	page.WaitText("#choices", "Go to Settings")
	page.WaitText("#choices", "Sign out")
	page.Screenshot("palette")
	page.Accessible()
	page.Keys("prio")
	page.WaitCount("#choices li", 1)
	page.Keys("zzz")
	page.WaitText("#choices", "No matches")
	page.Press("Escape")
	page.WaitGone("#choose")

	page.Click("#open-palette")
	page.WaitFocus("#choose input")
	page.Keys("go to list")
	page.Loads(func() { page.Press("Enter") })
	page.WaitURL("/list")
}

func TestPaletteActsOnTheCardThatHadTheFocus(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	page.Press("j")
	page.WaitFocus(o.card(0))
	page.Press("Control+k")
	page.WaitFocus("#choose input")
	page.Keys("edit title")
	page.Press("Enter")
	page.WaitFocus(".rename")
	page.Press("Control+a")
	page.Keys("From the palette")
	page.Press("Enter")
	o.becomes(0, "title", "From the palette")
	page.WaitFocus(o.card(0))

	page.Press("Control+k")
	page.WaitFocus("#choose input")
	page.Keys("set prio")
	page.Press("Enter")
	page.WaitText("#choose .name", "Set priority")
	page.Keys("urg")
	page.Press("Enter")
	o.becomes(0, "priority", "urgent")

	page.Hover(o.card(3))
	browsertest.Eval[any](page, "document.activeElement.blur()")
	page.Press("Control+k")
	page.WaitFocus("#choose input")
	page.Keys("assign to me")
	page.Press("Enter")
	o.becomes(3, "assignees", fmt.Sprint([]string{o.jun.Account.String()}))
}

func TestPickersWorkByKeysAlone(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	page.Press("j", "j", "j")
	page.WaitFocus(o.card(2))
	page.Press("s")
	page.WaitFocus("#choose input")
	page.Press("ArrowDown", "Enter")
	o.becomes(2, "status", "in_progress")
	page.WaitFocus(o.card(2))
	page.Press("a")
	page.WaitFocus("#choose input")
	page.Keys("jun")
	page.Press("Enter")
	page.WaitText("#choices", "✓ Jun Lee")
	page.Press("Escape")
	o.becomes(2, "assignees", fmt.Sprint([]string{o.jun.Account.String()}))
	page.WaitFocus(o.card(2))
	page.Press("p")
	page.WaitFocus("#choose input")
	page.Keys("high")
	page.Press("Enter")
	o.becomes(2, "priority", "high")
	page.WaitFocus(o.card(2))
	page.Press("d")
	page.WaitFocus("#choose input")
	page.Keys("tomorrow")
	page.Press("Enter")
	o.becomes(2, "due", time.Now().AddDate(0, 0, 1).Format(time.DateOnly))
	page.WaitFocus(o.card(2))
	page.Press("d")
	page.WaitFocus("#choose input")
	page.Keys("2031-07-08")
	page.Press("Enter")
	o.becomes(2, "due", "2031-07-08")
	page.WaitFocus(o.card(2))
	page.Press("l")
	page.WaitFocus("#choose input")
	page.Keys("bug")
	page.Press("Enter")
	page.WaitText("#choices", "✓ bug")
	page.Keys("brand new")
	page.Press("Enter")
	page.WaitText("#choices", "✓ brand new")
	page.Press("Escape")
	o.becomes(2, "labels", "[brand new bug]")
	page.WaitFocus(o.card(2))
	page.Press("o")
	page.WaitFor("#panel #task")
	page.Press("Escape")
	page.WaitGone("#panel")
	page.WaitFocus(o.card(2))
	page.Press("Delete")
	page.WaitGone(o.card(2))
	page.Press("Control+z") // before the result of the deletion is known
	page.WaitFor(o.card(2))
}

func TestSheetOfKeys(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	page.Press("?")
	page.WaitText("#help", "Pick up or drop card")
	page.Screenshot("keys")
	page.Accessible()
	page.Press("Escape")
	page.WaitGone("#help")
}

func TestKeysDoNothingWhileWriting(t *testing.T) {
	o := newOffice(t)
	page := o.beside(o.mina, 1)
	for _, box := range []string{"#q", "#panel #say textarea", "#panel [name=title]"} {
		before := page.Value(box)
		page.Click(box)
		page.Press("End")
		page.Keys("c?xsapdlejkho#/")
		page.WaitValue(box, before+"c?xsapdlejkho#/")
		if page.Visible("dialog") {
			t.Errorf("typing into %s brought up a dialog", box)
		}
		page.Press("Control+a")
		page.Keys(before)
		if before == "" {
			page.Press("Delete")
		}
	}
	page.Press("Escape")
	if title := fmt.Sprint(o.now(1)["title"]); strings.Contains(title, "?") {
		t.Error(title)
	}
}

// Unfinished composition of an input method does not count as input, and the
// Enter that finishes it has no other effect.
func TestWritingWithAnInputMethodIsNotDisturbed(t *testing.T) {
	o := newOffice(t)
	jin := o.Register("준호 김")
	o.at(o.API(o.mina, "POST", o.api("/members"), m{"email": jin.Email, "role": "member"}).Want(201))
	page := o.beside(o.mina, 1)
	const say = "#panel #say textarea"
	page.Click(say)
	page.Keys("@")
	page.WaitFor(".hints")
	page.Compose("ㅈ", "주", "준")
	page.Commit("준")
	page.WaitValue(say, "@준")
	page.WaitText(".hints", "준호 김")
	page.Press("Enter")
	page.WaitValue(say, "@준호김 ")

	page.Press("Escape", "Escape")
	page.WaitGone("#panel")
	const add = "#c-waiting .add textarea"
	page.Click(add)
	page.Compose("ㅎ", "하", "한")
	page.Commit("한")
	page.WaitValue(add, "한")
	page.Press("Enter")
	page.WaitText("#c-waiting .cards", "한")
	page.WaitValue(add, "")

	page.Press("Escape", "Control+k")
	page.WaitFocus("#choose input")
	page.Compose("ㅎ", "하")
	page.Commit("하")
	page.WaitText("#choices", "No matches")
}

// TestPaletteHasWhatThePageOffers finds the buttons of settings and of the
// panel, and focuses the missing input that they need.
func TestPaletteHasWhatThePageOffers(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/projects/"+o.project+"/settings")
	page.Press("Control+k")
	page.WaitFocus("#choose input")
	page.WaitText("#choices", "Archive project")
	page.WaitText("#choices", "Save statuses")
	page.Keys("add member")
	page.Press("Enter")
	page.WaitFocus("#invite [name=email]")

	page.Go("/tasks/" + o.tasks[0])
	page.Press("Control+k")
	page.WaitFocus("#choose input")
	page.Keys("comment")
	page.Press("Enter")
	page.WaitFocus("#say textarea")
}

// TestKeysReportMissingSelection presses a command key while no card is
// focused or under the pointer.
func TestKeysReportMissingSelection(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	page.Hover("h1")
	page.Press("p")
	page.WaitText(".toast", "Point to a task first")
}

// TestCellsOpenTheirPickers clicks cells of the list that contain no input.
func TestCellsOpenTheirPickers(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/projects/"+o.project+"/list")
	page.Click("#t-" + o.tasks[0] + " td.labels")
	page.WaitText("#choose .name", "Set labels")
	page.Keys("orders")
	page.Press("Enter")
	page.Press("Escape")
	page.WaitText("#t-"+o.tasks[0]+" td.labels", "orders")
	page.Click("#t-" + o.tasks[0] + " td.people")
	page.WaitText("#choose .name", "Assign")
}
