package projections_test

import (
	"context"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/projections"
)

// The same over a real log: appended events are in the answers, from followed
// rows and from rebuilt rows.
func TestOverJetStream(t *testing.T) {
	log, err := jetstream.Open(t.Context(), brokertest.Conn(t), jetstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Limit)
	defer cancel()
	owner, project := uuid.New(), uuid.New()
	heads := map[uuid.UUID]events.Head{}
	do := func(a events.Aggregate, what ...events.Event) events.Position {
		t.Helper()
		head, ok := heads[a.ID]
		if !ok {
			head = events.Head{Aggregate: a}
		}
		appended, err := log.Append(ctx, events.Commit{
			Head: head, Project: project, Command: uuid.New(), Actor: owner, Time: time.Now(), Events: what,
		})
		if err != nil {
			t.Fatal(err)
		}
		heads[a.ID] = appended.Head
		return appended.Events[len(appended.Events)-1].Position
	}
	do(events.Project(project), events.ProjectCreated{Name: "Boat", Statuses: events.DefaultStatuses()})

	live := open(t)
	projector := projections.NewProjector(live, log, projections.ProjectorOptions{})
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- projector.Run(running) }()
	for n := range 50 {
		task := uuid.New()
		do(events.Task(task), events.TaskCreated{Project: project, Title: "Task " + strconv.Itoa(n), Status: "waiting", Rank: "a", Priority: events.PriorityNone})
		at := do(events.Task(task), events.TaskAssigned{Accounts: []uuid.UUID{owner}}, events.CommentAdded{Comment: uuid.New(), Text: "hm"})
		err := live.Read(ctx, at, func(s *projections.Snapshot) error {
			have, err := s.Task(ctx, owner, task)
			if err == nil && (have.Number != int64(n+1) || have.CommentCount != 1 || len(have.Assignees) != 1) {
				t.Errorf("%+v", have)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}

	shadow := open(t)
	if _, err := projections.Rebuild(ctx, shadow, log, projections.RebuildOptions{}); err != nil {
		t.Fatal(err)
	}
	if difference, err := projections.Compare(ctx, live, shadow); err != nil || difference != "" {
		t.Errorf("live and rebuilt rows differ: %s (%v)", difference, err)
	}
}

func open(t *testing.T) *projections.Store {
	t.Helper()
	s, err := projections.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "rows.db"), projections.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
