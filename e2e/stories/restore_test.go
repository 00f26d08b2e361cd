package stories

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/smtptest"
	"github.com/docketlog/docket/internal/testkit/sqltest"
)

// TestClusterIsRestored is the drill of docs/operations/runbooks.md. Postgres
// and three NATS servers configured by deploy/nats are lost, and the backup is
// restored to a new cluster with other passwords and certificates and an empty
// database. The same accounts can log in, every answer is identical byte for
// byte except for the incarnation in positions, work continues, no mail is sent
// twice, and old positions are refused. Old rows with events newer than the
// backup are not used.
func TestClusterIsRestored(t *testing.T) {
	address := sqltest.PostgresURL(t)
	mails := smtptest.Start(t, "")
	type installation struct {
		*guarded
		settings func(user string) []string
		role     func(name, database string) *dockettest.Process
	}
	install := func() installation {
		g := startGuarded(t)
		data := t.TempDir()
		settings := func(user string) []string {
			return []string{"--nats", g.address(t, user), "--nats-ca", g.ca(), "--replicas", "3", "--data", data}
		}
		return installation{g, settings, func(name, database string) *dockettest.Process {
			return dockettest.Start(t, append([]string{name, "--http", "127.0.0.1:0", "--url", "http://docket.test", "--smtp", mails.URL(), "--database", database}, settings(name)...)...)
		}}
	}
	run := func(in installation, user string, command ...string) string {
		t.Helper()
		out, code := dockettest.Once(t, append(command, in.settings(user)...)...)
		if code != 0 {
			t.Fatalf("docket %s: exit code %d: %s", strings.Join(command, " "), code, out)
		}
		return out
	}

	lost := install()
	run(lost, "operator", "setup")
	rows := sqltest.NewPostgres(t, address)
	gateway, projector, notifier := lost.role("gateway", rows), lost.role("projector", rows), lost.role("notifier", rows)
	mina, jun := dockettest.Join(t, gateway, "Mina"), dockettest.Join(t, gateway, "Jun")
	junID := jun.Ask(200, "GET", "/api/v1/me", nil)["id"].(string)
	project := mina.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	mina.Ask(201, "POST", "/api/v1/projects/"+project+"/members", map[string]any{"email": "jun@example.org", "role": "member"})
	vera := dockettest.Join(t, gateway, "Vera")
	vera.Ask(204, "DELETE", "/api/v1/me", map[string]any{"password": "correct horse Vera"})
	paths := []string{
		"/api/v1/me", "/api/v1/me/tasks", "/api/v1/projects", "/api/v1/projects/" + project, "/api/v1/projects/" + project + "/board",
		"/api/v1/projects/" + project + "/history?limit=500", "/api/v1/projects/" + project + "/members",
	}
	var task string
	for i := range 40 {
		task = mina.Ask(201, "POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": fmt.Sprint("Bed ", i), "assignees": []string{junID}})["id"].(string)
		mina.Ask(200, "PATCH", "/api/v1/tasks/"+task, map[string]any{"status": "in_progress"})
		paths = append(paths, "/api/v1/tasks/"+task, "/api/v1/tasks/"+task+"/history")
	}
	mails.Wait(t, "jun@example.org", "Bed 39")
	testkit.Eventually(t, "every notice is decided and sent", func() (string, bool) {
		lag, waiting := dockettest.Metric(t, notifier, "docket_notices_lag_events"), dockettest.Metric(t, notifier, "docket_notices_waiting")
		return fmt.Sprintf("%s events are undecided, %s notices wait", lag, waiting), lag == "0" && waiting == "0"
	})
	before := bodies(t, mina, paths)
	position := mina.Position

	file := filepath.Join(t.TempDir(), "docket.backup")
	t.Log(run(lost, "operator", "backup", file))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is not its owner's alone: %v, %v", info, err)
	}
	// These events come after the backup and are lost; the old rows contain
	// them.
	for i := range 10 {
		mina.Ask(200, "PATCH", "/api/v1/tasks/"+task, map[string]any{"title": fmt.Sprint("Too late ", i)})
	}
	mina.Ask(200, "GET", "/api/v1/tasks/"+task, nil)
	for _, d := range []*dockettest.Process{gateway, projector, notifier} {
		d.Kill()
	}
	for _, s := range lost.servers {
		s.Shutdown()
		s.WaitForShutdown()
	}
	sent := len(mails.All())

	found := install()
	t.Log(run(found, "operator", "restore", file))
	run(found, "operator", "setup")
	if out, code := dockettest.Once(t, append([]string{"restore", file}, found.settings("operator")...)...); code != 1 {
		t.Errorf("restored twice: exit code %d: %s", code, out)
	}
	empty := sqltest.NewPostgres(t, address)
	gateway, projector, notifier = found.role("gateway", empty), found.role("projector", empty), found.role("notifier", empty)
	old := found.role("gateway", rows) // which a projector must bring to this incarnation
	oldProjector := found.role("projector", rows)

	// The old session is still valid. Its position is refused, with the reason.
	mina.At = gateway
	if a, err := mina.Try(t.Context(), "GET", "/api/v1/projects/"+project, nil, "Docket-Position", position); err != nil || a.Status != http.StatusGone ||
		!strings.Contains(string(a.Body), "position_gone") {
		t.Errorf("a position of before: %v, status %d: %s", err, a.Status, a.Body)
	}
	again := dockettest.Enter(t, gateway, "Mina")
	testkit.Eventually(t, "the rows are made", func() (string, bool) {
		a, err := again.Try(t.Context(), "GET", "/api/v1/projects/"+project, nil)
		return fmt.Sprintf("%v, status %d: %s", err, a.Status, a.Body), err == nil && a.Status == http.StatusOK
	})
	// Its own login is the last event of the log.
	session := again.Ask(200, "GET", "/api/v1/me", nil)
	if session["email"] != "mina@example.org" {
		t.Errorf("signed in as %v", session)
	}
	lives := []string{life(position), life(again.Position)}
	if lives[0] == lives[1] {
		t.Errorf("the log came back in the life it had: %s", lives[0])
	}
	same(t, "restored", before, bodies(t, &dockettest.Person{T: t, At: gateway, Token: mina.Token, Position: again.Position}, paths), lives...)
	onOld := &dockettest.Person{T: t, At: old, Token: mina.Token, Position: again.Position}
	testkit.Eventually(t, "rows of another life are made again", func() (string, bool) {
		a, err := onOld.Try(t.Context(), "GET", "/api/v1/projects/"+project, nil)
		return fmt.Sprintf("%v, status %d: %s", err, a.Status, a.Body), err == nil && a.Status == http.StatusOK
	})
	same(t, "on the database of before", before, bodies(t, onOld, paths), lives...)

	if a, err := (&dockettest.Person{T: t, At: gateway}).Try(t.Context(), "POST", "/api/v1/sessions", map[string]any{"email": "vera@example.org", "password": "correct horse Vera"}); err != nil || a.Status == http.StatusCreated {
		t.Errorf("somebody who was erased comes in: %v, status %d", err, a.Status)
	}
	again.Ask(200, "PATCH", "/api/v1/tasks/"+task, map[string]any{"title": "Written after the restore"})
	if got := dockettest.Enter(t, gateway, "Jun").Ask(200, "GET", "/api/v1/tasks/"+task, nil, "Docket-Position", again.Position); got["title"] != "Written after the restore" {
		t.Errorf("after the restore: %v", got)
	}
	mails.Wait(t, "jun@example.org", "Written after the restore")
	if n := len(mails.All()); n != sent+1 {
		t.Errorf("%d mails after the restore, want the one of what happened after it", n-sent)
	}
	run(found, "projector", "audit", "verify", "--database", empty)
	for d, name := range map[*dockettest.Process]string{gateway: "docket_broker_stored_bytes", projector: "docket_rows_position", notifier: "docket_notices_waiting"} {
		if dockettest.Metric(t, d, name) == "" {
			t.Errorf("%s does not say %s", d.URL, name)
		}
	}
	for _, d := range []*dockettest.Process{gateway, projector, notifier, old, oldProjector} {
		d.Stop()
	}
	if said := found.said.String(); strings.Contains(said, "iolation") {
		t.Errorf("the servers refused a role what it needs:\n%s", said)
	}
}

