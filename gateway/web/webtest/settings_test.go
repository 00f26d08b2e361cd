package webtest

import (
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

func (o *office) settings(p browsertest.Person) *browsertest.Page {
	o.t.Helper()
	return o.open(p, "/projects/"+o.project+"/settings")
}

func (o *office) member(p browsertest.Person) string { return "#m-" + p.Account.String() }

func TestOwnersManageMembers(t *testing.T) {
	o := newOffice(t)
	ann := o.Register("Ann Reader")
	page, jun := o.settings(o.mina), o.settings(o.jun)
	if jun.Visible("#invite") || jun.Visible("#members select") || jun.Visible("#rename") || jun.Visible("#archive") || jun.Visible("#statuses button") {
		t.Error("a member is shown what only owners may use")
	}
	page.Type("#invite [name=email]", ann.Email)
	page.Set("#invite [name=role]", "viewer")
	page.Press("Enter")
	page.Click("#invite button")
	page.WaitText("#members", "Ann Reader")
	jun.WaitText("#members", "Ann Reader")

	// The last owner can neither leave nor step down, and the list says why.
	page.Click(o.member(o.mina) + " [name=remove]")
	page.WaitText("[role=alert]", "A project needs an owner")
	page.Set(o.member(o.mina)+" [name=role]", "viewer")
	page.WaitText("[role=alert]", "A project needs an owner")

	page.Set(o.member(o.jun)+" [name=role]", "owner")
	jun.WaitFor("#invite")
	jun.Click(o.member(ann) + " [name=remove]")
	jun.WaitGone(o.member(ann))
	page.WaitGone(o.member(ann))
	jun.Click(`.toast button:has-text("Undo")`)
	page.WaitFor(o.member(ann))
	page.Reload()
	page.Loads(func() { page.Click(o.member(o.mina) + " [name=remove]") })
	page.WaitText("h1", "Hello, Mina Park")
	jun.WaitGone(o.member(o.mina))
}

func TestRemovedMemberLosesTheProject(t *testing.T) {
	o := newOffice(t)
	jun := o.board(o.jun)
	jun.Allow("status 404", "Failed to load", "/feed")
	o.API(o.mina, "DELETE", o.api("/members/"+o.jun.Account.String()), nil).Want(204)
	jun.WaitText("main", "you have no access to it")
	jun.Go("/")
	jun.WaitText("h1", "Hello, Jun Lee")
}

func TestStatusesAreTheTeams(t *testing.T) {
	o := newOffice(t)
	page, board := o.settings(o.mina), o.board(o.jun)
	page.Fill("#s-2 [name=status_name]", "Working on it")
	page.Fill("#s-2 [name=status_limit]", "1")
	page.Fill("#s-4 [name=status_name]", "Being packed")
	page.Fill("#s-4 [name=status_place]", "2")
	page.Set("#s-4 [name=status_category]", "doing")
	page.Screenshot("settings-statuses")
	page.Click(`#statuses button`)
	page.WaitText("#toasts", "Statuses saved")
	page.WaitValue("#s-3 [name=status_name]", "Working on it")
	board.WaitText("#c-in_progress h2", "Working on it")
	board.WaitText("#c-in_progress .count", "1 / 1")
	board.WaitFor("#c-being_packed")
	if order := board.Texts(".column h2"); len(order) != 4 || order[1] != "Being packed" {
		t.Errorf("%q", order)
	}
	o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"status": "in_progress"}).Want(200)
	board.WaitFor("#c-in_progress .count.over")

	// A status is removed, and its tasks move to the chosen one.
	page.Set("#s-3 [name=status_heir]", "being_packed")
	page.Click(`#statuses button`)
	board.WaitGone("#c-in_progress")
	board.WaitText("#c-being_packed", "Photograph the new mugs")
	board.WaitText("#c-being_packed", "Delivery costs")
	o.becomes(3, "status", "being_packed")

	// A concurrent change is not overwritten.
	page.WaitCount("#statuses .statuses li", 4)
	page.Fill("#s-1 [name=status_name]", "Waiting long")
	o.API(o.mina, "PATCH", "/api/v1/projects/"+o.project, m{"name": "Opening the café"}).Want(200)
	page.WaitText("h1", "Opening the café")
	page.WaitValue("#s-1 [name=status_name]", "Waiting long")
	page.Click(`#statuses button`)
	board.WaitText("#c-waiting h2", "Waiting long")
	page.Click(`.toast button:has-text("Undo")`)
	board.WaitText("#c-waiting h2", "Waiting")
}

func TestProjectIsRenamedArchivedAndBroughtBack(t *testing.T) {
	o := newOffice(t)
	page, board := o.settings(o.mina), o.board(o.jun)
	page.Fill("#rename [name=name]", "Closing the shop")
	page.Press("Enter")
	board.WaitText("h1", "Closing the shop")
	page.WaitText("h1", "Closing the shop")
	page.Click("#archive button")
	page.WaitText(".head", "Archived")
	board.WaitText(".head", "Archived")
	board.WaitGone(".add")
	page.Accessible()
	home := o.open(o.mina, "/")
	home.WaitText("#projects .gone", "Closing the shop")
	page.WaitText("#archive", "This project is archived")
	page.Click("#archive button")
	board.WaitFor(".add")
	page.WaitFor("#rename")
}

func TestViewersLookAndAreRefused(t *testing.T) {
	o := newOffice(t)
	ann := o.Register("Ann Reader")
	o.at(o.API(o.mina, "POST", o.api("/members"), m{"email": ann.Email, "role": "viewer"}).Want(201))
	page := o.settings(ann)
	if page.Visible("#settings select:not(:disabled)") || page.Visible("#settings input:not(:disabled)") || page.Visible("#invite") {
		t.Error("a viewer is shown controls")
	}
	page.Accessible()
	board := o.board(ann)
	if board.Visible(".add") || !board.Visible(`.tag:has-text("Viewer")`) {
		t.Error("a viewer's board does not say so")
	}
	// A form sent in spite of that is refused with a page.
	status := browsertest.Eval[int](board, `fetch("/projects/`+o.project+`/settings", {method: "POST", body: new URLSearchParams({name: "Mine now"})}).then(a => a.status)`)
	if status != 403 {
		t.Errorf("status %d", status)
	}
	page.Click(o.member(ann) + " [name=remove]")
	page.WaitText("h1", "Hello, Ann Reader")
}
