package notifier

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain is also the entry point of the process that crash tests kill; see
// crash_test.go.
func TestMain(m *testing.M) {
	if os.Getenv(victimFolder) != "" {
		victim()
		return
	}
	goleak.VerifyTestMain(m)
}
