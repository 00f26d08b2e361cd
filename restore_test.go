package main

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

	"github.com/docketlog/docket/backup"
	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
)

// streamsOf are the names of what a broker holds.
func streamsOf(t *testing.T, nc *nats.Conn) []string {
	t.Helper()
	j, err := js.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	list := j.StreamNames(t.Context())
	for name := range list.Name() {
		names = append(names, name)
	}
	if list.Err() != nil {
		t.Fatal(list.Err())
	}
	slices.Sort(names)
	return names
}

// TestBackupTakesEverything: what the program makes on a broker is in the table
// of what is backed up, and nothing else is.
func TestBackupTakesEverything(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	d := start(t, "--data", data, "--http", "127.0.0.1:0")
	nc, err := broker.DialRunning(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	want := slices.Sorted(slices.Values(backup.Streams()))
	if have := streamsOf(t, nc); !slices.Equal(have, want) {
		t.Errorf("the program keeps %q, a backup takes %q", have, want)
	}
	d.stop()
}

// bodies are the answers to what somebody asks, byte for byte.
func bodies(t *testing.T, p *person, paths []string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, path := range paths {
		a, err := p.try(t.Context(), "GET", path, nil)
		if err != nil || a.status != http.StatusOK {
			t.Fatalf("GET %s: %v, status %d: %s", path, err, a.status, a.body)
		}
		all[path] = string(a.body)
	}
	return all
}

// same compares what was answered before and after, which must be equal but for
// the life of the log that positions name.
func same(t *testing.T, when string, before, after map[string]string, lives ...string) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(before)) {
		want := strings.ReplaceAll(before[path], `"position":"`+lives[0]+"-", `"position":"`+lives[1]+"-")
		if want != after[path] {
			t.Errorf("%s, %s answers otherwise:\n%s\nbefore:\n%s", when, path, after[path], want)
		}
	}
}

// life is the incarnation of a position.
func life(position string) string {
	of, _, _ := strings.Cut(position, "-")
	return of
}

// enter signs in with a password that was chosen at join.
func enter(t *testing.T, d *docket, name string) *person {
	t.Helper()
	p := &person{t: t, d: d}
	p.token = p.ask(201, "POST", "/api/v1/sessions", map[string]any{"email": strings.ToLower(name) + "@example.org", "password": "correct horse " + name})["token"].(string)
	return p
}

