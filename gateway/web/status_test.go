package web_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

func TestAdministratorsSeeHowFarTheRowsAre(t *testing.T) {
	o := newOffice(t)
	page := o.open(o.mina, "/status")
	page.WaitText("#figures thead", "Lag")
	if rows := page.Texts("#figures tbody tr"); len(rows) < 4 {
		t.Errorf("%q", rows)
	}
	head := page.Text("#figures tbody td:nth-child(3)")
	o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[0], m{"title": "Moves the head"}).Want(200)
	page.Wait("the head to move on", `document.querySelector("#figures tbody td:nth-child(3)").innerText !== "`+head+`"`)
	page.WaitText("#figures tbody td:nth-child(5)", "/s")
	page.WaitText("#health", "Nothing is parked")

	jun := o.open(o.jun, "/")
	if jun.Count(`a[href="/status"]`) > 0 {
		t.Error("others are shown the way")
	}
	jun.Go("/status")
	jun.WaitText("main", "administrator")
	if jun.Count("#figures") > 0 {
		t.Error("others see it")
	}
}

// unreadable is a deletion as no program writes it.
type unreadable struct {
	By int `json:"title"`
}

func (unreadable) EventType() events.Type { return events.TypeTaskEdited }

// An event that cannot be understood parks its task, which is named; everybody
// else's goes on.
func TestParkedAggregateIsNamed(t *testing.T) {
	o := newOffice(t)
	task := uuid.MustParse(o.tasks[0])
	_, head, err := o.Log.Load(t.Context(), events.Head{Aggregate: events.Task(task)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Log.Append(t.Context(), events.Commit{
		Head: head, Project: uuid.MustParse(o.project), Command: uuid.New(), Actor: o.mina.Account, Time: time.Now(), Events: []events.Event{unreadable{7}},
	}); err != nil {
		t.Fatal(err)
	}
	page := o.open(o.mina, "/status")
	page.WaitText("#health .lines", o.tasks[0])
	page.Screenshot("status-parked")
	page.Accessible()
	o.API(o.mina, "PATCH", "/api/v1/tasks/"+o.tasks[1], m{"title": "Goes on"}).Want(200)
	board := o.board(o.mina)
	board.WaitText(o.card(1), "Goes on")
}
