package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
)

// soakFor returns the duration of the soak: DOCKET_SOAK, or a short default.
func soakFor(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("DOCKET_SOAK")
	if text == "" {
		return 15 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("DOCKET_SOAK: %v", err)
	}
	return d
}

// soaking reports whether tests that count rounds run their long forms.
func soaking() bool { return os.Getenv("DOCKET_SOAK") != "" }

// TestSoak runs six clients while the process is killed and restarted every few
// seconds. Each client retries unanswered writes with the same key, as a client
// should. At the end every write is there exactly once, and the audit finds
// nothing.
func TestSoak(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	args := []string{"--data", data, "--http", testkit.FreeAddress(t)}
	d := dockettest.Start(t, args...)
	mina := dockettest.Join(t, d, "Mina")
	project := mina.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)

	ctx, cancel := context.WithTimeout(t.Context(), soakFor(t))
	defer cancel()
	const clients = 6
	made := make([]map[string][]string, clients) // task → comments, by client
	var all sync.WaitGroup
	for c := range clients {
		made[c] = map[string][]string{}
		all.Go(func() { soakClient(ctx, t, &dockettest.Person{T: t, At: d, Token: mina.Token}, project, c, made[c]) })
	}
	kills := 0
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(time.Second + rand.N(3*time.Second)):
			d.Kill()
			d = dockettest.Start(t, args...)
			kills++
		}
	}
	all.Wait()

	// This write comes after all of theirs, so reads from here on include them.
	mina.Ask(200, "PATCH", "/api/v1/projects/"+project, map[string]any{"name": "Garden at dusk"})
	tasks, comments := 0, 0
	titles := map[any]int{}
	for cursor := ""; ; {
		page := mina.Ask(200, "GET", "/api/v1/projects/"+project+"/tasks?limit=500&cursor="+cursor, nil)
		for _, task := range dockettest.Items(t, page) {
			titles[task["title"]]++
		}
		if cursor, _ = page["next"].(string); cursor == "" {
			break
		}
	}
	for title, n := range titles {
		if n != 1 {
			t.Errorf("there are %d tasks %q", n, title)
		}
	}
	for c := range clients {
		for task, texts := range made[c] {
			tasks++
			var got []string
			for _, comment := range dockettest.Items(t, mina.Ask(200, "GET", "/api/v1/tasks/"+task+"/comments?limit=500", nil)) {
				got = append(got, comment["text"].(string))
			}
			comments += len(texts)
			for _, text := range texts {
				if n := strings.Count("\n"+strings.Join(got, "\n")+"\n", "\n"+text+"\n"); n != 1 {
					t.Errorf("task %s has %q %d times", task, text, n)
				}
			}
		}
	}
	if out, code := dockettest.Once(t, "audit", "verify", "--data", data); code != 0 {
		t.Errorf("audit verify: exit code %d: %s", code, out)
	}
	if len(titles) != tasks {
		t.Errorf("there are %d tasks, %d were acknowledged", len(titles), tasks)
	}
	t.Logf("%d tasks, %d comments, %d kills", tasks, comments, kills)
	if kills == 0 || comments == 0 {
		t.Error("nothing was killed or nothing was written: the soak proves nothing")
	}
	d.Stop()
}

// soakClient writes until ctx ends, and retries each write until it is
// acknowledged.
func soakClient(ctx context.Context, t *testing.T, p *dockettest.Person, project string, c int, made map[string][]string) {
	var task string
	for i := 0; ctx.Err() == nil; i++ {
		switch {
		case task == "" || i%20 == 0:
			a := insist(t, p, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": fmt.Sprintf("Bed %d of %d", i, c)})
			var created struct{ ID string }
			if err := json.Unmarshal(a.Body, &created); err != nil || a.Status != http.StatusCreated {
				t.Errorf("create: status %d: %s", a.Status, a.Body)
				return
			}
			task = created.ID
			made[task] = nil
		case i%3 == 0:
			status := []string{"waiting", "in_progress", "done"}[rand.N(3)]
			if a := insist(t, p, "PATCH", "/api/v1/tasks/"+task, map[string]any{"status": status}); a.Status != http.StatusOK {
				t.Errorf("move: status %d: %s", a.Status, a.Body)
				return
			}
		default:
			text := fmt.Sprintf("remark %d of %d", i, c)
			if a := insist(t, p, "POST", "/api/v1/tasks/"+task+"/comments", map[string]any{"text": text}); a.Status != http.StatusCreated {
				t.Errorf("comment: status %d: %s", a.Status, a.Body)
				return
			}
			made[task] = append(made[task], text)
		}
	}
}

// insist retries one write with the same key until the response says anything
// other than that the service is unavailable.
func insist(t *testing.T, p *dockettest.Person, method, path string, body any) dockettest.Answer {
	key := uuid.NewString()
	deadline := time.Now().Add(testkit.Limit)
	for {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
		a, err := p.Try(ctx, method, path, body, "Idempotency-Key", key)
		cancel()
		if err == nil && a.Status != http.StatusServiceUnavailable {
			return a
		}
		if time.Now().After(deadline) {
			t.Errorf("%s %s: not answered for %v: %v, status %d: %s", method, path, testkit.Limit, err, a.Status, a.Body)
			return a
		}
		time.Sleep(50 * time.Millisecond)
	}
}