// TestClusterIsRestored is the drill of docs/operations.md: three NATS servers as
// deploy/nats configures them and Postgres are lost, and a new cluster that has
// other passwords and certificates and an empty database is given the backup. The same
// people come in, every answer is the same byte for byte but for the life in positions, work goes on, nobody is
// mailed twice, and positions of before are refused. Rows of before that saw more than the backup
// holds are not taken for true.
func TestClusterIsRestored(t *testing.T) {
	address := postgresURL(t)
	mails := startMailServer(t)
	type installation struct {
		*guarded
		settings func(user string) []string
		role     func(name, database string) *docket
	}
	install := func() installation {
		g := startGuarded(t)
		data := t.TempDir()
		settings := func(user string) []string {
			return []string{"--nats", g.address(t, user), "--nats-ca", g.ca(), "--replicas", "3", "--data", data}
		}
		return installation{g, settings, func(name, database string) *docket {
			return start(t, append([]string{name, "--http", "127.0.0.1:0", "--url", "http://docket.test", "--smtp", mails.url, "--database", database}, settings(name)...)...)
		}}
	}
	run := func(in installation, user string, command ...string) string {
		t.Helper()
		out, code := once(t, append(command, in.settings(user)...)...)
		if code != 0 {
			t.Fatalf("docket %s: exit code %d: %s", strings.Join(command, " "), code, out)
		}
		return out
	}

	lost := install()
	run(lost, "operator", "setup")
	rows := newPostgres(t, address)
	gateway, projector, notifier := lost.role("gateway", rows), lost.role("projector", rows), lost.role("notifier", rows)
	mina, jun := join(t, gateway, "Mina"), join(t, gateway, "Jun")
	junID := jun.ask(200, "GET", "/api/v1/me", nil)["id"].(string)
	project := mina.ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	mina.ask(201, "POST", "/api/v1/projects/"+project+"/members", map[string]any{"email": "jun@example.org", "role": "member"})
	vera := join(t, gateway, "Vera")
	vera.ask(204, "DELETE", "/api/v1/me", map[string]any{"password": "correct horse Vera"})
	paths := []string{
		"/api/v1/me", "/api/v1/me/tasks", "/api/v1/projects", "/api/v1/projects/" + project, "/api/v1/projects/" + project + "/board",
		"/api/v1/projects/" + project + "/history?limit=500", "/api/v1/projects/" + project + "/members",
	}
	var task string
	for i := range 40 {
		task = mina.ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": fmt.Sprint("Bed ", i), "assignees": []string{junID}})["id"].(string)
		mina.ask(200, "PATCH", "/api/v1/tasks/"+task, map[string]any{"status": "in_progress"})
		paths = append(paths, "/api/v1/tasks/"+task, "/api/v1/tasks/"+task+"/history")
	}
	mails.wait(t, "jun@example.org", "Bed 39")
	soon(t, "every notice is decided and sent", func() bool {
		return metric(t, notifier, "docket_notices_lag_events") == "0" && metric(t, notifier, "docket_notices_waiting") == "0"
	})
	before := bodies(t, mina, paths)
	position := mina.position

	file := filepath.Join(t.TempDir(), "docket.backup")
	t.Log(run(lost, "operator", "backup", file))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is not its owner's alone: %v, %v", info, err)
	}
	// What happens after the backup is lost; the rows of before have seen it.
	for i := range 10 {
		mina.ask(200, "PATCH", "/api/v1/tasks/"+task, map[string]any{"title": fmt.Sprint("Too late ", i)})
	}
	mina.ask(200, "GET", "/api/v1/tasks/"+task, nil)
	for _, d := range []*docket{gateway, projector, notifier} {
		d.kill()
	}
	for _, s := range lost.servers {
		s.Shutdown()
		s.WaitForShutdown()
	}
	sent := len(mails.all())

	found := install()
	t.Log(run(found, "operator", "restore", file))
	run(found, "operator", "setup")
	if out, code := once(t, append([]string{"restore", file}, found.settings("operator")...)...); code != 1 {
		t.Errorf("restored twice: exit code %d: %s", code, out)
	}
	empty := newPostgres(t, address)
	gateway, projector, notifier = found.role("gateway", empty), found.role("projector", empty), found.role("notifier", empty)
	old := found.role("gateway", rows) // which a projector must bring into this life
	oldProjector := found.role("projector", rows)

	// The session of before is good, its position is not, and says so.
	mina.d = gateway
	if a, err := mina.try(t.Context(), "GET", "/api/v1/projects/"+project, nil, "Docket-Position", position); err != nil || a.status != http.StatusGone ||
		!strings.Contains(string(a.body), "position_gone") {
		t.Errorf("a position of before: %v, status %d: %s", err, a.status, a.body)
	}
	again := enter(t, gateway, "Mina")
	soon(t, "the rows are made", func() bool {
		a, err := again.try(t.Context(), "GET", "/api/v1/projects/"+project, nil)
		return err == nil && a.status == http.StatusOK
	})
	// Its own sign-in is the log's last event.
	session := again.ask(200, "GET", "/api/v1/me", nil)
	if session["email"] != "mina@example.org" {
		t.Errorf("signed in as %v", session)
	}
	lives := []string{life(position), life(again.position)}
	if lives[0] == lives[1] {
		t.Errorf("the log came back in the life it had: %s", lives[0])
	}
	same(t, "restored", before, bodies(t, &person{t: t, d: gateway, token: mina.token, position: again.position}, paths), lives...)
	onOld := &person{t: t, d: old, token: mina.token, position: again.position}
	soon(t, "rows of another life are made anew", func() bool {
		a, err := onOld.try(t.Context(), "GET", "/api/v1/projects/"+project, nil)
		return err == nil && a.status == http.StatusOK
	})
	same(t, "on the database of before", before, bodies(t, onOld, paths), lives...)

	if a, err := (&person{t: t, d: gateway}).try(t.Context(), "POST", "/api/v1/sessions", map[string]any{"email": "vera@example.org", "password": "correct horse Vera"}); err != nil || a.status == http.StatusCreated {
		t.Errorf("somebody who was erased comes in: %v, status %d", err, a.status)
	}
	again.ask(200, "PATCH", "/api/v1/tasks/"+task, map[string]any{"title": "Written after the restore"})
	if got := enter(t, gateway, "Jun").ask(200, "GET", "/api/v1/tasks/"+task, nil, "Docket-Position", again.position); got["title"] != "Written after the restore" {
		t.Errorf("after the restore: %v", got)
	}
	mails.wait(t, "jun@example.org", "Written after the restore")
	if n := len(mails.all()); n != sent+1 {
		t.Errorf("%d mails after the restore, want the one of what happened after it", n-sent)
	}
	run(found, "projector", "audit", "verify", "--database", empty)
	for d, name := range map[*docket]string{gateway: "docket_broker_stored_bytes", projector: "docket_rows_position", notifier: "docket_notices_waiting"} {
		if metric(t, d, name) == "" {
			t.Errorf("%s does not say %s", d.url, name)
		}
	}
	for _, d := range []*docket{gateway, projector, notifier, old, oldProjector} {
		d.stop()
	}
	if said := found.said.String(); strings.Contains(said, "iolation") {
		t.Errorf("the servers refused a role what it needs:\n%s", said)
	}
}

