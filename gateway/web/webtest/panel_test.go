package webtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// card selects a task's element on a board or in a list.
func (o *office) card(i int) string { return "#t-" + o.tasks[i] }

// now returns a task's state according to the log.
func (o *office) now(i int) map[string]any {
	o.t.Helper()
	return o.API(o.mina, "GET", "/api/v1/tasks/"+o.tasks[i], nil).Want(200).JSON()
}

// becomes waits until a field of a task has a value.
func (o *office) becomes(i int, field string, want any) {
	o.t.Helper()
	o.Eventually(fmt.Sprintf("%s of the task is %v", field, want), func() (any, bool) { have := o.now(i)[field]; return have, fmt.Sprint(have) == fmt.Sprint(want) })
}

// beside opens a task in the panel beside the board.
func (o *office) beside(p browsertest.Person, i int) *browsertest.Page {
	o.t.Helper()
	page := o.board(p)
	page.Click(o.card(i) + " a.title")
	page.WaitFor("#panel #task")
	return page
}

func TestTaskOpensBesideTheBoard(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	link := o.card(1) + " a.title"
	page.Click(link)
	page.WaitFor("#panel #task")
	page.WaitURL("/tasks/" + o.tasks[1])
	page.WaitFocus("#panel")
	page.Screenshot("panel")
	page.Accessible()
	if !page.Visible("#board") {
		t.Error("the board is gone")
	}

	page.Press("Escape")
	page.WaitGone("#panel")
	page.WaitURL("/projects/" + o.project)
	page.WaitFocus(link)

	page.Press("Enter")
	page.WaitFor("#panel #task")
	page.Back()
	page.WaitGone("#panel")
	page.WaitFocus(link)

	page.Click(link)
	page.WaitFor("#panel #task")
	page.Click(o.card(3) + " a.title")
	page.WaitValue("#panel [name=title]", "Delivery costs are wrong for islands")
	page.Click("#panel [data-close]")
	page.WaitGone("#panel")
	page.WaitURL("/projects/" + o.project)

	page.Click(link)
	page.WaitFor("#panel #task")
	page.Reload()
	page.WaitFor("main #task")
	if page.Visible("#panel") {
		t.Error("a task at its own address is shown whole, not beside nothing")
	}
	page.Back()
	page.WaitFor("#board")
	page.WaitGone("#task")
}

func TestFieldsSaveThemselves(t *testing.T) {
	o := newOffice(t)
	page := o.beside(o.mina, 0)
	page.Fill("#panel [name=title]", "Photograph all mugs")
	page.Press("Enter")
	o.becomes(0, "title", "Photograph all mugs")
	page.WaitText(o.card(0), "Photograph all mugs")
	page.Set("#panel [name=status]", "in_progress")
	o.becomes(0, "status", "in_progress")
	page.WaitFor("#c-in_progress " + o.card(0))
	page.Set("#panel [name=priority]", "urgent")
	o.becomes(0, "priority", "urgent")
	page.Set("#panel [name=due]", "2031-02-03")
	o.becomes(0, "due", "2031-02-03")
	page.Fill("#panel [name=labels]", "photos, shop")
	page.Press("Tab")
	o.becomes(0, "labels", "[photos shop]")
	page.Click("#panel .assignees summary")
	page.Click(`#panel .assignees label:has-text("Mina Park")`)
	o.becomes(0, "assignees", fmt.Sprint([]string{o.jun.Account.String(), o.mina.Account.String()}))
	page.Press("Escape")
	page.WaitGone("#panel .assignees ul")
	page.WaitFocus("#panel .assignees summary")
	if !page.Visible("#panel") {
		t.Fatal("escape closes the menu before the panel")
	}

	page.Click("#panel #describe summary")
	page.Type("#panel [name=description]", "Take **both** sides.")
	page.Press("Escape") // leaves the field, which saves it
	o.becomes(0, "description", "Take **both** sides.")
	page.WaitText("#panel #description strong", "both")
	page.WaitGone("#panel .pending, #panel .unsaved")
	page.Reload()
	page.WaitValue("[name=title]", "Photograph all mugs")
	page.Accessible()
}

