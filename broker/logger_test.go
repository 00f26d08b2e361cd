package broker

import (
	"log/slog"
	"sync/atomic"
	"testing"
)

// TestServerThatCannotStoreHasFailed: the server reports this only in its
// log.
func TestServerThatCannotStoreHasFailed(t *testing.T) {
	t.Parallel()
	fatal := make(chan string, 1)
	b := Broker{down: new(atomic.Bool)}
	l := logger{slog.New(slog.DiscardHandler), fatal, b.down}
	l.Errorf("something else: %v", "x")
	if len(fatal) != 0 || !b.Sound() {
		t.Fatalf("failed because of %d reasons, sound: %t", len(fatal), b.Sound())
	}
	l.Errorf("%s", "JetStream failed to store a msg on stream '$G > EVENTS': no space left on device")
	l.Errorf("JetStream failed to store a msg on stream '%s > %s': %v", "$G", "EVENTS", "again")
	if reason := <-fatal; reason != "JetStream failed to store a msg on stream '$G > EVENTS': no space left on device" {
		t.Errorf("reason %q", reason)
	}
	if b.Sound() {
		t.Error("sound, though it can store no more")
	}
	b.down.Store(false)
	l.Errorf("Filestore [%s] Critical write error: %v", "EVENTS", "input/output error")
	if b.Sound() {
		t.Error("sound after a critical write error")
	}
}
