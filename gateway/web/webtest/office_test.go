package webtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/gateway/web/browsertest"
)

type m = map[string]any

// office is a team with a project, in a complete Docket.
type office struct {
	*browsertest.House
	t         testing.TB
	mina, jun browsertest.Person
	project   string // its id
	tasks     []string
}

// newOffice seeds the pages' content: tasks in every column, one with
// everything a task can have, a comment with a mention, a changed description,
// a deleted task.
func newOffice(t testing.TB, change ...func(*gateway.Options)) *office {
	t.Helper()
	o := &office{House: browsertest.NewHouse(t, change...), t: t}
	o.mina, o.jun = o.Register("Mina Park"), o.Register("Jun Lee")
	o.project = o.API(o.mina, "POST", "/api/v1/projects", m{"name": "Opening the shop"}).Want(201).Text("id")
	o.API(o.mina, "POST", o.api("/members"), m{"email": o.jun.Email, "role": "member"}).Want(201)
	day := func(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }
	for _, task := range []m{
		{"title": "Photograph the new mugs", "priority": "medium", "due": day(1), "labels": []string{"photos"}, "assignees": []uuid.UUID{o.jun.Account}},
		{"title": "Write the opening announcement", "description": "Two paragraphs and a **picture**.\n\n- free delivery\n- first week", "priority": "high", "due": day(4), "labels": []string{"words"}, "assignees": []uuid.UUID{o.mina.Account}},
		{"title": "Ask three friends to place a test order", "priority": "low"},
		{"title": "Delivery costs are wrong for islands", "priority": "urgent", "due": day(-2), "labels": []string{"bug", "orders"}, "assignees": []uuid.UUID{o.mina.Account, o.jun.Account}, "status": "in_progress"},
		{"title": "가게 이름 정하기", "status": "done"},
		{"title": "Thrown away"},
	} {
		o.tasks = append(o.tasks, o.API(o.mina, "POST", o.api("/tasks"), task).Want(201).Text("id"))
	}
	o.API(o.jun, "POST", "/api/v1/tasks/"+o.tasks[1]+"/comments", m{"text": fmt.Sprintf("What do you think, <@%s>?", o.mina.Account)}).Want(201)
	o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[1], m{"description": "Three paragraphs and a **picture**.\n\n- free delivery\n- first week", "title": "Write the announcement"}).Want(200)
	last := o.API(o.mina, "DELETE", "/api/v1/tasks/"+o.tasks[5], nil).Want(200)
	o.at(last)
	return o
}

func (o *office) api(path string) string { return "/api/v1/projects/" + o.project + path }

// at waits until the rows have reached a response's position.
func (o *office) at(a browsertest.Answer) {
	o.t.Helper()
	position := func(a browsertest.Answer) events.Position {
		p, err := events.ParsePosition(a.Header.Get("Docket-Position"))
		if err != nil {
			o.t.Fatalf("%s: %v", a, err)
		}
		return p
	}
	at := position(a)
	o.Eventually("the rows reach "+at.String(), func() (any, bool) {
		rows := position(o.API(o.mina, "GET", "/api/v1/projects?limit=1", nil).Want(200))
		reached, err := rows.Reached(at)
		return rows, err == nil && reached
	})
}

// position returns the log position that a response reflects.
func (o *office) position(a browsertest.Answer) events.Position {
	o.t.Helper()
	at, err := events.ParsePosition(a.Header.Get(service.PositionHeader))
	if err != nil {
		o.t.Fatal(err)
	}
	return at
}

// open opens a page as a signed-in user.
func (o *office) open(p browsertest.Person, path string, options ...browsertest.Option) *browsertest.Page {
	o.t.Helper()
	return browsertest.Open(o.t, o.URL+path, append(options, browsertest.Cookie(p.Cookie()))...)
}

// board opens the project's board and waits until the script has loaded it.
func (o *office) board(p browsertest.Person, options ...browsertest.Option) *browsertest.Page {
	o.t.Helper()
	page := o.open(p, "/projects/"+o.project, options...)
	page.WaitFor("#board[data-ready]")
	return page
}
