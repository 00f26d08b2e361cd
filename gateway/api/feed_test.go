package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/feed"
)

// TestReasonsAreFixed ends a feed for each kind of reason: no text of an
// internal error reaches the client.
func TestReasonsAreFixed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{feed.ErrSlow, "too slow"},
		{feed.ErrInterrupted, "interrupted"},
		{feed.ErrStopped, "stopped"},
		{errLetGo, "no longer valid"},
		{events.ErrIncarnation, "Start again without a position"},
		{errors.New("no such thing"), "to the operator"},
	} {
		got := reason(fmt.Errorf("nats at 10.0.0.1: %w", c.err))
		if !strings.Contains(got, c.want) || strings.Contains(got, "10.0.0.1") || strings.Contains(got, "no such thing") {
			t.Errorf("%v: %q", c.err, got)
		}
	}
}