func TestRefusedEditKeepsWhatWasTyped(t *testing.T) {
	o := newOffice(t)
	page := o.beside(o.jun, 0)
	long := strings.Repeat("x", 51)
	page.Fill("#panel [name=labels]", long)
	page.Press("Tab")
	page.WaitFor("#panel .field.unsaved")
	page.WaitFor("#panel .wrong")
	page.WaitValue("#panel [name=labels]", long)
	page.Fill("#panel [name=labels]", "short")
	page.Press("Tab")
	o.becomes(0, "labels", "[short]")
	page.WaitGone("#panel .unsaved, #panel .wrong")
}

func TestLostConnectionLeavesTheFormUnsaved(t *testing.T) {
	o := newOffice(t)
	page := o.beside(o.mina, 0)
	page.Allow("ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY", "Failed to load")
	o.StopServer()
	page.Fill("#panel [name=title]", "Written in the dark")
	page.Press("Tab")
	page.WaitFor("#panel .field.title.unsaved")
	page.WaitValue("#panel [name=title]", "Written in the dark")
	page.WaitFor("#offline")
	o.StartServer()
	page.WaitGone("#offline")
	page.WaitValue("#panel [name=title]", "Written in the dark")
	page.Click("#panel [name=title]")
	page.Press("Enter")
	o.becomes(0, "title", "Written in the dark")
	page.WaitGone("#panel .unsaved")
}

func TestComments(t *testing.T) {
	o := newOffice(t)
	page := o.beside(o.mina, 1)
	page.Type("#panel #say textarea", "Nice, @ju")
	page.WaitText("#panel .hints", "Jun Lee")
	page.Press("Enter")
	page.WaitValue("#panel #say textarea", "Nice, @JunLee ")
	page.Keys("and `code`")
	page.Press("Control+Enter")
	page.WaitText("#panel #comments", "@Jun Lee")
	page.WaitText("#panel #comments code", "code")
	page.WaitValue("#panel #say textarea", "")
	said := o.API(o.mina, "GET", "/api/v1/tasks/"+o.tasks[1]+"/comments", nil).Want(200)
	if want := fmt.Sprintf("Nice, <@%s> and", o.jun.Account); !strings.Contains(string(said.Body), want) {
		t.Errorf("no %s in %s", want, said.Body)
	}
	page.Click("#panel .comment:last-of-type details summary")
	page.WaitFocus("#panel .comment:last-of-type summary")
	page.Fill("#panel .comment:last-of-type textarea", "Nice, all of it")
	page.Press("Tab", "Enter")
	page.WaitText("#panel #comments", "Nice, all of it")
	page.WaitText("#panel #comments", "(edited)")
	page.WaitGone("#panel .comment textarea")
	page.Click("#panel .comment:last-of-type [name=delete]")
	page.WaitCount("#panel .comment", 1)
	page.WaitFocus("#panel")
	page.Click(`.toast:last-child button:has-text("Undo")`)
	page.WaitText("#panel #comments", "Nice, all of it")
}

func TestMentionIsStoredByIdentity(t *testing.T) {
	o := newOffice(t)
	page := o.beside(o.mina, 2)
	page.Click("#panel #describe summary")
	page.Type("#panel [name=description]", "Ask @ju")
	page.WaitText("#panel .hints", "Jun Lee")
	page.Press("Enter")
	page.Keys("first")
	page.Click(`#panel #describe button`)
	page.WaitText("#panel #description .mention", "@Jun Lee")
	o.becomes(2, "description", fmt.Sprintf("Ask <@%s> first", o.jun.Account))
	page.WaitGone("#panel [name=description]")
	page.WaitFocus("#panel #describe summary")
}

func TestHistoryShowsDifferencesAndTakesThemBack(t *testing.T) {
	o := newOffice(t)
	page := o.beside(o.mina, 1)
	page.WaitText("#panel #history del", "Write the opening announcement")
	page.WaitText("#panel #history ins", "Write the announcement")
	page.WaitText("#panel #history pre del", "Two paragraphs")
	page.WaitText("#panel #history pre ins", "Three paragraphs")
	page.Click("#panel #history form button")
	page.WaitValue("#panel [name=title]", "Write the opening announcement")
	page.WaitText("#panel #description", "Two paragraphs")
	page.Click(`.toast button:has-text("Undo")`)
	page.WaitValue("#panel [name=title]", "Write the announcement")
	// The undo is in the history too, and can itself be undone there.
	page.WaitText("#panel #history .entry:first-child ins", "Write the announcement")
	page.Click("#panel #history .entry:first-child form button")
	page.WaitValue("#panel [name=title]", "Write the opening announcement")
	o.becomes(1, "title", "Write the opening announcement")
}

