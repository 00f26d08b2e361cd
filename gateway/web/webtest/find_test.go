package webtest

import (
	"slices"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// chips returns the terms of the displayed query.
func chips(page *browsertest.Page) []string {
	return page.Texts("#chips li.chip:not(.saved) > span:first-child")
}

func TestSearchNarrowsTheBoardAsOneTypes(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	page.Type("#q", "mugs")
	page.WaitGone(o.card(1))
	page.WaitFor(o.card(0))
	page.WaitURL("q=mugs")
	page.WaitText("#chips", "“mugs”")
	page.WaitFocus("#q")
	page.Keys(" #photos")
	page.WaitURL("%23photos")
	page.WaitCount("#chips li.chip", 2)
	page.Reload()
	page.WaitFor("#board[data-ready]")
	page.WaitFor(o.card(0))
	page.WaitGone(o.card(1))
	if have := chips(page); !slices.Equal(have, []string{"“mugs”", "#photos"}) {
		t.Errorf("%q", have)
	}
	page.Follow(`#chips a[aria-label*="mugs"]`)
	page.WaitValue("#q", "label:photos")
	page.Follow(`#chips a[aria-label*="photos"]`)
	page.WaitFor(o.card(1))
	if have := chips(page); len(have) > 0 {
		t.Errorf("%q", have)
	}
	page.Follow(`#chips a:has-text("Assigned to me")`)
	page.WaitFor("#board[data-ready]")
	page.WaitFor(o.card(1))
	page.WaitGone(o.card(0))

	// New tasks appear under a filter if they match.
	page.Fill("#q", "lanterns")
	page.WaitGone(".card")
	o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[2], m{"title": "Hang lanterns"}).Want(200)
	page.WaitFor(o.card(2))
}

func TestSearchNarrowsAListAsOneTypes(t *testing.T) {
	o := newOffice(t)
	page := o.list(o.mina, "?group=status&sort=-due")
	page.Type("#q", "status:\"in progress\" !urgent")
	page.WaitCount("#list .task-row", 1)
	page.WaitURL("group=status")
	page.WaitValue("#q", "status:\"in progress\" !urgent")
	page.WaitFocus("#q")
	page.Fill("#q", "@nobody.here due:someday is:open")
	page.WaitCount("#chips .unknown", 2)
	page.WaitText("#nothing", "No tasks match")
	page.Screenshot("list-unknown")
	page.Follow(`#nothing a`)
	page.WaitCount("#list .task-row", 5)
}

// TestEmptyingTheSearchBoxEmptiesTheSearch clears the box letter by letter, and
// checks the result, the address and the page after a reload.
func TestEmptyingTheSearchBoxEmptiesTheSearch(t *testing.T) {
	o := newOffice(t)
	for _, at := range []struct {
		path, shown string
		all         int
	}{
		{"/projects/" + o.project, "#board .card", 5},
		{"/projects/" + o.project + "/list", "#list .task-row", 5},
		{"/my-work", ".task-row", 2},
		{"/find", ".task-row", 0},
	} {
		page := o.open(o.mina, at.path)
		if at.all > 0 {
			page.WaitCount(at.shown, at.all)
		}
		page.Type("#q", "islands")
		page.WaitCount(at.shown, 1)
		page.WaitURL("q=islands")
		for range len("islands") {
			page.Press("Backspace")
		}
		page.WaitValue("#q", "")
		page.WaitCount(at.shown, at.all)
		page.WaitCount("#chips li.chip", 0)
		page.Wait("the address to have no search", `!location.search.includes("q=")`)
		page.WaitFocus("#q")
		page.Reload()
		page.WaitCount(at.shown, at.all)
	}
}

func TestFindLooksThroughAllProjects(t *testing.T) {
	o := newOffice(t)
	other := o.API(o.mina, "POST", "/api/v1/projects", m{"name": "Moving house"}).Want(201).Text("id")
	o.at(o.API(o.mina, "POST", "/api/v1/projects/"+other+"/tasks", m{"title": "Wrap the mugs"}).Want(201))
	page := o.open(o.mina, "/find")
	page.WaitText("#nothing", "For example")
	page.Type("#q", "mugs")
	page.WaitCount(".task-row", 2)
	page.WaitText(".task-row", "Moving house")
	page.WaitURL("q=mugs")
	page.Fill("#q", "가게")
	page.WaitCount(".task-row", 1)
	page.WaitText(".task-row", "가게 이름 정하기")
	page.Fill("#q", "#4")
	page.WaitText(".task-row", "Delivery costs")
	page.Fill("#q", "label:bug @jun")
	page.WaitCount(".task-row", 1)
	page.Click(".task-row a.title")
	page.WaitFor("#panel #task")
	page.Back()
	page.WaitGone("#panel")
	page.WaitURL("/find?q=label%3Abug")
}

func TestFiltersAreSavedForAProjectAndForAll(t *testing.T) {
	o := newOffice(t)
	for _, at := range []struct{ path, elsewhere string }{
		{"/projects/" + o.project, "/find"},
		{"/projects/" + o.project + "/list", "/my-work"},
		{"/find", "/projects/" + o.project},
	} {
		page := o.open(o.mina, at.path)
		page.Type("#q", "#bug")
		page.WaitFor("#chips summary")
		page.Click("#chips summary")
		page.Type("#chips [name=name]", "Bugs")
		page.Press("Enter")
		page.WaitText("#chips .saved", "Bugs")
		page.Go(at.path)
		page.Follow(`#chips .saved a:has-text("Bugs")`)
		page.WaitValue("#q", "#bug")
		page.WaitURL("q=%23bug")
		page.Go(at.elsewhere)
		if page.Visible("#chips .saved") {
			t.Errorf("what was saved on %s is offered on %s", at.path, at.elsewhere)
		}
		page.Go(at.path)
		page.Click("#chips .saved button")
		page.WaitGone("#chips .saved")
		page.Click(`.toast button:has-text("Undo")`)
		page.WaitText("#chips .saved", "Bugs")
		page.Click("#chips .saved button")
		page.WaitGone("#chips .saved")
		page.Reload()
		if page.Visible("#chips .saved") {
			t.Errorf("what was deleted on %s came back", at.path)
		}
	}
}

// TestFoundTaskThatIsDoneIsNotLate finds a done task on a page without a
// project.
func TestFoundTaskThatIsDoneIsNotLate(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/find?q=islands")
	page.WaitFor(".due.late")
	o.at(o.API(o.mina, "PATCH", "/api/v1/tasks/"+o.tasks[3], m{"status": "done"}).Want(200))
	page.Reload()
	page.WaitFor(".due")
	if page.Visible(".due.late") {
		t.Error("what is done is said to be late")
	}
}
