package service

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
)

func TestAdmission(t *testing.T) {
	t.Parallel()
	member := uuid.New()
	a := &admission{timeout: testkit.Limit, logger: slog.New(slog.DiscardHandler), project: func(context.Context, uuid.UUID) (commands.Project, error) {
		return commands.Project{Members: []commands.Member{{Account: member, Role: events.RoleViewer}}}, nil
	}}
	if !a.admits(t.Context(), uuid.New(), member) || a.admits(t.Context(), uuid.New(), uuid.New()) {
		t.Error("the log's word is not taken")
	}
	// The rows decide what the log cannot.
	a.project = func(context.Context, uuid.UUID) (commands.Project, error) {
		return commands.Project{}, errors.New("away")
	}
	if !a.admits(t.Context(), uuid.New(), uuid.New()) {
		t.Error("a log that fails keeps readers out")
	}
}

// TestAdmissionWithoutTheLog uses a log that does not answer and ignores the
// end of a context: readers keep access, and not all of them wait for it.
func TestAdmissionWithoutTheLog(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	away := make(chan struct{})
	t.Cleanup(func() { close(away) })
	a := &admission{timeout: time.Second, logger: slog.New(slog.DiscardHandler), project: func(context.Context, uuid.UUID) (commands.Project, error) {
		asked.Add(1)
		<-away
		return commands.Project{}, nil
	}}
	if !a.admits(t.Context(), uuid.New(), uuid.New()) {
		t.Error("a log that is silent keeps readers out")
	}
	a.resting.Store(max(a.resting.Load(), 1) + int64(time.Hour))
	for range 100 {
		if !a.admits(t.Context(), uuid.New(), uuid.New()) {
			t.Error("not let in")
		}
	}
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
}
