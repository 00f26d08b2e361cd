package app

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docketlog/docket/internal/testkit"
)

func TestSecretsAreReadFromFiles(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"bare": "", "a line": "\n", "a line of Windows": "\r\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := map[string]string{
				"DOCKET_NATS_FILE":     testkit.WriteFile(t, "nats://docket:hush@nats:4222"+text),
				"DOCKET_DATABASE_FILE": testkit.WriteFile(t, "postgres://docket:hush@db/docket"+text),
				"DOCKET_SMTP_FILE":     testkit.WriteFile(t, "smtp://docket:hush@mail:587"+text),
			}
			var s Settings
			if err := s.readSecrets(func(name string) string { return set[name] }); err != nil {
				t.Fatal(err)
			}
			if s.NATS != "nats://docket:hush@nats:4222" || s.Database != "postgres://docket:hush@db/docket" || s.SMTP != "smtp://docket:hush@mail:587" {
				t.Errorf("have %q, %q and %q", s.NATS, s.Database, s.SMTP)
			}
		})
	}
}

func TestAFlagWinsOverAFile(t *testing.T) {
	t.Parallel()
	s := Settings{NATS: "nats://flag:4222"}
	path := testkit.WriteFile(t, "nats://file:4222")
	if err := s.readSecrets(func(name string) string { return map[string]string{"DOCKET_NATS_FILE": path}[name] }); err != nil {
		t.Fatal(err)
	}
	if s.NATS != "nats://flag:4222" {
		t.Errorf("have %q", s.NATS)
	}
}

// TestMistakesWithFilesAreReportedTogether runs the command line, so that it is
// the process's own variables that are read.
func TestMistakesWithFilesAreReportedTogether(t *testing.T) {
	missing, both, empty := filepath.Join(t.TempDir(), "missing"), testkit.WriteFile(t, "postgres://docket:hush@db/docket"), testkit.WriteFile(t, "\n")
	t.Setenv("DOCKET_NATS_FILE", missing)
	t.Setenv("DOCKET_DATABASE_FILE", both)
	t.Setenv("DOCKET_DATABASE", "postgres://docket:hush@db/docket")
	t.Setenv("DOCKET_SMTP_FILE", empty)
	_, said, code := tell(t, "version", "--log-level", "loud")
	if code != ExitUsage {
		t.Errorf("exit code %d, want %d", code, ExitUsage)
	}
	for variable, path := range map[string]string{"DOCKET_NATS_FILE": missing, "DOCKET_DATABASE_FILE": both, "DOCKET_SMTP_FILE": empty} {
		if !slices.ContainsFunc(strings.Split(said, "\n"), func(line string) bool {
			return strings.HasPrefix(line, "  "+variable+": ") && strings.Contains(line, path)
		}) {
			t.Errorf("no word about %s and %s in:\n%s", variable, path, said)
		}
	}
	if !strings.Contains(said, "  --log-level: ") {
		t.Errorf("other mistakes are left out:\n%s", said)
	}
	if strings.Contains(said, "hush") {
		t.Errorf("a password is shown:\n%s", said)
	}
}

// TestEverySecretMayBeAFile: whose help speaks of a password is a secret.
func TestEverySecretMayBeAFile(t *testing.T) {
	t.Parallel()
	var s Settings
	files := map[string]bool{}
	for _, one := range s.secrets() {
		files[one.variable] = true
	}
	for _, one := range new(Settings).table() {
		variable := one.variable
		if strings.Contains(one.meaning, "password") && !files[variable] {
			t.Errorf("%s may hold a password and cannot be given by file", variable)
		}
		delete(files, variable)
	}
	for variable := range files {
		t.Errorf("%s is no setting", variable)
	}
}
