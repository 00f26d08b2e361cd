package projections

import (
	"log/slog"
	"testing"
)

// testLogger shows what is logged together with the test that caused it.
func testLogger(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}
