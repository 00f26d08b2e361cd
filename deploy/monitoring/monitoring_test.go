package monitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/smtptest"
)

// monitoringVariable enables the test of this file. deploy/monitoring/check
// sets it after installing Prometheus and Alertmanager.
const monitoringVariable = "DOCKET_TEST_MONITORING"

// TestMonitoring makes a real Prometheus scrape a real Docket, role by role,
// under load: every metric is well named, every rule can be evaluated, every
// panel of every dashboard has data. Then the projectors are killed, and the
// alert reaches the person on call.
func TestMonitoring(t *testing.T) {
	if os.Getenv(monitoringVariable) == "" {
		t.Skip("SKIPPED: nothing is scraped; run make monitoring")
	}
	t.Parallel()
	checkFiles(t)

	roles := startRoles(t)
	pages := startPager(t)
	folder := monitoringFolder(t, pages, roles)
	alertmanager := startServer(t, "prometheus-alertmanager", "/-/ready", func(address string) []string {
		return []string{"--config.file=" + filepath.Join(folder, "alertmanager/alertmanager.yml"), "--storage.path=" + t.TempDir(),
			"--web.listen-address=" + address, "--cluster.listen-address="}
	})
	targets(t, folder, "alertmanager", alertmanager)
	prometheus := startServer(t, "prometheus", "/-/ready", func(address string) []string {
		return []string{"--config.file=" + filepath.Join(folder, "prometheus/prometheus.yml"), "--storage.tsdb.path=" + t.TempDir(),
			"--web.listen-address=" + address, "--web.enable-lifecycle"}
	})
	p := &scraper{t, "http://" + prometheus}

	working, rest := context.WithCancel(t.Context())
	var load sync.WaitGroup
	work := plan(t, roles.gateway)
	load.Go(func() { work(working) })
	p.answers()
	for _, d := range append(slices.Clone(roles.projectors), roles.gateway, roles.notifier) {
		checkNames(t, d)
	}
	p.rulesAreHealthy()
	// The speed of a busy machine says nothing about the rules.
	if quiet := `ALERTS{alertstate="firing",alertname!~".*(Slow|Late)"}`; p.value("count("+quiet+") or vector(0)") != 0 {
		t.Errorf("alerts fire while all is well: %s", p.text(quiet))
	}

	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("pages: %q", pages.all())
		}
	})
	for _, d := range roles.projectors {
		d.Kill()
	}
	testkit.Eventually(t, "Prometheus sees that no projector writes", func() (string, bool) {
		firing := len(p.values(`ALERTS{alertname="DocketNoProjectorWrites",alertstate="firing"}`)) > 0
		if !firing {
			time.Sleep(testkit.Pause)
		}
		return p.text("ALERTS"), firing
	})
	pages.wait(t, "DocketNoProjectorWrites", "critical", "#docketnoprojectorwrites")
	rest()
	load.Wait()
	roles.gateway.Stop()
	roles.secure.Stop()
	roles.notifier.Stop()
}

// checkFiles runs the tools' own checks of the configuration files.
func checkFiles(t *testing.T) {
	t.Helper()
	for _, check := range [][]string{
		{"prometheus", "promtool", "check", "config", "prometheus.yml"},
		{"prometheus/tests", "promtool", "test", "rules", "docket.yml"},
	} {
		cmd := exec.CommandContext(t.Context(), check[1], check[2:]...)
		cmd.Dir = check[0]
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(check[1:], " "), err, out)
		}
	}
	for _, settings := range [][]string{
		nil,
		{"DOCKET_ALERT_TEAM=team@example.org,lead@example.org", "DOCKET_ALERT_SMTP=mail.example.org:587", "DOCKET_ALERT_SMTP_USER=alerts"},
		{"DOCKET_ALERT_ON_CALL=pager@example.org", "DOCKET_ALERT_WEBHOOK=https://pager.example.org/docket", "DOCKET_ALERT_FROM=docket@example.org"},
	} {
		file := alertmanagerConfig(t, filepath.Join(t.TempDir(), "alertmanager.yml"), settings...)
		if out, err := exec.CommandContext(t.Context(), "amtool", "check-config", file).CombinedOutput(); err != nil {
			t.Errorf("with %q: %v\n%s", settings, err, out)
		}
		for receiver, labels := range map[string]string{"on-call": "severity=critical", "team": "severity=warning"} {
			cmd := exec.CommandContext(t.Context(), "amtool", "config", "routes", "test", "--config.file="+file, "--verify.receivers="+receiver, labels)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s does not reach %s: %v\n%s", labels, receiver, err, out)
			}
		}
		for _, one := range settings {
			_, value, _ := strings.Cut(one, "=")
			if !strings.Contains(testkit.ReadFile(t, file), `"`+value+`"`) {
				t.Errorf("%s is not in the configuration", one)
			}
		}
	}
}

// checkNames runs promtool on a real scrape.
func checkNames(t *testing.T, d *dockettest.Process) {
	t.Helper()
	answer, err := http.Get(d.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	cmd := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	cmd.Stdin = answer.Body
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("metrics of %s: %v\n%s", d.URL, err, out)
	}
}

// roles is Docket as several processes on one broker.
type roles struct {
	gateway, notifier *dockettest.Process
	projectors        []*dockettest.Process
	secure            *dockettest.Process // another gateway, which serves HTTPS and reads from another database
}

