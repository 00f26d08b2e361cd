package webtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/docketlog/docket/gateway/web/browsertest"
)

// The office's cards, by title.
const (
	mugs     = "Photograph the new mugs"
	words    = "Write the announcement"
	friends  = "Ask three friends to place a test order"
	delivery = "Delivery costs are wrong for islands"
	shopName = "가게 이름 정하기"
)

// card selects a card of the board by its title.
func card(title string) string { return fmt.Sprintf(`#board .card:has-text("%s")`, title) }

// link selects the part of a card that takes the focus.
func link(title string) string { return fmt.Sprintf(`#board .card a.title:has-text("%s")`, title) }

// shows waits until a column shows exactly these cards, in this order.
func shows(p *browsertest.Page, status string, titles ...string) {
	want, _ := json.Marshal(titles)
	if titles == nil {
		want = []byte("[]")
	}
	p.Wait(fmt.Sprintf("%s to show %s", status, want), fmt.Sprintf(
		`JSON.stringify([...document.querySelectorAll("#c-%s .card")].map(c => (c.querySelector(".title")?.textContent ?? c.querySelector(".rename").value))) === %q`, status, want))
}

// column returns the cards of a column according to the API, in order.
func (o *office) column(status string) []string {
	o.t.Helper()
	var board struct {
		Columns []struct {
			Status struct{ Key string }
			Tasks  []struct{ Title string }
		}
	}
	a := o.API(o.mina, "GET", o.api("/board"), nil).Want(200)
	if err := json.Unmarshal(a.Body, &board); err != nil {
		o.t.Fatal(err)
	}
	titles := []string{}
	for _, c := range board.Columns {
		for _, t := range c.Tasks {
			if c.Status.Key == status {
				titles = append(titles, t.Title)
			}
		}
	}
	return titles
}

// stands waits until a column has these cards on the page, with no change
// pending, and in the API.
func (o *office) stands(p *browsertest.Page, status string, titles ...string) {
	o.t.Helper()
	shows(p, status, titles...)
	p.WaitCount("#board .card.pending", 0)
	o.Eventually(fmt.Sprintf("%s is %q", status, titles), func() (any, bool) {
		have := o.column(status)
		return fmt.Sprintf("%q", have), slices.Equal(have, titles)
	})
	shows(p, status, titles...)
	p.WaitText("#c-"+status+" .count", fmt.Sprint(len(titles)))
}

// focus focuses a card, as tabbing to it would.
func focus(p *browsertest.Page, title string) {
	p.WaitFor(link(title))
	_ = browsertest.Eval[bool](p, fmt.Sprintf(`[...document.querySelectorAll("#board a.title")].find(a => a.textContent === %q).focus() ?? true`, title))
	p.WaitFocus(link(title))
}

// said waits for an announcement to screen readers.
func said(p *browsertest.Page, text string) { p.WaitText("#said", text) }

func TestCardsShowWhatMatters(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	o.stands(page, "waiting", mugs, words, friends)
	for title, parts := range map[string]map[string]string{
		mugs:     {".number": "#1", ".priority": "Medium", ".due": "Tomorrow", ".labels": "photos", ".people": "Jun Lee"},
		words:    {".number": "#2", ".priority": "High", ".labels": "words", ".people": "Mina Park", ".said": "1 comment"},
		delivery: {".number": "#4", ".priority": "Urgent", ".due.late": "", ".labels": "bug", ".people": "Jun Lee"},
	} {
		for part, want := range parts {
			got := browsertest.Eval[string](page, fmt.Sprintf(`[...document.querySelectorAll("#board .card")].find(c => c.textContent.includes(%q)).querySelector(%q)?.textContent.trim() ?? "none"`, title, part))
			if !strings.Contains(got, want) {
				t.Errorf("%s of %q is %q, want %q", part, title, got, want)
			}
		}
	}
	// The card as rendered by the script does not differ.
	before := page.Texts(card(words))
	o.at(o.API(o.jun, "POST", "/api/v1/tasks/"+o.tasks[1]+"/comments", m{"text": "Two"}).Want(201))
	page.WaitText(card(words), "2 comments")
	if got := page.Texts(card(words)); len(got) != 1 || strings.Replace(got[0], "2 comments", "1 comment", 1) != before[0] {
		t.Errorf("painted %q, the page came with %q", got, before)
	}
}

func TestColumnLimit(t *testing.T) {
	o := newOffice(t)
	o.at(o.API(o.mina, "PATCH", o.api(""), m{"statuses": []m{
		{"key": "waiting", "name": "Waiting", "category": "to_do", "limit": 3},
		{"key": "in_progress", "name": "In progress", "category": "doing", "limit": 1}, {"key": "done", "name": "Done", "category": "done"},
	}}).Want(200))
	page := o.board(o.mina)
	page.WaitText("#c-waiting .count", "3 / 3")
	page.WaitText("#c-in_progress .count:not(.over)", "1 / 1")
	page.DragTo(card(mugs), card(delivery), .5, .1)
	page.WaitText("#c-in_progress .count.over", "2 / 1")
	page.WaitText("#c-waiting .count:not(.over)", "2 / 3")
	page.Reload()
	page.WaitText("#c-in_progress .count.over", "2 / 1")
	// Limits do not apply to search results.
	page.Fill("#q", "islands")
	shows(page, "waiting")
	page.WaitText("#c-in_progress .count:not(.over)", "1")
	if got := page.Text("#c-in_progress .count"); got != "1" {
		t.Errorf("with a filter the count says %q", got)
	}
}

