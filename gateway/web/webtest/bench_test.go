package webtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/web/browsertest"
	"github.com/docketlog/docket/internal/testkit"
)

// The figures of docs/performance.md that require a browser. Each is printed
// with its spread over the repetitions; none is asserted on.
const repetitions = 9

// crowd creates a project of many tasks, in the three columns, with typical
// card content.
func crowd(tb testing.TB, cards int) *office {
	tb.Helper()
	o := &office{House: browsertest.NewHouse(tb), t: tb}
	o.mina, o.jun = o.Register("Mina Park"), o.Register("Jun Lee")
	made := o.API(o.mina, "POST", "/api/v1/projects", m{"name": "A crowded board"}).Want(201)
	o.project = made.Text("id")
	o.API(o.mina, "POST", o.api("/members"), m{"email": o.jun.Email, "role": "member"}).Want(201)
	statuses := []string{"waiting", "in_progress", "done"}
	labels := []string{"bug", "design", "words", "orders", "photos"}
	o.tasks = make([]string, cards)
	var last events.Position
	var mu sync.Mutex
	var writers sync.WaitGroup
	for w := range 16 {
		writers.Go(func() {
			for i := w; i < cards; i += 16 {
				task := commands.CreateTask{
					Task: uuid.New(), Project: uuid.MustParse(o.project), Status: statuses[i%3],
					Title: fmt.Sprintf("Card %d of many, with a title that sometimes takes a second line", i), Priority: events.Priorities[i%5],
				}
				if i%3 == 0 {
					task.Labels = []string{labels[i%5]}
				}
				if i%2 == 0 {
					task.Assignees = []uuid.UUID{o.jun.Account}
				}
				out, err := o.Commands.Handle(context.Background(), task, commands.Request{Actor: o.mina.Account, Command: uuid.New()})
				if err != nil {
					tb.Error(err)
					return
				}
				o.tasks[i] = task.Task.String()
				mu.Lock()
				if out.Position.Sequence > last.Sequence {
					last = out.Position
				}
				mu.Unlock()
			}
		})
	}
	writers.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Limit)
	defer cancel()
	if err := o.Rows.WaitFor(ctx, last); err != nil {
		tb.Fatal(err)
	}
	return o
}

// spread prints the median, minimum and maximum of the measurements.
func spread(b *testing.B, what string, took []time.Duration) {
	b.Helper()
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(took[len(took)/2]), what+"-ms")
	b.Logf("%s: median %.1f ms, from %.1f to %.1f of %d", what, ms(took[len(took)/2]), ms(took[0]), ms(took[len(took)-1]), len(took))
}

// BenchmarkBrowserBoard opens a board of 5,000 cards, and for comparison an
// empty one, which shows the fixed cost of browser and machine.
func BenchmarkBrowserBoard(b *testing.B) {
	for _, cards := range []int{1, 5000} {
		b.Run(fmt.Sprint(cards), func(b *testing.B) {
			o := crowd(b, cards)
			page := o.board(o.mina)
			var first, interactive []time.Duration
			for b.Loop() {
				for range repetitions {
					page.Reload()
					page.WaitFor("#board[data-ready]")
					first = append(first, page.Timing().FirstByte)
					interactive = append(interactive, page.Mark("interactive"))
				}
			}
			spread(b, "first-byte", first)
			spread(b, "interactive", interactive)
			long := page.LongTasks(func() {
				for range 30 {
					page.Scroll("#c-waiting .cards", 0, 1500)
				}
			})
			b.ReportMetric(float64(len(long)), "long-tasks")
			b.Logf("scrolling 45,000 pixels: long tasks %v; cards in the document: %d", long, page.Count(".card"))
		})
	}
}

// BenchmarkBrowserEdit measures the time from a key press to the screen that
// shows the edit, on a board of 5,000 cards.
func BenchmarkBrowserEdit(b *testing.B) {
	o := crowd(b, 5000)
	page := o.board(o.mina)
	card := "#c-waiting .card:nth-child(3) a.title"
	var took []time.Duration
	for b.Loop() {
		for i := range repetitions {
			page.Hover("#c-waiting .card:nth-child(3)")
			page.Press("p")
			page.WaitFor("#choose[open]")
			page.Keys([]string{"Urgent", "High", "Low"}[i%3])
			took = append(took, page.InputToPaint("keydown", func() { page.Press("Enter") }))
			page.WaitGone("#choose")
			page.WaitGone(".card.pending")
		}
	}
	_ = card
	spread(b, "key-to-paint", took)
}

// BenchmarkBrowserLive measures the time from sending a change until another
// user's browser has it in its document, on a board of 500 cards.
func BenchmarkBrowserLive(b *testing.B) {
	o := crowd(b, 500)
	page := o.board(o.jun)
	id := o.tasks[0]
	var took []time.Duration
	for b.Loop() {
		for i := range 5 * repetitions {
			title := fmt.Sprintf("Changed %d", i+len(took))
			_ = browsertest.Eval[any](page, fmt.Sprintf(`void (window.seen = new Promise(done => {
				const look = () => document.getElementById("t-%s")?.textContent.includes(%q) && (observer.disconnect(), done(Date.now()));
				const observer = new MutationObserver(look); observer.observe(document.body, {childList: true, subtree: true, characterData: true}); look();
			}))`, id, title))
			began := time.Now().UnixMilli()
			o.API(o.mina, "PATCH", "/api/v1/tasks/"+id, m{"title": title}).Want(200)
			took = append(took, time.Duration(int64(browsertest.Eval[float64](page, "window.seen"))-began)*time.Millisecond)
		}
	}
	spread(b, "visible", took)
}

// BenchmarkBoardPage requests the page of a board of 500 cards over 16
// connections, and for comparison the bare JSON of the same board and a page
// that reads only the projects.
func BenchmarkBoardPage(b *testing.B) {
	o := crowd(b, 500)
	for _, target := range []struct{ name, path string }{
		{"page", "/projects/" + o.project}, {"json", o.api("/board")}, {"home", "/"},
	} {
		b.Run(target.name, func(b *testing.B) {
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
			defer client.CloseIdleConnections()
			ask := func() error {
				r, err := http.NewRequest("GET", o.URL+target.path, nil)
				if err != nil {
					return err
				}
				r.AddCookie(o.mina.Cookie())
				res, err := client.Do(r)
				if err != nil {
					return err
				}
				defer res.Body.Close()
				if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != 200 {
					return fmt.Errorf("status %d, %v", res.StatusCode, err)
				}
				return nil
			}
			if err := ask(); err != nil {
				b.Fatal(err)
			}
			took := make([]time.Duration, b.N)
			var next sync.Mutex
			n := 0
			b.ResetTimer()
			var clients sync.WaitGroup
			for range 16 {
				clients.Go(func() {
					for {
						next.Lock()
						i := n
						n++
						next.Unlock()
						if i >= b.N {
							return
						}
						began := time.Now()
						if err := ask(); err != nil {
							b.Error(err)
							return
						}
						took[i] = time.Since(began)
					}
				})
			}
			clients.Wait()
			b.StopTimer()
			slices.Sort(took)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pages/s")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
