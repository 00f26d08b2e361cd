package stories

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/smtptest"
)

// TestWholeLoop runs the main use case against the real program: two people
// plan, a third sees nothing, the process is killed during their work, the rows
// are deleted, and everything is still there.
func TestWholeLoop(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	mails := smtptest.Start(t, "")
	args := []string{"--data", data, "--http", "127.0.0.1:0", "--smtp", mails.URL(), "--url", "https://docket.example"}
	d := dockettest.Start(t, args...)

	mina, jun, mallory := dockettest.Join(t, d, "Mina"), dockettest.Join(t, d, "Jun"), dockettest.Join(t, d, "Mallory")
	if me := mina.Ask(200, "GET", "/api/v1/me", nil); me["administrator"] != true {
		t.Errorf("the first account is not administrator: %v", me)
	}
	if me := jun.Ask(200, "GET", "/api/v1/me", nil); me["administrator"] == true {
		t.Errorf("the second account is administrator: %v", me)
	}
	junID := jun.Ask(200, "GET", "/api/v1/me", nil)["id"].(string)

	project := mina.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	mina.Ask(201, "POST", "/api/v1/projects/"+project+"/members", map[string]any{"email": "jun@example.org", "role": "member"})
	task := mina.Ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": "Fix the tap"})
	if task["number"] != 1.0 || task["status"] != "waiting" {
		t.Errorf("created %v, want number 1 in waiting", task)
	}
	path := "/api/v1/tasks/" + task["id"].(string)
	mina.Ask(200, "PUT", path+"/assignees/"+junID, nil)

	// Jun sees Mina's change at the position that Mina received.
	jun.Position = mina.Position
	if mine := dockettest.Items(t, jun.Ask(200, "GET", "/api/v1/me/tasks", nil)); len(mine) != 1 || mine[0]["id"] != task["id"] {
		t.Fatalf("Jun's tasks: %v, want the one he was assigned", mine)
	}
	jun.Ask(200, "PATCH", path, map[string]any{"status": "in_progress", "priority": "high"})
	jun.Ask(201, "POST", path+"/comments", map[string]any{"text": "Which tap?"})

	// A third person must not even learn that it exists.
	for method, at := range map[string]string{
		"GET /task": path, "GET /history": path + "/history", "GET /project": "/api/v1/projects/" + project,
		"GET /tasks": "/api/v1/projects/" + project + "/tasks",
	} {
		mallory.Ask(404, strings.Fields(method)[0], at, nil)
	}
	mallory.Ask(404, "PATCH", path, map[string]any{"title": "Mine"})
	mallory.Ask(404, "DELETE", path, nil)
	mallory.Ask(404, "PUT", path+"/assignees/"+junID, nil)
	if seen := dockettest.Items(t, mallory.Ask(200, "GET", "/api/v1/projects", nil)); len(seen) != 0 {
		t.Errorf("Mallory sees projects: %v", seen)
	}

	// The history has the actor, time, field, old and new value.
	mina.Position = jun.Position
	var said []string
	for _, entry := range dockettest.Items(t, mina.Ask(200, "GET", path+"/history", nil)) {
		text, _ := json.Marshal(entry["changes"])
		said = append(said, fmt.Sprint(entry["type"], " ", string(text)))
	}
	history := strings.Join(said, "\n")
	for _, want := range []string{"task_created", "task_assigned", `"from":"none"`, `"to":"high"`, `"from":"waiting"`, `"to":"in_progress"`, "Which tap?"} {
		if !strings.Contains(history, want) {
			t.Errorf("history lacks %s:\n%s", want, history)
		}
	}

	// Mail: Jun is notified of Mina's assignment and Mina of Jun's changes. No
	// one is notified of their own changes, and Mallory of nothing.
	mails.Wait(t, "jun@example.org", "Fix the tap")
	mails.Wait(t, "mina@example.org", "Waiting", "In progress")
	mails.Wait(t, "mina@example.org", "Which tap?")
	mails.Wait(t, "mina@example.org", "https://docket.example/tasks/"+task["id"].(string))
	for _, m := range mails.All() {
		if m.To == "mallory@example.org" || m.To == "jun@example.org" && strings.Contains(m.Body, "Which tap?") {
			t.Errorf("a mail to %s that is not theirs:\n%s", m.To, m.Body)
		}
	}

	// The process is killed during 500 commands.
	acknowledged := createUntilKilled(t, d, mina, project, 500)
	if len(acknowledged) == 0 || len(acknowledged) >= 500 {
		t.Fatalf("%d of 500 commands were acknowledged before the kill; the test proves nothing", len(acknowledged))
	}
	t.Logf("killed after %d of 500 acknowledged", len(acknowledged))
	d = dockettest.Start(t, args...)
	for _, p := range []*dockettest.Person{mina, jun, mallory} {
		p.At = d
	}
	for id, at := range acknowledged {
		mina.Position = at
		if got := mina.Ask(200, "GET", "/api/v1/tasks/"+id, nil); got["id"] != id {
			t.Errorf("acknowledged task %s is gone: %v", id, got)
		}
	}

	// The rows are deleted while the program is down, and rebuilt again while
	// it runs. All answers stay identical byte for byte.
	before := everything(t, mina, project, path)
	d.Stop()
	rows, err := filepath.Glob(filepath.Join(data, "rows.db*"))
	if err != nil || len(rows) == 0 {
		t.Fatalf("no rows in %s: %v", data, err)
	}
	for _, file := range rows {
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	d = dockettest.Start(t, args...)
	mina.At = d
	if after := everything(t, mina, project, path); after != before {
		t.Errorf("answers differ after the rows were deleted:\n%s", firstDifference(before, after))
	}
	if out, code := dockettest.Once(t, "rebuild", "--data", data); code != 0 {
		t.Fatalf("rebuild: exit code %d: %s", code, out)
	}
	if after := everything(t, mina, project, path); after != before {
		t.Errorf("answers differ after a rebuild:\n%s", firstDifference(before, after))
	}
	if out, code := dockettest.Once(t, "audit", "verify", "--data", data); code != 0 {
		t.Errorf("audit verify: exit code %d: %s", code, out)
	}
	out, code := dockettest.Once(t, "replay", "--data", data, "--task", task["id"].(string))
	if lines := strings.Count(out, "\n"); code != 0 || lines != 5 {
		t.Errorf("replay of the task: exit code %d, %d lines, want 5:\n%s", code, lines, out)
	}
	// A second program on the same folder is refused.
	if out, code := dockettest.Once(t, args...); code == 0 {
		t.Errorf("a second process on the same data folder started: %s", out)
	}
	d.Stop()
	// The tools work on the folder of a stopped program.
	if out, code := dockettest.Once(t, "audit", "verify", "--data", data); code != 0 {
		t.Errorf("audit verify after the end: exit code %d: %s", code, out)
	}
}

// createUntilKilled sends n creates over several connections, kills the process
// when about half are acknowledged, and returns the acknowledged ids with their
// positions.
func createUntilKilled(t *testing.T, d *dockettest.Process, p *dockettest.Person, project string, n int) map[string]string {
	t.Helper()
	var mu sync.Mutex
	acknowledged := map[string]string{}
	var next, done atomic.Int64
	var kill sync.Once
	killed := make(chan struct{})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			me := &dockettest.Person{T: t, At: d, Token: p.Token}
			for {
				i := next.Add(1)
				if i > int64(n) {
					return
				}
				ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), testkit.Limit)
				a, err := me.Try(ctx, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": fmt.Sprintf("Row %d", i)})
				cancel()
				if err != nil {
					return // the process is gone
				}
				if a.Status != http.StatusCreated {
					t.Errorf("create %d: status %d: %s", i, a.Status, a.Body)
					return
				}
				var made struct{ ID string }
				if err := json.Unmarshal(a.Body, &made); err != nil {
					t.Errorf("create %d: %v", i, err)
					return
				}
				mu.Lock()
				acknowledged[made.ID] = a.Header.Get("Docket-Position")
				mu.Unlock()
				if done.Add(1) == int64(n)/2 {
					kill.Do(func() { d.Kill(); close(killed) })
				}
			}
		})
	}
	all.Wait()
	select {
	case <-killed:
	default:
		t.Fatal("the process was not killed")
	}
	return acknowledged
}

// everything returns all that a member can read, as one text.
func everything(t *testing.T, p *dockettest.Person, project, task string) string {
	t.Helper()
	var b strings.Builder
	paths := []string{
		"/api/v1/projects", "/api/v1/projects/" + project, "/api/v1/me/tasks", task, task + "/history",
		"/api/v1/projects/" + project + "/tasks?limit=500&sort=number", "/api/v1/projects/" + project + "/tasks?text=tap",
	}
	for _, path := range paths {
		testkit.Eventually(t, "GET "+path+": an answer", func() (string, bool) { // the rows may still be building
			a, err := p.Try(t.Context(), "GET", path, nil)
			state := fmt.Sprintf("%v, status %d: %s", err, a.Status, a.Body)
			switch {
			case err == nil && a.Status == 200:
				fmt.Fprintf(&b, "%s\n%s\n", path, a.Body)
				return state, true
			case err == nil && a.Status != http.StatusServiceUnavailable:
				t.Fatalf("GET %s: %s", path, state)
			}
			time.Sleep(testkit.Pause)
			return state, false
		})
	}
	return b.String()
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("- %.600s\n+ %.600s", x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines and %d lines", len(x), len(y))
}