// TestBackupWhilePeopleWork: what was acknowledged before a backup began is in
// it, of what was written meanwhile a beginning, each task's in one piece; who did something that
// is in it can come in, and who is in it is in its log. It goes from a
// cluster to a laptop.
func TestBackupWhilePeopleWork(t *testing.T) {
	t.Parallel()
	cluster := brokertest.Cluster(t, 3)
	rows := "sqlite:" + filepath.Join(t.TempDir(), "rows.db")
	settings := []string{"--nats", cluster.URL(), "--replicas", "3", "--data", t.TempDir()}
	gateway := start(t, append([]string{"gateway", "--http", "127.0.0.1:0", "--database", rows}, settings...)...)
	projector := start(t, append([]string{"projector", "--http", "127.0.0.1:0", "--database", rows}, settings...)...)
	mina := join(t, gateway, "Mina")
	project := mina.ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)

	working, rest := context.WithCancel(t.Context())
	defer rest()
	var workers sync.WaitGroup
	var mu sync.Mutex
	written := map[string]string{} // tasks by title, once acknowledged
	for w := range 3 {
		workers.Go(func() {
			p := &person{t: t, d: gateway, token: mina.token}
			for i := 0; working.Err() == nil; i++ {
				title := fmt.Sprintf("Bed %d of %d", i, w)
				a, err := p.try(working, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": title}, "Idempotency-Key", uuid.NewString())
				p.position = ""
				var made struct{ ID string }
				if err == nil && a.status == http.StatusCreated && json.Unmarshal(a.body, &made) == nil {
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
			p := &person{t: t, d: gateway}
			if a, err := p.try(working, "POST", "/api/v1/accounts", map[string]any{"email": strings.ToLower(name) + "@example.org", "name": name, "password": "correct horse " + name}); err == nil && a.status == http.StatusAccepted {
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
	soon(t, "people work", func() bool { tasks, people := count(); return len(tasks) > 50 && len(people) > 1 })
	tasks, people := count()
	file := filepath.Join(t.TempDir(), "docket.backup")
	if out, code := once(t, append([]string{"backup", file}, settings...)...); code != 0 {
		t.Fatalf("backup: exit code %d: %s", code, out)
	}
	rest()
	workers.Wait()
	gateway.kill()
	projector.kill()

	data := t.TempDir()
	out, code := once(t, "restore", file, "--data", data)
	if code != 0 {
		t.Fatalf("restore: exit code %d: %s", code, out)
	}
	d := start(t, "--data", data, "--http", "127.0.0.1:0")
	again := enter(t, d, "Mina")
	for title, id := range tasks {
		if got := again.ask(200, "GET", "/api/v1/tasks/"+id, nil); got["title"] != title {
			t.Errorf("task %s is %v, want %s", id, got, title)
		}
	}
	for _, name := range people {
		enter(t, d, name)
	}
	d.stop()
	if out, code := once(t, "audit", "verify", "--data", data); code != 0 {
		t.Errorf("audit verify: exit code %d: %s", code, out)
	}
	// Everybody who is in the buckets has a beginning in the log.
	log, code := once(t, "replay", "--data", data, "--types", "account_registered")
	if code != 0 {
		t.Fatal(log)
	}
	d = start(t, "--data", data, "--http", "127.0.0.1:0")
	defer d.stop()
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

// noise is text that cannot be compressed much.
func noise(length int) string {
	var b strings.Builder
	for b.Len() < length {
		b.WriteString(rand.Text())
	}
	return b.String()[:length]
}

// laptop makes a small installation, stopped, and gives its folder, a backup of
// it, and whoever was last to write.
func laptop(t *testing.T) (data, file string) {
	t.Helper()
	data = t.TempDir()
	d := start(t, "--data", data, "--http", "127.0.0.1:0")
	mina := join(t, d, "Mina")
	project := mina.ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	for i := range 20 {
		mina.ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": fmt.Sprint("Bed ", i), "description": noise(8000)})
	}
	file = filepath.Join(t.TempDir(), "docket.backup")
	if out, code := once(t, "backup", file, "--data", data); code != 0 {
		t.Fatalf("backup while it runs: exit code %d: %s", code, out)
	}
	d.stop()
	return data, file
}

// tried runs docket to its end and gives all that it said.
func tried(t *testing.T, args ...string) (said string, code int) {
	t.Helper()
	var out bytes.Buffer
	cmd := command(t.Context(), args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// nothing wants a folder in which a broker holds nothing.
func nothing(t *testing.T, data string) {
	t.Helper()
	b, err := broker.Start(t.Context(), broker.Options{Dir: data})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Stop()
	nc, err := b.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if have := streamsOf(t, nc); len(have) > 0 {
		t.Errorf("%s holds %q", data, have)
	}
}

// TestRestoreRefuses what is no whole backup before it touches anything, and a
// place where something is. What is no whole backup, the room tries.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	data, file := laptop(t)
	whole := []byte(readFile(t, file))
	if out, code := tried(t, "backup", file, "--data", data); code != 1 || !strings.Contains(out, "there already") {
		t.Errorf("a second backup of the same name: exit code %d: %s", code, out)
	}
	for what, wrong := range map[string]struct {
		content []byte
		says    string
	}{
		"something else": {[]byte(readFile(t, "README.md")), "no backup"},
		"half of it":     {whole[:len(whole)/2], "cut short"},
	} {
		path, target := filepath.Join(t.TempDir(), "wrong"), t.TempDir()
		if err := os.WriteFile(path, wrong.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, code := tried(t, "restore", path, "--data", target); code != 1 || !strings.Contains(out, wrong.says) || !strings.Contains(out, "nothing was touched") {
			t.Errorf("%s: exit code %d, want 1 and %q: %s", what, code, wrong.says, out)
		}
		nothing(t, target)
	}
	if out, code := tried(t, "restore", file, "--data", data); code != 1 || !strings.Contains(out, "not empty") {
		t.Errorf("where something is: exit code %d: %s", code, out)
	}
	d := start(t, "--data", data, "--http", "127.0.0.1:0")
	if out, code := tried(t, "restore", file, "--data", data); code != 1 || !strings.Contains(out, "in use") {
		t.Errorf("where the program runs: exit code %d: %s", code, out)
	}
	enter(t, d, "Mina")
	d.stop()

	// Nobody is harmed: the whole one is restored where the others were refused.
	target := t.TempDir()
	if out, code := tried(t, "restore", file, "--data", target); code != 0 {
		t.Errorf("the whole one: exit code %d: %s", code, out)
	}
}

// TestBackupToAFullDisk fails, says so, and leaves nothing that could be taken
// for a backup; a restore to a full disk leaves nothing that could be taken for
// an installation.
func TestBackupToAFullDisk(t *testing.T) {
	t.Parallel()
	data, file := laptop(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("SKIPPED: no /dev/full")
	}
	defer full.Close()
	cmd := command(t.Context(), "backup", "-", "--data", data)
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
	if out, code := tried(t, "backup", filepath.Join(small, "docket.backup"), "--data", data); code != 1 || !strings.Contains(out, "no space left") {
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
	out, code := tried(t, "restore", file, "--data", target)
	if code != 1 {
		t.Fatalf("restored to a disk that is too small: exit code %d: %s", code, out)
	}
	t.Logf("a restore to a full disk says: %s", out)
	if !strings.Contains(out, "taken away again") {
		t.Error("it does not say what became of what was restored")
	}
	nothing(t, target)
}