// TestSingleKeys tests the single-key commands on the card under the pointer
// and on the focused one.
func TestSingleKeys(t *testing.T) {
	for name, aim := range map[string]func(*browsertest.Page, string){
		"hovered": func(p *browsertest.Page, title string) { p.Hover(card(title)) },
		"focused": focus,
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			page := o.board(o.mina)
			on := func(title, key string) { page.WaitCount(".card.pending", 0); aim(page, title); page.Press(key) }
			pick := func(text string) { page.WaitFocus("#choose input"); page.Keys(text + "\n") }

			on(friends, "p")
			pick("high")
			page.WaitText(card(friends), "High")
			on(friends, "d")
			pick("tomorrow")
			page.WaitText(card(friends), "Tomorrow")
			on(friends, "d")
			pick("2031-02-03")
			page.WaitText(card(friends), "3 Feb 2031")
			on(friends, "a")
			pick("jun")
			page.WaitText(card(friends), "Jun Lee")
			page.Press("Escape")
			page.WaitGone("#choose")
			on(friends, "m")
			page.WaitText(card(friends), "Mina Park")
			on(friends, "l")
			pick("fresh")
			page.WaitText(card(friends), "fresh")
			pick("photos")
			page.WaitText(card(friends), "photos")
			page.Press("Escape")
			page.WaitGone("#choose")
			on(friends, "e")
			page.WaitFocus(".rename")
			page.Press("Control+a")
			page.Keys("Ask four friends\n")
			page.WaitText(card("Ask four"), "Ask four friends")
			on("Ask four friends", "s")
			pick("done")
			o.stands(page, "done", shopName, "Ask four friends")
			on("Ask four friends", "x")
			page.WaitFor(`.card[data-picked]:has-text("Ask four friends")`)
			page.Press("Escape")
			page.WaitCount(".card[data-picked]", 0)
			on("Ask four friends", "o")
			page.WaitFor("#panel #task")
			page.Press("Escape")
			page.WaitGone("#panel")
			on("Ask four friends", "Delete")
			o.stands(page, "done", shopName)
			task := o.API(o.mina, "GET", "/api/v1/tasks/"+o.tasks[2], nil).Want(200).JSON()
			if task["priority"] != "high" || task["due"] != "2031-02-03" || len(task["assignees"].([]any)) != 2 || len(task["labels"].([]any)) != 2 {
				t.Errorf("at the end the task is %v", task)
			}
			for range 2 {
				page.Press("Control+z")
			}
			o.stands(page, "waiting", mugs, words, "Ask four friends")
		})
	}
}

func TestWalkTheBoard(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	for _, step := range []struct{ key, at string }{
		{"j", mugs}, {"j", words}, {"j", friends}, {"j", friends}, {"k", words}, {"ArrowDown", friends}, {"ArrowUp", words},
		{"ArrowRight", delivery}, {"ArrowRight", shopName}, {"h", delivery}, {"ArrowLeft", mugs}, {"Delete", words}, {"k", words}, {"j", friends}, {"Delete", words},
	} {
		page.Press(step.key)
		page.WaitFocus(link(step.at))
	}
}

func TestCopyLink(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.mina)
	_ = browsertest.Eval[any](page, `void (navigator.clipboard.writeText = async text => { window.copied = text })`)
	page.Hover(card(words))
	page.Press("y")
	page.WaitText(".toast", "Link copied")
	if got := browsertest.Eval[string](page, "window.copied"); got != o.URL+"/tasks/"+o.tasks[1] {
		t.Errorf("copied %q", got)
	}
}

func TestRefusedEditsGoBack(t *testing.T) {
	o := newOffice(t)
	jun := o.board(o.jun, browsertest.Allow("net::ERR_"))

	// The server is unreachable, and comes back.
	o.StopServer()
	jun.DragTo(card(mugs), card(delivery), .5, .1)
	shows(jun, "in_progress", mugs, delivery)
	jun.WaitFor(".card.pending")
	jun.WaitText(".toast", "Not connected")
	shows(jun, "in_progress", delivery)
	shows(jun, "waiting", mugs, words, friends)
	jun.WaitCount(".card.pending", 0)
	o.StartServer()
	jun.WaitGone("#offline")
	o.stands(jun, "waiting", mugs, words, friends)

	// A short outage is bridged.
	o.StopServer()
	jun.DragTo(card(mugs), card(delivery), .5, .1)
	jun.WaitFor(".card.pending")
	o.StartServer()
	o.stands(jun, "in_progress", mugs, delivery)

	// Jun is a viewer from now on, and his page does not know it yet.
	hold := `void (window.real = fetch, window.fetch = (a, o) => o?.method === "PATCH" ? new Promise(go => window.letGo = go).then(() => real(a, o)) : real(a, o))`
	_ = browsertest.Eval[any](jun, hold)
	jun.Hover(card(words))
	jun.Press("p")
	jun.WaitFocus("#choose input")
	jun.Keys("low\n")
	jun.WaitText(card(words), "Low")
	o.API(o.mina, "PATCH", o.api("/members/"+o.jun.Account.String()), m{"role": "viewer"}).Want(200)
	_ = browsertest.Eval[any](jun, `void letGo()`)
	jun.WaitText(".toast", "Error: ")
	jun.WaitText(card(words), "High")
	jun.WaitGone("#a-waiting")
	jun.WaitText("#head", "Viewer")

	// Users who may not write are offered no way to.
	jun.DragTo(card(words), card(delivery), .5, .1)
	if got := jun.Count(".card.pending"); got != 0 {
		t.Error("a viewer has moved a card")
	}
}

