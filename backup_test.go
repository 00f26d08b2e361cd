package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBackupIsRestored is the drill of docs/operations.md: the folder of the log
// and the buckets is copied while nothing runs, everything else is lost, and a
// program that is started on the copy alone answers as before, lets the same
// people in, and finds the log whole.
func TestBackupIsRestored(t *testing.T) {
	t.Parallel()
	lost := filepath.Join(t.TempDir(), "data")
	d := start(t, "--data", lost, "--http", "127.0.0.1:0", "--demo")
	signIn := func(d *docket) *person {
		t.Helper()
		p := &person{t: t, d: d}
		p.token = p.ask(201, "POST", "/api/v1/sessions", map[string]any{"email": demoPeople[0].Email, "password": demoPassword})["token"].(string)
		return p
	}
	mina := signIn(d)
	project := items(t, mina.ask(200, "GET", "/api/v1/projects", nil))[0]["id"].(string)
	last := mina.ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": "Written just before the backup"})
	answers := func(p *person) []any {
		t.Helper()
		var all []any
		for _, path := range []string{
			"/api/v1/projects/" + project, "/api/v1/projects/" + project + "/board", "/api/v1/projects/" + project + "/history?limit=500",
			"/api/v1/projects/" + project + "/members", "/api/v1/tasks/" + last["id"].(string), "/api/v1/me/tasks",
		} {
			all = append(all, p.ask(200, "GET", path, nil))
		}
		return all
	}
	before := answers(mina)
	d.stop()

	restored := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(filepath.Join(restored, "jetstream"), os.DirFS(filepath.Join(lost, "jetstream"))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(lost); err != nil {
		t.Fatal(err)
	}
	d = start(t, "--data", restored, "--http", "127.0.0.1:0")
	again := signIn(d)
	again.position = mina.position
	if diff := cmp.Diff(before, answers(again)); diff != "" {
		t.Errorf("answers before the loss and after the restore (-before +after):\n%s", diff)
	}
	again.ask(200, "PATCH", "/api/v1/tasks/"+last["id"].(string), map[string]any{"title": "Written after the restore"})
	d.stop()
	if out, code := once(t, "audit", "verify", "--data", restored); code != 0 {
		t.Errorf("audit verify: exit code %d: %s", code, out)
	}
}