// bodies returns the responses to a person's requests, byte for byte.
func bodies(t *testing.T, p *dockettest.Person, paths []string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, path := range paths {
		a, err := p.Try(t.Context(), "GET", path, nil)
		if err != nil || a.Status != http.StatusOK {
			t.Fatalf("GET %s: %v, status %d: %s", path, err, a.Status, a.Body)
		}
		all[path] = string(a.Body)
	}
	return all
}

// same checks that the responses before and after are equal, except for the
// incarnation of the log in positions.
func same(t *testing.T, when string, before, after map[string]string, lives ...string) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(before)) {
		want := strings.ReplaceAll(before[path], `"position":"`+lives[0]+"-", `"position":"`+lives[1]+"-")
		if want != after[path] {
			t.Errorf("%s, %s answers otherwise:\n%s\nbefore:\n%s", when, path, after[path], want)
		}
	}
}

// life returns the incarnation of a position.
func life(position string) string {
	of, _, _ := strings.Cut(position, "-")
	return of
}

// TestRestoreRefuses checks that an incomplete backup, or a target that is not
// empty, is refused before anything changes. The tests of the backup room cover
// the kinds of incomplete backups.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	data, file := laptop(t)
	whole := []byte(testkit.ReadFile(t, file))
	if out, code := dockettest.Tried(t, "backup", file, "--data", data); code != 1 || !strings.Contains(out, "already exists") {
		t.Errorf("a second backup of the same name: exit code %d: %s", code, out)
	}
	for what, wrong := range map[string]struct {
		content []byte
		says    string
	}{
		"something else": {[]byte(testkit.ReadFile(t, "../../README.md")), "not a Docket backup"},
		"half of it":     {whole[:len(whole)/2], "truncated"},
	} {
		path, target := filepath.Join(t.TempDir(), "wrong"), t.TempDir()
		if err := os.WriteFile(path, wrong.content, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, code := dockettest.Tried(t, "restore", path, "--data", target); code != 1 || !strings.Contains(out, wrong.says) || !strings.Contains(out, "nothing was changed") {
			t.Errorf("%s: exit code %d, want 1 and %q: %s", what, code, wrong.says, out)
		}
		nothing(t, target)
	}
	if out, code := dockettest.Tried(t, "restore", file, "--data", data); code != 1 || !strings.Contains(out, "not empty") {
		t.Errorf("where something is: exit code %d: %s", code, out)
	}
	d := dockettest.Start(t, "--data", data, "--http", "127.0.0.1:0")
	if out, code := dockettest.Tried(t, "restore", file, "--data", data); code != 1 || !strings.Contains(out, "in use") {
		t.Errorf("where the program runs: exit code %d: %s", code, out)
	}
	dockettest.Enter(t, d, "Mina")
	d.Stop()

	// The refusals did no harm: the complete backup can still be restored.
	target := t.TempDir()
	if out, code := dockettest.Tried(t, "restore", file, "--data", target); code != 0 {
		t.Errorf("the whole one: exit code %d: %s", code, out)
	}
}

// nothing checks that a broker in the folder has no streams.
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
	if have := brokertest.Streams(t, nc); len(have) > 0 {
		t.Errorf("%s holds %q", data, have)
	}
}