func TestArchivedProjectRefuses(t *testing.T) {
	o := newOffice(t)
	page := o.board(o.jun)
	_ = browsertest.Eval[any](page, `void (window.real = fetch, window.fetch = (a, o) => o?.method === "DELETE" ? new Promise(go => window.letGo = go).then(() => real(a, o)) : real(a, o))`)
	page.Hover(card(words))
	page.Press("Delete")
	shows(page, "waiting", mugs, friends)
	o.at(o.API(o.mina, "PATCH", o.api(""), m{"archived": true}).Want(200))
	_ = browsertest.Eval[any](page, `void letGo()`)
	page.WaitText(".toast", "archived")
	shows(page, "waiting", mugs, words, friends)
	page.WaitGone("#a-waiting")
	page.WaitText("#head", "Archived")
}

// TestCrowdedBoard uses a board too large to be in the page completely.
func TestCrowdedBoard(t *testing.T) {
	const many = 1500
	o := crowd(t, many)
	page := o.board(o.mina)
	page.WaitText("#c-waiting .count", "500")
	if n := page.Count("#board .card"); n > 120 {
		t.Errorf("%d cards are in the page", n)
	}
	order := o.column("waiting")

	_ = browsertest.Eval[any](page, `void (document.querySelector("#c-waiting .cards").scrollTop = 1e9)`)
	page.WaitFor(card(order[499]))
	page.Wait("the last card to be in view", `(r => r.bottom <= document.querySelector("#c-waiting .cards").getBoundingClientRect().bottom + 1)([...document.querySelectorAll("#c-waiting .card")].at(-1).getBoundingClientRect())`)
	page.Screenshot("board-crowded-end")

	// A card from far down moves to another column, between the right two.
	other := o.column("in_progress")
	page.DragTo(card(order[499]), card(other[1]), .5, .1)
	page.Wait("it to settle", `document.querySelectorAll(".card.pending").length === 0`)
	o.Eventually("it is in its place", func() (any, bool) {
		first := o.column("in_progress")[:3]
		return fmt.Sprintf("%q", first), slices.Equal(first, []string{other[0], order[499], other[1]})
	})
	page.WaitText("#c-waiting .count", "499")
	page.WaitText("#c-in_progress .count", "501")

	_ = browsertest.Eval[any](page, `void (document.querySelector("#c-waiting .cards").scrollTop = 0)`)
	page.WaitFor(card(order[0]))
	focus(page, order[0])
	for i := 1; i <= 40; i++ {
		page.Press("j")
		page.WaitFocus(link(order[i]))
	}
	if n := page.Count("#board .card"); n > 150 {
		t.Errorf("%d cards are in the page after a walk", n)
	}
	if page.Count(card(order[0])) != 0 {
		t.Error("a card far above is still in the page")
	}
	for i := 39; i >= 0; i-- {
		page.Press("k")
		page.WaitFocus(link(order[i]))
	}
	// Navigation continues from a card that was scrolled out of view.
	page.Scroll("#c-waiting .cards", 0, 6000)
	page.Wait("the focus to be out of sight", `!document.activeElement.closest(".card")`)
	page.Press("j")
	page.WaitFocus(link(order[1]))

	page.Type("#q", "Card 423 of")
	page.WaitText("#c-waiting .count", "1")
	shows(page, "waiting", "Card 423 of many, with a title that sometimes takes a second line")
	page.Fill("#q", "")
	page.WaitText("#c-waiting .count", "499")

	// No flicker: the cards keep their elements.
	_ = browsertest.Eval[any](page, `void (window.moves = 0, new MutationObserver(all => window.moves += all.filter(r => r.addedNodes.length).length).observe(document.querySelector("#board"), {childList: true, subtree: true}))`)
	o.at(o.API(o.jun, "PATCH", "/api/v1/tasks/"+o.tasks[1], m{"title": "Renamed by Jun"}).Want(200))
	page.WaitText("#c-in_progress", "Renamed by Jun")
	if n := browsertest.Eval[int](page, "window.moves"); n > 12 {
		t.Errorf("one other title has put %d elements in", n)
	}
}
