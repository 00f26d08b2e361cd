package stories

import (
	"database/sql"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/docketlog/docket/app"
	"github.com/docketlog/docket/e2e/dockettest"
)

// An operator's work on rows while the program runs: a rebuild compares, finds
// damage and switches nothing, is undone, and cleans up on request. Answers
// stay the same throughout.
func TestRebuildOnTheCommandLine(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := dockettest.Start(t, "--data", data, "--http", "127.0.0.1:0")
	mina := dockettest.Join(t, d, "Mina")
	project := mina.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	path := "/api/v1/tasks/" + mina.Ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": "Fix the tap"})["id"].(string)
	before := everything(t, mina, project, path)
	same := func(when string) {
		t.Helper()
		if after := everything(t, mina, project, path); after != before {
			t.Errorf("answers differ after %s:\n%s", when, firstDifference(before, after))
		}
	}
	rebuild := func(want int, says string, flags ...string) {
		t.Helper()
		out, code := dockettest.Once(t, append([]string{"rebuild", "--data", data}, flags...)...)
		if code != want || !strings.Contains(out, says) {
			t.Errorf("rebuild %v: exit code %d, want %d and %q: %s", flags, code, want, says, out)
		}
	}
	rebuild(app.ExitFailed, "", "--back")
	rebuild(0, "no kept generation", "--discard")
	rebuild(0, "the new rows are identical to the previously served rows")
	same("a rebuild")
	rebuild(0, "switched back to the previous rows", "--back")
	same("going back")
	rebuild(0, "switched back to the previous rows", "--back")
	same("going forth")
	rebuild(0, "deleted kept generation 1", "--discard")

	rows, err := sql.Open("sqlite", "file:"+filepath.Join(data, "rows.db")+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if _, err := rows.Exec("update g2_tasks set title = 'Forged'"); err != nil {
		t.Fatal(err)
	}
	rebuild(app.ExitFailed, `"title":"Forged"`)
	if task := mina.Ask(200, "GET", path, nil); task["title"] != "Forged" {
		t.Errorf("rows that differ took the place of those served: %v", task)
	}
	rebuild(0, "deleted unfinished generation 3", "--cancel")
	rebuild(0, "no unfinished generation", "--cancel")
	rebuild(app.ExitFailed, `"title":"Forged"`)
	rebuild(0, "resumed after", "--accept-differences")
	same("the damage was mended")
	rebuild(app.ExitUsage, "", "--back", "--cancel")
	d.Stop()
}

// A rebuild that is killed at any point changes no answer, and the next one
// completes it.
func TestRebuildKilledOnTheCommandLine(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := dockettest.Start(t, "--data", data, "--http", "127.0.0.1:0")
	mina := dockettest.Join(t, d, "Mina")
	project := mina.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	path := "/api/v1/tasks/" + mina.Ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": "Fix the tap"})["id"].(string)
	before := everything(t, mina, project, path)

	// Kill it as soon as it is seen to be running.
	rows, err := sql.Open("sqlite", "file:"+filepath.Join(data, "rows.db")+"?_pragma=busy_timeout(20000)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	unfinished := func() (n int) {
		if err := rows.QueryRow("select count(*) from docket_generations where busy = 1").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	var cmd *exec.Cmd
	for range 50 {
		cmd = dockettest.Command(t.Context(), "rebuild", "--data", data)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		for running := true; running && unfinished() == 0; {
			select {
			case <-ended:
				running = false
			default:
			}
		}
		_ = cmd.Process.Kill()
		<-ended
		if unfinished() == 1 {
			break
		}
	}
	if unfinished() != 1 {
		t.Fatal("no rebuild was killed in the middle; the test proves nothing")
	}
	if after := everything(t, mina, project, path); after != before {
		t.Errorf("answers differ after a rebuild was killed:\n%s", firstDifference(before, after))
	}
	if out, code := dockettest.Once(t, "rebuild", "--data", data); code != 0 {
		t.Fatalf("rebuild: exit code %d: %s", code, out)
	}
	if after := everything(t, mina, project, path); after != before || unfinished() != 0 {
		t.Errorf("%d unfinished; answers differ after it was gone on with:\n%s", unfinished(), firstDifference(before, after))
	}
	if out, code := dockettest.Once(t, "audit", "verify", "--data", data); code != 0 {
		t.Errorf("audit verify: exit code %d: %s", code, out)
	}
	d.Stop()
}
