package webtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

func (o *office) list(p browsertest.Person, query string) *browsertest.Page {
	o.t.Helper()
	page := o.open(p, "/projects/"+o.project+"/list"+query)
	page.WaitFor("#list")
	return page
}

// titles returns the titles of the list's rows, from the top.
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
	if heads := page.Texts("#list .group th"); !slices.Equal(heads, []string{"Jun Lee 1", "Mina Park 2", "None 2"}) {
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

// TestUndoWaitsForAFormOnItsWay undoes at once what the server has not answered
// yet, and not the change before it.
func TestUndoWaitsForAFormOnItsWay(t *testing.T) {
	o := newOffice(t)
	page := o.list(o.mina, "")
	row := o.card(2)
	page.Set(row+" [name=priority]", "high")
	o.becomes(2, "priority", "high")
	page.WaitGone(".pending, .unsaved")
	_ = browsertest.Eval[any](page, `void (fetch = (real => async (...asked) => {
		if (asked[1]?.method === "POST" && !String(asked[0]).endsWith("/undo")) await new Promise(done => setTimeout(done, 500))
		return real(...asked)
	})(fetch))`)
	page.Set(row+" [name=status]", "done")
	page.WaitFor(row + " .pending, " + row + ".pending")
	page.Press("Escape", "Control+z")
	page.WaitText("#toasts", "Change undone")
	o.becomes(2, "status", "waiting")
	o.becomes(2, "priority", "high")
}

// TestDoneThatComesTwiceIsUndoneOnce has a page come late that says again what
// was done before the last change, as a page asked for at the wrong moment does.
func TestDoneThatComesTwiceIsUndoneOnce(t *testing.T) {
	o := newOffice(t)
	page := o.list(o.mina, "")
	row := o.card(2)
	_ = browsertest.Eval[any](page, `void (fetch = (real => async (...asked) => {
		const answer = await real(...asked)
		if (asked[1]?.method === "POST" && !window.early) window.early = answer.clone()
		else if (!asked[1]?.method && window.repeat && String(asked[0]).includes("/list")) {
			window.repeat = false
			window.repeated = true
			return window.early
		}
		return answer
	})(fetch))`)
	page.Set(row+" [name=priority]", "high")
	o.becomes(2, "priority", "high")
	page.WaitGone(".pending, .unsaved")
	page.Set(row+" [name=status]", "done")
	o.becomes(2, "status", "done")
	page.WaitGone(".pending, .unsaved")
	_ = browsertest.Eval[any](page, `void (window.repeat = true)`)
	o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"title": "News of Jun"}).Want(200)
	page.Wait("the page that says it again", "window.repeated === true")
	o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"title": "More of Jun"}).Want(200)
	page.WaitValue(o.card(0)+" [name=title]", "More of Jun")
	page.Press("Escape", "Control+z")
	o.becomes(2, "status", "waiting")
	o.becomes(2, "priority", "high")
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
	page.WaitGone("#panel") // focus returns to the row
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
	// Even the row itself may move to another group.
	o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"status": "done"}).Want(200)
	page.Wait("the row to be among those that are done", fmt.Sprintf(`document.querySelector(%q).closest("tbody").querySelector(".group").innerText.includes("Done")`, o.card(0)))
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

