package broker

import (
	"log/slog"
	"testing"
)

// TestAServerThatCanStoreNoMoreHasFailed: the server says so in its log only.
func TestAServerThatCanStoreNoMoreHasFailed(t *testing.T) {
	t.Parallel()
	fatal := make(chan string, 1)
	l := logger{slog.New(slog.DiscardHandler), fatal}
	l.Errorf("something else: %v", "x")
	if len(fatal) != 0 {
		t.Fatalf("failed because of %q", <-fatal)
	}
	l.Errorf("%s", "JetStream failed to store a msg on stream '$G > EVENTS': no space left on device")
	l.Errorf("JetStream failed to store a msg on stream '%s > %s': %v", "$G", "EVENTS", "again")
	if reason := <-fatal; reason != "JetStream failed to store a msg on stream '$G > EVENTS': no space left on device" {
		t.Errorf("reason %q", reason)
	}
}
