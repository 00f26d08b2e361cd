package projections

import (
	"log/slog"
	"testing"
)

// testLogger writes logs to the output of the test that caused them.
func testLogger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}
