package stories

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/internal/testkit"

	"github.com/docketlog/docket/app"
	"github.com/docketlog/docket/e2e/dockettest"
)

// TestBackupTakesEverything checks that the table of what is backed up contains
// exactly what the program creates on a broker.
func TestBackupTakesEverything(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	d := dockettest.Start(t, "--data", data, "--http", "127.0.0.1:0")
	nc, err := broker.DialRunning(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	var want []string
	for _, store := range app.Stores() {
		want = append(want, store.Stream)
	}
	slices.Sort(want)
	if have := brokertest.Streams(t, nc); !slices.Equal(have, want) {
		t.Errorf("the program keeps %q, a backup takes %q", have, want)
	}
	d.Stop()
}

// TestBackupIsRestored is the drill of docs/operations/runbooks.md. The folder
// of the log and the buckets is copied while nothing runs, and everything else
// is lost. A program started on the copy alone answers as before, accepts the
// same logins, and finds the log intact.
func TestBackupIsRestored(t *testing.T) {
	t.Parallel()
	lost := filepath.Join(t.TempDir(), "data")
	d := dockettest.Start(t, "--data", lost, "--http", "127.0.0.1:0", "--demo")
	signIn := func(d *dockettest.Process) *dockettest.Person {
		t.Helper()
		p := &dockettest.Person{T: t, At: d}
		p.Token = p.Ask(201, "POST", "/api/v1/sessions", map[string]any{"email": "mina@example.org", "password": "docket-demo"})["token"].(string)
		return p
	}
	mina := signIn(d)
	project := dockettest.Items(t, mina.Ask(200, "GET", "/api/v1/projects", nil))[0]["id"].(string)
	last := mina.Ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": "Written just before the backup"})
	answers := func(p *dockettest.Person) []any {
		t.Helper()
		var all []any
		for _, path := range []string{
			"/api/v1/projects/" + project, "/api/v1/projects/" + project + "/board", "/api/v1/projects/" + project + "/history?limit=500",
			"/api/v1/projects/" + project + "/members", "/api/v1/tasks/" + last["id"].(string), "/api/v1/me/tasks",
		} {
			all = append(all, p.Ask(200, "GET", path, nil))
		}
		return all
	}
	before := answers(mina)
	d.Stop()

	restored := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(filepath.Join(restored, "jetstream"), os.DirFS(filepath.Join(lost, "jetstream"))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(lost); err != nil {
		t.Fatal(err)
	}
	d = dockettest.Start(t, "--data", restored, "--http", "127.0.0.1:0")
	again := signIn(d)
	again.Position = mina.Position
	if diff := cmp.Diff(before, answers(again)); diff != "" {
		t.Errorf("answers before the loss and after the restore (-before +after):\n%s", diff)
	}
	again.Ask(200, "PATCH", "/api/v1/tasks/"+last["id"].(string), map[string]any{"title": "Written after the restore"})
	d.Stop()
	if out, code := dockettest.Once(t, "audit", "verify", "--data", restored); code != 0 {
		t.Errorf("audit verify: exit code %d: %s", code, out)
	}
}

// TestBackupWhilePeopleWork checks that a backup under load contains everything
// acknowledged before it began, and of later writes a prefix, complete for each
// task. Accounts with events in the backup can log in, and accounts in the
// buckets have events in its log. The backup moves from a cluster to a laptop.
func TestBackupWhilePeopleWork(t *testing.T) {
	t.Parallel()
	cluster := brokertest.Cluster(t, 3)
	rows := "sqlite:" + filepath.Join(t.TempDir(), "rows.db")
	settings := []string{"--nats", cluster.URL(), "--replicas", "3", "--data", t.TempDir()}
	gateway := dockettest.Start(t, append([]string{"gateway", "--http", "127.0.0.1:0", "--database", rows}, settings...)...)
	projector := dockettest.Start(t, append([]string{"projector", "--http", "127.0.0.1:0", "--database", rows}, settings...)...)
	mina := dockettest.Join(t, gateway, "Mina")
	project := mina.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)

	working, rest := context.WithCancel(t.Context())
	defer rest()
	var workers sync.WaitGroup
	var mu sync.Mutex
	written := map[string]string{} // acknowledged tasks by title
	for w := range 3 {
		workers.Go(func() {
			p := &dockettest.Person{T: t, At: gateway, Token: mina.Token}
			for i := 0; working.Err() == nil; i++ {
				title := fmt.Sprintf("Bed %d of %d", i, w)
				a, err := p.Try(working, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": title}, "Idempotency-Key", uuid.NewString())
				p.Position = ""
				var made struct{ ID string }
				if err == nil && a.Status == http.StatusCreated && json.Unmarshal(a.Body, &made) == nil {
					mu.Lock()
					written[title] = made.ID
					mu.Unlock()
				}
			}
		})
	}
	var joined []string
	workers.Go(func() {
		for i := 0; working.Err() == nil; i++ {
			name := fmt.Sprintf("Guest%d", i)
			p := &dockettest.Person{T: t, At: gateway}
			if a, err := p.Try(working, "POST", "/api/v1/accounts", map[string]any{"email": strings.ToLower(name) + "@example.org", "name": name, "password": "correct horse " + name}); err == nil && a.Status == http.StatusAccepted {
				mu.Lock()
				joined = append(joined, name)
				mu.Unlock()
			}
			select {
			case <-working.Done():
			case <-time.After(300 * time.Millisecond):
			}
		}
	})
	count := func() (tasks map[string]string, people []string) {
		mu.Lock()
		defer mu.Unlock()
		return maps.Clone(written), slices.Clone(joined)
	}
	testkit.Eventually(t, "people work", func() (string, bool) {
		tasks, people := count()
		return fmt.Sprintf("%d tasks, %d people", len(tasks), len(people)), len(tasks) > 50 && len(people) > 1
	})
	tasks, people := count()
	file := filepath.Join(t.TempDir(), "docket.backup")
	if out, code := dockettest.Once(t, append([]string{"backup", file}, settings...)...); code != 0 {
		t.Fatalf("backup: exit code %d: %s", code, out)
	}
	rest()
	workers.Wait()
	gateway.Kill()
	projector.Kill()

	data := t.TempDir()
	out, code := dockettest.Once(t, "restore", file, "--data", data)
	if code != 0 {
		t.Fatalf("restore: exit code %d: %s", code, out)
	}
	d := dockettest.Start(t, "--data", data, "--http", "127.0.0.1:0")
	again := dockettest.Enter(t, d, "Mina")
	for title, id := range tasks {
		if got := again.Ask(200, "GET", "/api/v1/tasks/"+id, nil); got["title"] != title {
			t.Errorf("task %s is %v, want %s", id, got, title)
		}
	}
	for _, name := range people {
		dockettest.Enter(t, d, name)
	}
	d.Stop()
	if out, code := dockettest.Once(t, "audit", "verify", "--data", data); code != 0 {
		t.Errorf("audit verify: exit code %d: %s", code, out)
	}
	// Every account in the buckets is registered in the log.
	log, code := dockettest.Once(t, "replay", "--data", data, "--types", "account_registered")
	if code != 0 {
		t.Fatal(log)
	}
	d = dockettest.Start(t, "--data", data, "--http", "127.0.0.1:0")
	defer d.Stop()
	nc, err := broker.DialRunning(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	j, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	bucket, err := j.KeyValue(t.Context(), "docket_people")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := bucket.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if !strings.Contains(log, "events.account."+id) {
			t.Errorf("account %s is in the buckets and not in the log", id)
		}
	}
	t.Logf("%d tasks and %d people before the backup; %d people in it", len(tasks), len(people), len(ids))
}

// TestBackupToAFullDisk checks that a backup to a full disk fails with an error
// and leaves nothing that looks like a backup, and that a restore to a full
// disk leaves nothing that looks like an installation.
func TestBackupToAFullDisk(t *testing.T) {
	t.Parallel()
	data, file := laptop(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("SKIPPED: no /dev/full")
	}
	defer full.Close()
	cmd := dockettest.Command(t.Context(), "backup", "-", "--data", data)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = full, &said
	if err := cmd.Run(); err == nil || !strings.Contains(said.String(), "no space left") {
		t.Errorf("to a full device: %v: %s", err, &said)
	}

	small := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k", "docket-test", small).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: the rest, no small disk can be made here: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "--lazy", small).Run() })
	fill := filepath.Join(small, "fill")
	if err := os.WriteFile(fill, make([]byte, 240<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, code := dockettest.Tried(t, "backup", filepath.Join(small, "docket.backup"), "--data", data); code != 1 || !strings.Contains(out, "no space left") {
		t.Errorf("to a full disk: exit code %d: %s", code, out)
	}
	left, err := os.ReadDir(small)
	if err != nil || len(left) != 1 {
		t.Errorf("beside what filled it, the disk has %v: %v", left, err)
	}
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(small, "data")
	out, code := dockettest.Tried(t, "restore", file, "--data", target)
	if code != 1 {
		t.Fatalf("restored to a disk that is too small: exit code %d: %s", code, out)
	}
	t.Logf("a restore to a full disk says: %s", out)
	if !strings.Contains(out, "the partial restore was deleted") {
		t.Error("it does not say what became of what was restored")
	}
	nothing(t, target)
}

// laptop creates a small installation and stops it. It returns its folder and a
// backup of it.
func laptop(t *testing.T) (data, file string) {
	t.Helper()
	data = t.TempDir()
	d := dockettest.Start(t, "--data", data, "--http", "127.0.0.1:0")
	mina := dockettest.Join(t, d, "Mina")
	project := mina.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	for i := range 20 {
		mina.Ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": fmt.Sprint("Bed ", i), "description": noise(8000)})
	}
	file = filepath.Join(t.TempDir(), "docket.backup")
	if out, code := dockettest.Once(t, "backup", file, "--data", data); code != 0 {
		t.Fatalf("backup while it runs: exit code %d: %s", code, out)
	}
	d.Stop()
	return data, file
}

// noise returns text that hardly compresses.
func noise(length int) string {
	var b strings.Builder
	for b.Len() < length {
		b.WriteString(rand.Text())
	}
	return b.String()[:length]
}