func startRoles(t *testing.T) *roles {
	t.Helper()
	dir := t.TempDir()
	b, err := broker.Start(t.Context(), broker.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Stop)
	nc, err := b.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	access, err := os.ReadFile(filepath.Join(dir, "broker.json"))
	if err != nil {
		t.Fatal(err)
	}
	var login struct{ User, Password string }
	if err := json.Unmarshal(access, &login); err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse(b.URL())
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword(login.User, login.Password)
	mails := smtptest.Start(t, "")
	settings := []string{
		"--nats", address.String(), "--database", "sqlite:" + filepath.Join(dir, "rows.db"), "--data", dir,
		"--smtp", mails.URL(), "--http", "127.0.0.1:0", "--url", "http://docket.test",
	}
	role := func(name string) *dockettest.Process {
		return dockettest.Start(t, append([]string{name}, settings...)...)
	}
	projectors := []*dockettest.Process{role("projector"), role("projector")}
	certFile, keyFile, _ := testkit.WriteCertificate(t, t.TempDir(), 1)
	secure := dockettest.Start(t, append([]string{"gateway", "--read-replicas", "sqlite:" + filepath.Join(dir, "replica.db"), "--tls-cert", certFile, "--tls-key", keyFile}, settings...)...)
	return &roles{gateway: role("gateway"), projectors: projectors, notifier: role("notifier"), secure: secure}
}

// plan registers people and returns their work, which runs until its context
// ends: tasks move across the board, some are deleted, some requests are
// invalid, one person forgets their password.
func plan(t *testing.T, d *dockettest.Process) func(context.Context) {
	t.Helper()
	mina, jun := dockettest.Join(t, d, "Mina"), dockettest.Join(t, d, "Jun")
	junID := jun.Ask(200, "GET", "/api/v1/me", nil)["id"].(string)
	project := mina.Ask(201, "POST", "/api/v1/projects", map[string]any{"name": "Garden"})["id"].(string)
	mina.Ask(201, "POST", "/api/v1/projects/"+project+"/members", map[string]any{"email": "jun@example.org", "role": "member"})
	return func(ctx context.Context) {
		for i := 0; ctx.Err() == nil; i++ {
			try := func(method, path string, body any) (id string) {
				// Rows are not updated after the projectors are killed; do not
				// wait for them.
				mina.Position = ""
				a, err := mina.Try(ctx, method, path, body)
				if err != nil {
					return ""
				}
				var made struct{ ID string }
				_ = json.Unmarshal(a.Body, &made)
				return made.ID
			}
			id := try("POST", "/api/v1/projects/"+project+"/tasks", map[string]any{"title": fmt.Sprintf("Bed %d", i), "assignees": []string{junID}})
			if id == "" {
				continue
			}
			path := "/api/v1/tasks/" + id
			try("PATCH", path, map[string]any{"status": "in_progress"})
			try("GET", path, nil)
			switch i % 4 {
			case 0, 1:
				try("PATCH", path, map[string]any{"status": "done"})
			case 2:
				try("PATCH", path, map[string]any{"status": "nowhere"})
			case 3:
				try("DELETE", path, nil)
				_, _ = mina.Try(ctx, "POST", "/api/v1/sessions", map[string]any{"email": "jun@example.org", "password": "forgotten it"})
			}
		}
	}
}

// monitoringFolder returns a copy of deploy/monitoring with test settings: it
// scrapes every second, fires without delay, and pages the test.
func monitoringFolder(t *testing.T, pages *pager, r *roles) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "monitoring")
	if err := os.CopyFS(folder, os.DirFS(".")); err != nil {
		t.Fatal(err)
	}
	replace := func(file, what, with string) {
		path := filepath.Join(folder, file)
		text := testkit.ReadFile(t, path)
		after := regexp.MustCompile(what).ReplaceAllString(text, with)
		if after == text {
			t.Fatalf("%s has no %s", file, what)
		}
		if err := os.WriteFile(path, []byte(after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	replace("prometheus/prometheus.yml", `_interval: 15s`, `_interval: 1s`)
	replace("prometheus/rules/docket.yml", `(?m)^        for: .*$`, `        for: 2s`)
	if err := os.MkdirAll(filepath.Join(folder, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	alertmanagerConfig(t, filepath.Join(folder, "alertmanager/alertmanager.yml"), "DOCKET_ALERT_WEBHOOK="+pages.url, "DOCKET_ALERT_SECRETS="+filepath.Join(folder, "secrets"))
	replace("alertmanager/alertmanager.yml", `group_wait: .*`, `group_wait: 1s`)
	// Alerts that fired before the first scrape must not delay later ones.
	replace("alertmanager/alertmanager.yml", `group_interval: .*`, `group_interval: 1s`)
	if err := os.WriteFile(filepath.Join(folder, "secrets/alert-receiver-token"), []byte(pages.token), 0o600); err != nil {
		t.Fatal(err)
	}
	host := func(d *dockettest.Process) string { return strings.TrimPrefix(d.URL, "http://") }
	targets(t, folder, "gateway", host(r.gateway))
	// No CA signed the test's certificate.
	replace("prometheus/prometheus.yml", `(?m)^  - job_name: docket-gateway$`, "$0\n    tls_config:\n      insecure_skip_verify: true")
	schemed(t, folder, "gateway-secure", "https", strings.TrimPrefix(r.secure.URL, "https://"))
	targets(t, folder, "projector", host(r.projectors[0]), host(r.projectors[1]))
	targets(t, folder, "notifier", host(r.notifier))
	return folder
}

// targets writes the file that tells Prometheus what to scrape.
func targets(t *testing.T, folder, name string, addresses ...string) {
	t.Helper()
	schemed(t, folder, name, "http", addresses...)
}

// schemed is targets with a scheme.
func schemed(t *testing.T, folder, name, scheme string, addresses ...string) {
	t.Helper()
	text, err := json.Marshal([]map[string]any{{"targets": addresses, "labels": map[string]string{"__scheme__": scheme}}})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(folder, "prometheus/targets")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
}
