package webtest

import (
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// expanded returns what a box tells assistive technology about its suggestions:
// whether they are open, and the text of the one that Enter would accept.
func expanded(page *browsertest.Page, box string) string {
	return browsertest.Eval[string](page, `(() => {
		const box = document.querySelector(`+"`"+box+"`"+`), list = document.getElementById(box.getAttribute("aria-controls")), one = document.getElementById(box.getAttribute("aria-activedescendant"))
		if (!list) return [box.getAttribute("role"), box.getAttribute("aria-expanded"), box.getAttribute("aria-controls"), box.getAttribute("aria-activedescendant")].join()
		return [box.getAttribute("role"), box.getAttribute("aria-expanded"), box.getAttribute("aria-autocomplete"), list.role, one.role, one.ariaSelected, list.querySelectorAll("[aria-selected=true]").length, one.textContent].join()
	})()`)
}

// TestSuggestionsAreACombobox uses suggestions with the keyboard only and
// checks roles and states, as a screen reader reports them: people in a
// comment, labels in their field, people where a card is added.
func TestSuggestionsAreACombobox(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/tasks/"+o.tasks[1])
	const say, none = "#say textarea", ",,,"
	want := func(box, state string) {
		t.Helper()
		if have := expanded(page, box); have != state {
			t.Errorf("%s says %q, not %q", box, have, state)
		}
	}
	want(say, none)
	page.Type(say, "Well, @")
	page.WaitFor("#hints")
	page.WaitText("#said", "2 suggestions")
	want(say, "combobox,true,list,listbox,option,true,1,Mina Park")
	page.Screenshot("suggestions")
	page.Accessible("aria-allowed-role") // no other role exists yet for a textarea with suggestions
	page.Press("ArrowDown")
	want(say, "combobox,true,list,listbox,option,true,1,Jun Lee")
	page.Press("ArrowDown")
	want(say, "combobox,true,list,listbox,option,true,1,Mina Park")
	page.Press("ArrowUp")
	want(say, "combobox,true,list,listbox,option,true,1,Jun Lee")
	page.Press("Escape")
	page.WaitGone("#hints")
	want(say, none)
	page.WaitValue(say, "Well, @")
	page.Keys("j")
	page.WaitText("#said", "1 suggestion")
	page.Press("Enter")
	page.WaitValue(say, "Well, @JunLee ")
	page.WaitGone("#hints")
	want(say, none)
	page.Keys("@m")
	page.WaitFor("#hints")
	page.Press("Tab")
	page.WaitValue(say, "Well, @JunLee @MinaPark ")
	page.WaitFocus(say)
	page.Keys("@j")
	page.WaitFor("#hints")
	page.Click("#i-labels")
	page.WaitGone("#hints")
	want(say, none)

	page.Press("End")
	page.Keys(", ph")
	page.WaitText("#hints", "photos")
	want("#i-labels", "combobox,true,list,listbox,option,true,1,photos")
	page.Accessible()
	page.Press("Enter")
	page.WaitValue("#i-labels", "words, photos")
	want("#i-labels", none)

	page.Go("/projects/" + o.project)
	page.WaitFor("#board[data-ready]")
	page.Type("#c-waiting .add textarea", "Ask @ju")
	page.WaitFor("#hints")
	want("#c-waiting .add textarea", "combobox,true,list,listbox,option,true,1,Jun Lee")
	page.Press("Enter")
	page.WaitValue("#c-waiting .add textarea", "Ask @JunLee ")
}
