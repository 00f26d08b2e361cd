package webtest

import (
	"slices"
	"testing"
	"time"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

func TestMyWorkIsOfAllProjectsByDueDate(t *testing.T) {
	o := newOffice(t)
	other := o.API(o.jun, "POST", "/api/v1/projects", m{"name": "Moving house"}).Want(201).Text("id")
	o.API(o.jun, "POST", "/api/v1/projects/"+other+"/members", m{"email": o.mina.Email, "role": "member"}).Want(201)
	page := o.open(o.mina, "/my-work", browsertest.Timezone("UTC"))
	page.WaitText("h2", "Overdue")
	// A task assigned to me while I look appears.
	today := time.Now().UTC().Format(time.DateOnly)
	given := o.API(o.jun, "POST", "/api/v1/projects/"+other+"/tasks", m{"title": "Carry the sofa", "due": today, "assignees": []string{o.mina.Account.String()}}).Want(201).Text("id")
	page.WaitText("#t-"+given, "Moving house")
	if heads := page.Texts("main h2"); !slices.Equal(heads, []string{"Overdue 1", "Today 1", "Next 7 days 1"}) {
		t.Errorf("%q", heads)
	}
	page.Screenshot("my-work-two-projects")

	page.Press("j", "j")
	page.WaitFocus("#t-" + given)
	page.Press("d")
	page.WaitFocus("#choose input")
	page.Keys("tomorrow")
	page.Press("Enter")
	page.WaitText("main h2", "Tomorrow")
	page.WaitFocus("#t-" + given)
	page.Press("s")
	page.WaitText("#choose .name", "status")
	page.Keys("done")
	page.Press("Enter")
	page.WaitGone("#t-" + given)
	page.Press("Control+z")
	page.WaitFor("#t-" + given)

	page.Click("#t-" + given + " a.title")
	page.WaitText("#panel .crumbs", "Moving house")
	page.Set("#panel [name=priority]", "high")
	page.WaitText("#t-"+given, "High")
	page.Press("Escape", "Escape") // leaves the field, then the panel
	page.WaitGone("#panel")
	page.WaitURL("/my-work")
}

func TestMyWorkTeachesWhileThereIsNone(t *testing.T) {
	o := newOffice(t)
	ann := o.Register("Ann New")
	page := o.open(ann, "/my-work")
	page.WaitText("#nothing", "by due date")
}