func TestDifferentFieldsOfOneTaskBothSurvive(t *testing.T) {
	o := newOffice(t)
	mina, jun := o.beside(o.mina, 0), o.beside(o.jun, 0)
	mina.Click("#panel [name=title]")
	mina.Press("End")
	mina.Keys(" today")
	jun.Set("#panel [name=priority]", "urgent")
	mina.WaitValue("#panel [name=priority]", "urgent")
	mina.WaitValue("#panel [name=title]", "Photograph the new mugs today")
	mina.WaitFocus("#panel [name=title]")
	mina.Press("Enter")
	jun.WaitValue("#panel [name=title]", "Photograph the new mugs today")
	o.becomes(0, "title", "Photograph the new mugs today")
	o.becomes(0, "priority", "urgent")
}

func TestSameFieldShowsBothValues(t *testing.T) {
	o := newOffice(t)
	mina, jun := o.beside(o.mina, 0), o.beside(o.jun, 0)
	clash := func(theirs, mine string) {
		t.Helper()
		mina.Click("#panel [name=title]")
		mina.Press("Control+a")
		mina.Keys(mine)
		jun.Fill("#panel [name=title]", theirs)
		jun.Press("Enter")
		o.becomes(0, "title", theirs)
		mina.WaitText("#panel .field.title .meanwhile", theirs)
		mina.WaitValue("#panel [name=title]", mine)
		mina.Press("Enter")
		mina.WaitFor("#panel #conflict-title")
		if said := mina.Text("#panel #conflict-title dl"); !strings.Contains(said, theirs) || !strings.Contains(said, mine) {
			t.Errorf("%q", said)
		}
	}
	clash("Jun's title", "Mina's title")
	mina.Screenshot("panel-conflict")
	mina.Accessible()
	mina.Click("#panel #conflict-title button")
	mina.WaitGone("#panel #conflict-title")
	mina.WaitValue("#panel [name=title]", "Mina's title")
	jun.WaitValue("#panel [name=title]", "Mina's title")

	clash("Jun again", "Mina again")
	mina.Click("#panel #conflict-title a")
	mina.WaitGone("#panel #conflict-title")
	mina.WaitValue("#panel [name=title]", "Jun again")
	o.becomes(0, "title", "Jun again")
}

func TestTypedDescriptionOutlivesAnothers(t *testing.T) {
	o := newOffice(t)
	page := o.beside(o.mina, 1)
	page.Click("#panel #describe summary")
	page.Click("#panel [name=description]")
	page.Press("Control+End")
	page.Keys(" My own line.")
	o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[1], m{"description": "All new."}).Want(200)
	page.WaitText("#panel #field-description .meanwhile", "All new.")
	page.WaitText("#panel #description", "All new.")
	page.WaitFocus("#panel [name=description]")
	if typed := page.Value("#panel [name=description]"); !strings.HasSuffix(typed, "first week My own line.") {
		t.Errorf("%q", typed)
	}
	page.Click("#panel #field-description button")
	page.WaitFor("#panel #conflict-description")
	page.Click("#panel #conflict-description button")
	page.WaitText("#panel #description", "My own line.")
}

func TestCommentInProgressSurvivesClosingThePanel(t *testing.T) {
	o := newOffice(t)
	page := o.beside(o.mina, 1)
	page.Type("#panel #say textarea", "Half a thought")
	page.Press("Escape", "Escape")
	page.WaitGone("#panel")
	page.Click(o.card(1) + " a.title")
	page.WaitValue("#panel #say textarea", "Half a thought")
}

func TestPanelOverAListStaysOverIt(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/projects/"+o.project+"/list")
	page.Click(o.card(0) + " a.title")
	page.WaitFor("#panel #task")
	for _, title := range []string{"One", "Two", "Three"} {
		o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[2], m{"title": title}).Want(200)
		page.WaitValue(o.card(2)+" [name=title]", title)
	}
	if page.Visible("main #task") {
		t.Error("the list gave way to the task")
	}
	page.Press("Escape")
	page.WaitGone("#panel")
	page.WaitFocus(o.card(0) + " a.title")
}
