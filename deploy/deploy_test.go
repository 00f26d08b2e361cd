package deploy

import (
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/docketlog/docket/app"
	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/config"
	"github.com/docketlog/docket/e2e/dockettest"
	"github.com/docketlog/docket/internal/testkit"
)

// deployedIn lists the folders whose files set variables of the program. The
// tests in deploy/testing/kubernetes check that the files are consistent.
var deployedIn = []string{"kubernetes", "../.github"}

// filesOf reads every file below a folder.
func filesOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		texts[path] = string(text)
		return err
	})
	if err != nil || len(texts) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(texts), err)
	}
	return texts
}

// TestDeployedVariablesAreSettings checks that every deployed variable is a
// setting. Other variables would be ignored, and the role would use the
// default.
func TestDeployedVariablesAreSettings(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, one := range new(config.Settings).Table() {
		known[one.Variable], known[one.FileVariable()] = true, true
	}
	// The alert receivers are set by a script, which lists its variables.
	for _, m := range regexp.MustCompile(`(?m)^#   (DOCKET_[A-Z_]+) `).FindAllStringSubmatch(testkit.ReadFile(t, "monitoring/alertmanager/configure"), -1) {
		known[m[1]] = true
	}
	variable := regexp.MustCompile(`\bDOCKET_[A-Z_]+\b`)
	for _, folder := range deployedIn {
		for path, text := range filesOf(t, folder) {
			for _, name := range variable.FindAllString(text, -1) {
				// Variables of the tests are not settings of the program.
				if !known[name] && !strings.HasPrefix(name, "DOCKET_TEST_") {
					t.Errorf("%s: %s is no setting", path, name)
				}
			}
		}
	}
}

// TestDeployedSettingsAreAccepted checks that the program accepts the values of
// the ConfigMaps.
func TestDeployedSettingsAreAccepted(t *testing.T) {
	for line := range strings.Lines(filesOf(t, "kubernetes/base")["kubernetes/base/settings.env"]) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			t.Setenv(name, value)
		}
	}
	t.Setenv("DOCKET_NATS_FILE", testkit.WriteFile(t, "nats://docket:secret@nats:4222\n"))
	t.Setenv("DOCKET_DATABASE_FILE", testkit.WriteFile(t, "postgres://docket:secret@db/docket\n"))
	t.Setenv("DOCKET_SMTP_FILE", testkit.WriteFile(t, "smtp://docket:secret@mail:587\n"))
	literal := regexp.MustCompile(`(?m)^ +- (DOCKET_[A-Z_]+)=(.*)$`)
	overlays := 0
	for path, text := range filesOf(t, "kubernetes/overlays") {
		if filepath.Base(path) != "kustomization.yaml" {
			continue
		}
		overlays++
		for _, set := range literal.FindAllStringSubmatch(text, -1) {
			t.Setenv(set[1], set[2])
		}
		var said testkit.Buffer
		if code := app.Run(t.Context(), []string{"version"}, io.Discard, &said); code != 0 {
			t.Errorf("%s: exit code %d, said %q", path, code, said.String())
		}
	}
	if overlays < 2 {
		t.Errorf("%d overlays", overlays)
	}
}

// TestDeployedPathsAreServed runs each role as a separate process and requests
// the paths that probes and monitoring use.
func TestDeployedPathsAreServed(t *testing.T) {
	t.Parallel()
	address := brokertest.Cluster(t, 3).URL()
	path := regexp.MustCompile(`(?m)^ +path: (/\w\S*)$`)
	base := filesOf(t, "kubernetes/base")
	monitored := path.FindAllStringSubmatch(filesOf(t, "kubernetes/components/monitoring")["kubernetes/components/monitoring/pod-monitor.yaml"], -1)
	if len(monitored) == 0 {
		t.Fatal("the monitor asks for nothing")
	}
	folder := t.TempDir()
	for _, role := range []string{"gateway", "projector", "notifier"} {
		d := dockettest.Start(t, role, "--data", folder, "--nats", address, "--database", "sqlite:"+filepath.Join(folder, "rows.db"),
			"--http", "127.0.0.1:0", "--url", "http://docket.test", "--smtp", "smtp://127.0.0.1:1")
		probed := path.FindAllStringSubmatch(base["kubernetes/base/"+role+".yaml"], -1)
		if len(probed) < 3 {
			t.Errorf("%s: %d probes, want three", role, len(probed))
		}
		for _, m := range append(probed, monitored...) {
			answer, err := http.Get(d.URL + m[1])
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			// "Not ready" is a valid answer too.
			if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusServiceUnavailable {
				t.Errorf("%s: %s answers %d", role, m[1], answer.StatusCode)
			}
		}
		d.Stop()
	}
}
