package app

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docketlog/docket/internal/testkit"
)

// TestMistakesWithFilesAreReportedTogether runs the command line, so that the
// process's own environment variables are read.
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
