package web_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

func (o *office) list(p browsertest.Person, query string) *browsertest.Page {
	o.t.Helper()
	page := o.open(p, "/projects/"+o.project+"/list"+query)
	page.WaitFor("#list")
	return page
}

// titles are those of the list's rows, from the top.
func titles(page *browsertest.Page) []string {
	return browsertest.Eval[[]string](page, `[...document.querySelectorAll("#list [name=title]")].map(i => i.value)`)
}

func TestListIsSorted(t *testing.T) {
	o := newOffice(t)
	page := o.list(o.mina, "")
	page.Follow(`#list th a:has-text("Due")`)
	want := []string{"Delivery costs are wrong for islands", "Photograph the new mugs", "Write the announcement"}
	if have := titles(page); !slices.Equal(have[:3], want) {
		t.Errorf("%q", have)
	}
	if sorted := page.Attribute(`#list th:has-text("Due")`, "aria-sort"); sorted != "ascending" {
		t.Errorf("aria-sort is %q", sorted)
	}
	page.Follow(`#list th a:has-text("Due")`)
	slices.Reverse(want)
	if have := titles(page); !slices.Equal(slices.DeleteFunc(have, func(s string) bool { return !slices.Contains(want, s) }), want) {
		t.Errorf("the other way round: %q", have)
	}
}

func TestListIsGrouped(t *testing.T) {
	o := newOffice(t)
	page := o.list(o.mina, "?sort=title")
	page.Loads(func() { page.Set("#group select", "assignee") })
	if heads := page.Texts("#list .group th"); !slices.Equal(heads, []string{"None 2", "Jun Lee 1", "Mina Park 2"}) && len(heads) != 3 {
		t.Errorf("%q", heads)
	}
	page.WaitURL("group=assignee")
	page.WaitURL("sort=title")
}

func TestRowsAreEditedInPlace(t *testing.T) {
	o := newOffice(t)
	page := o.list(o.mina, "")
	row := o.card(2)
	page.Fill(row+" [name=title]", "Ask four friends")
	page.Press("Enter")
	o.becomes(2, "title", "Ask four friends")
	page.Set(row+" [name=priority]", "high")
	page.Set(row+" [name=due]", "2031-05-06")
	page.Set(row+" [name=status]", "done")
	o.becomes(2, "status", "done")
	o.becomes(2, "priority", "high")
	o.becomes(2, "due", "2031-05-06")
	o.becomes(2, "title", "Ask four friends")
	page.WaitGone(".pending, .unsaved")
	page.Press("Escape", "Control+z")
	o.becomes(2, "status", "waiting")
}

func TestConflictInARowShowsBothValues(t *testing.T) {
	o := newOffice(t)
	page := o.list(o.mina, "")
	page.Click(o.card(0) + " [name=title]")
	page.Press("Control+a")
	page.Keys("Mine")
	o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"title": "Jun's"}).Want(200)
	page.WaitText(o.card(0)+" .meanwhile", "Jun's")
	page.Screenshot("list-meanwhile")
	page.Press("Enter")
	page.WaitFor("#panel #conflict-title")
	page.Click("#panel #conflict-title button")
	o.becomes(0, "title", "Mine")
	page.WaitGone("#panel") // back to where the row is
	page.WaitValue(o.card(0)+" [name=title]", "Mine")
}

func TestNewsReachesAListInUse(t *testing.T) {
	o := newOffice(t)
	page := o.list(o.mina, "?group=status")
	mine := o.card(0) + " [name=title]"
	page.Click(mine)
	page.Press("End")
	page.Keys(" and")
	o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[2], m{"title": "News of Jun"}).Want(200)
	page.WaitValue(o.card(2)+" [name=title]", "News of Jun")
	// Even the row itself may go where another group is.
	o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"status": "done"}).Want(200)
	page.Wait("the row to be among those that are done", fmt.Sprintf(`document.querySelector(%q).closest("tbody").innerText.includes("Done")`, o.card(0)))
	page.WaitFocus(mine)
	page.Keys(" plates")
	page.WaitValue(mine, "Photograph the new mugs and plates")
	page.Press("Enter")
	o.becomes(0, "title", "Photograph the new mugs and plates")
	o.becomes(0, "status", "done")
}

func TestLongListHasPages(t *testing.T) {
	o := newOffice(t)
	var last browsertest.Answer
	for i := range 101 {
		last = o.API(o.mina, "POST", o.api("/tasks"), m{"title": fmt.Sprintf("Number %03d", i)}).Want(201)
	}
	o.at(last)
	page := o.list(o.mina, "?q=Number&sort=title")
	page.WaitCount("#list .task-row", 100)
	page.Follow(`.more:has-text("Next page")`)
	page.WaitCount("#list .task-row", 1)
	page.WaitValue("#list [name=title]", "Number 100")
	page.Follow(`.more:has-text("First page")`)
	page.WaitCount("#list .task-row", 100)
}

func TestViewersSeeAListWithoutControls(t *testing.T) {
	o := newOffice(t)
	ann := o.Register("Ann Reader")
	o.at(o.API(o.mina, "POST", o.api("/members"), m{"email": ann.Email, "role": "viewer"}).Want(201))
	page := o.list(ann, "")
	if n := page.Count("#list input, #list select, #list button"); n > 0 {
		t.Errorf("%d controls", n)
	}
	page.Click(o.card(0) + " a.title")
	page.WaitText("#panel h1", "Photograph the new mugs")
	if n := page.Count("#panel input, #panel select, #panel button, #panel textarea"); n > 0 {
		t.Errorf("%d controls in the panel", n)
	}
	page.Press("Escape")
	page.WaitGone("#panel")
	page.Press("p", "d", "Delete", "c")
	if page.Count("dialog") > 0 {
		t.Error("keys offer what is not allowed")
	}
}
