package webtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// maxPicture is the maximum size of a README picture, in bytes.
const maxPicture = 200_000

// TestPictures writes the README's pictures to the folder that DOCKET_PICTURES
// names; make pictures runs it.
func TestPictures(t *testing.T) {
	folder := os.Getenv("DOCKET_PICTURES")
	if folder == "" {
		t.Skip("SKIPPED: no pictures are asked for; run make pictures")
	}
	o := newShop(t)
	for name, scheme := range map[string]browsertest.Option{"board-light": browsertest.Light(), "board-dark": browsertest.Dark()} {
		page := o.board(o.mina, scheme, browsertest.Viewport(1280, 800), browsertest.ReducedMotion())
		page.WaitCount("#board .card.pending", 0)
		picture := page.Picture()
		if len(picture) >= maxPicture {
			t.Errorf("%s has %d bytes", name, len(picture))
		}
		if err := os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// newShop seeds an office in the middle of its work: three people, three
// columns, and examples of everything that a card can show.
func newShop(t *testing.T) *office {
	t.Helper()
	o := &office{House: browsertest.NewHouse(t), t: t}
	o.mina, o.jun = o.Register("Mina Park"), o.Register("Jun Seo")
	vera := o.Register("Vera Lindt")
	o.project = o.API(o.mina, "POST", "/api/v1/projects", m{"name": "Opening the shop"}).Want(201).Text("id")
	o.API(o.mina, "PATCH", o.api(""), m{"statuses": []m{
		{"key": "waiting", "name": "Waiting", "category": "to_do"},
		{"key": "in_progress", "name": "In progress", "category": "doing", "limit": 4},
		{"key": "done", "name": "Done", "category": "done"},
	}}).Want(200)
	for _, p := range []browsertest.Person{o.jun, vera} {
		o.API(o.mina, "POST", o.api("/members"), m{"email": p.Email, "role": "member"}).Want(201)
	}
	day := func(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }
	people := func(all ...browsertest.Person) []uuid.UUID {
		ids := make([]uuid.UUID, len(all))
		for i, p := range all {
			ids[i] = p.Account
		}
		return ids
	}
	var last browsertest.Answer
	for _, one := range []struct {
		comments int
		task     m
	}{
		{2, m{"title": "Write the opening announcement", "priority": "high", "due": day(4), "labels": []string{"words"}, "assignees": people(o.mina)}},
		{0, m{"title": "Packaging that survives the post", "labels": []string{"orders"}, "assignees": people(vera)}},
		{1, m{"title": "Ask three friends to place a test order", "priority": "low", "due": day(6), "assignees": people(vera, o.jun)}},
		{0, m{"title": "Print 50 price tags", "due": day(9), "labels": []string{"shelves"}}},
		{0, m{"title": "Terms of return in plain words", "priority": "medium", "labels": []string{"words", "orders"}, "assignees": people(o.mina)}},
		{0, m{"title": "Music for the opening evening", "labels": []string{"party"}, "assignees": people(o.jun)}},
		{3, m{"title": "Delivery costs are wrong for Jeju and the islands", "priority": "urgent", "due": day(1), "labels": []string{"bug", "orders"}, "assignees": people(o.jun, o.mina), "status": "in_progress"}},
		{1, m{"title": "Photograph the new mugs", "priority": "medium", "due": day(2), "labels": []string{"photos"}, "assignees": people(vera), "status": "in_progress"}},
		{5, m{"title": "Choose a payment provider", "priority": "high", "due": day(0), "labels": []string{"orders"}, "assignees": people(o.mina, o.jun), "status": "in_progress"}},
		{0, m{"title": "Build the shelves by the window", "labels": []string{"shelves"}, "assignees": people(o.jun, vera), "status": "in_progress"}},
		{0, m{"title": "Register the domain", "assignees": people(o.mina), "status": "done"}},
		{4, m{"title": "Agree on a name", "labels": []string{"words"}, "assignees": people(o.mina, o.jun, vera), "status": "done"}},
		{0, m{"title": "Sign the lease", "priority": "high", "assignees": people(o.mina), "status": "done"}},
		{1, m{"title": "Draw the logo", "labels": []string{"photos"}, "assignees": people(vera), "status": "done"}},
		{0, m{"title": "Order the first 200 mugs", "labels": []string{"orders"}, "assignees": people(o.jun), "status": "done"}},
	} {
		last = o.API(o.mina, "POST", o.api("/tasks"), one.task).Want(201)
		comments := "/api/v1/tasks/" + last.Text("id") + "/comments"
		for i := range one.comments {
			last = o.API(o.jun, "POST", comments, m{"text": fmt.Sprint("Thought ", i+1)}).Want(201)
		}
	}
	o.at(last)
	return o
}
