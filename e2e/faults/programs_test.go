package faults

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// needPrograms checks for programs from Debian packages. If one is missing the
// test is skipped with a message; under `make test`, which installs them, it
// fails instead.
func needPrograms(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err == nil {
			continue
		}
		if os.Getenv("DOCKET_TEST_REQUIRE") != "" {
			t.Fatalf("there is no %s", name)
		}
		t.Skipf("SKIPPED: there is no %s; install it or run make test", name)
	}
}

// errorOf returns a program's error together with its output.
func errorOf(err error, out []byte) error {
	return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
}