// TestGroupsAreOfTheWholeList groups a list of two pages: headings count the
// whole list, and a group that continues says so on both pages.
func TestGroupsAreOfTheWholeList(t *testing.T) {
	o := newOffice(t)
	var last browsertest.Answer
	for i := range 101 {
		last = o.API(o.mina, "POST", o.api("/tasks"), m{"title": fmt.Sprintf("Number %03d", i), "status": []string{"in_progress", "waiting"}[i%2], "assignees": []string{o.jun.Account.String()}}).Want(201)
	}
	o.at(last)
	page := o.list(o.mina, "?group=status&sort=title")
	page.WaitCount("#list .task-row", 100)
	if heads := page.Texts("#list .group th"); !slices.Equal(heads, []string{"Waiting 53", "In progress 1–47 of 52"}) {
		t.Errorf("the first page: %q", heads)
	}
	page.Scroll("main", 0, 5000)
	page.Screenshot("list-groups-first")
	page.Follow(`.more:has-text("Next page")`)
	if heads := page.Texts("#list .group th"); !slices.Equal(heads, []string{"In progress 48–52 of 52", "Done 1"}) {
		t.Errorf("the second page: %q", heads)
	}
	if have := titles(page); !slices.Equal(have, []string{"Number 092", "Number 094", "Number 096", "Number 098", "Number 100", "가게 이름 정하기"}) {
		t.Errorf("the second page: %q", have)
	}
	page.Screenshot("list-groups-second")
	work := o.open(o.jun, "/my-work?sort=due")
	work.WaitCount(".task-row", 100)
	if heads := work.Texts("main h2"); !slices.Equal(heads, []string{"Overdue 1", "Tomorrow 1", "No due date 1–98 of 101"}) {
		t.Errorf("my work: %q", heads)
	}
}

// TestListStacksOnANarrowScreen checks that nothing is wider than 320 pixels
// (WCAG 2.2, 1.4.10), and that the list still works at that width.
func TestListStacksOnANarrowScreen(t *testing.T) {
	o := newOffice(t)
	last := o.API(o.mina, "POST", o.api("/tasks"), m{"title": strings.Repeat("unbroken", 20), "labels": []string{strings.Repeat("label", 9), "bug"}, "assignees": []string{o.mina.Account.String(), o.jun.Account.String()}}).Want(201)
	ann := o.Register("Ann Reader")
	o.API(o.mina, "POST", o.api("/members"), m{"email": ann.Email, "role": "viewer"}).Want(201)
	o.at(last)
	fits := func(page *browsertest.Page, what string) {
		t.Helper()
		if wide := browsertest.Eval[int](page, "document.scrollingElement.scrollWidth"); wide > 320 {
			t.Errorf("%s: the page is %d pixels wide", what, wide)
		}
		if out := browsertest.Eval[[]string](page, `[...document.querySelectorAll("main, main *")].filter(e => e.checkVisibility() && !e.closest(".hush") &&
			(e.getBoundingClientRect().right > 320 || e.matches(".wide, .list *:not(input, select)") && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible")).map(e => e.tagName + "." + e.className)`); len(out) > 0 {
			t.Errorf("%s: out of sight: %q", what, out)
		}
	}
	narrow := []browsertest.Option{browsertest.Viewport(320, 640), browsertest.Touch()}
	page := o.open(o.mina, "/projects/"+o.project+"/list", narrow...)
	fits(page, "list")
	page.Screenshot("list-stacked")
	page.Accessible()
	if heads := browsertest.Eval[string](page, `getComputedStyle(document.querySelector("#list td[data-name]"), "::before").content`); heads != `"Status"` {
		t.Errorf("a status is said to be %s", heads)
	}
	page.Fill(o.card(2)+" [name=title]", "Ask four friends")
	page.Press("Enter")
	o.becomes(2, "title", "Ask four friends")
	page.Set(o.card(2)+" [name=status]", "done")
	o.becomes(2, "status", "done")
	page.WaitGone(".pending, .unsaved")
	page.Follow(`#list th a:has-text("Due")`)
	if sorted := page.Attribute(`#list th:has-text("Due")`, "aria-sort"); sorted != "ascending" {
		t.Errorf("aria-sort is %q", sorted)
	}
	page.Loads(func() { page.Set("#group select", "status") })
	page.WaitText("#list .group", "Waiting 3")
	fits(page, "groups")
	page.Screenshot("list-stacked-groups")
	page.Accessible()
	fits(o.open(ann, "/projects/"+o.project+"/list", narrow...), "a viewer's list")
	fits(o.open(o.mina, "/projects/"+o.project+"/list?group=label", append(narrow, browsertest.Language("ko"), browsertest.Dark())...), "Korean")
	fits(o.open(o.mina, "/projects/"+o.project+"/list", append(narrow, browsertest.NoScript())...), "without script")
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
