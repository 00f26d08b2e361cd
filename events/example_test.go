package events_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
)

// A commit is appended at the head its decision rests on, and whoever follows
// the log meets its events in order.
func ExampleLog() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "docket")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	server, err := broker.Start(ctx, broker.Options{Dir: dir})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Stop()
	nc, err := server.Connect()
	if err != nil {
		log.Fatal(err)
	}
	defer nc.Close()
	var truth events.Log
	if truth, err = jetstream.Open(ctx, nc, jetstream.Options{}); err != nil {
		log.Fatal(err)
	}

	project := uuid.New()
	commit := events.Commit{
		Head: events.Head{Aggregate: events.Project(project)}, Project: project,
		Command: uuid.New(), Actor: uuid.New(), Time: time.Now(),
		Events: []events.Event{events.ProjectCreated{Name: "Garden", Statuses: events.DefaultStatuses()}},
	}
	created, err := truth.Append(ctx, commit)
	if err != nil {
		log.Fatal(err)
	}
	again, err := truth.Append(ctx, commit)
	fmt.Println("the same command again is written once:", again.Duplicate && err == nil)

	stale := commit
	stale.Command, stale.Events = uuid.New(), []events.Event{events.ProjectRenamed{From: "Garden", To: "Yard"}}
	_, err = truth.Append(ctx, stale)
	fmt.Println("a decision on an old head is refused:", errors.Is(err, events.ErrConflict))

	stale.Head = created.Head
	if _, err = truth.Append(ctx, stale); err != nil {
		log.Fatal(err)
	}
	end, err := truth.End(ctx)
	if err != nil {
		log.Fatal(err)
	}
	feed, err := truth.Follow(ctx, end.At(0), 100)
	if err != nil {
		log.Fatal(err)
	}
	defer feed.Close()
	for at := end.At(0); at != end; {
		batch, err := feed.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		for _, e := range batch.Events {
			fmt.Println(e.Revision, e.Type)
		}
		at = batch.End
	}
	// Output:
	// the same command again is written once: true
	// a decision on an old head is refused: true
	// 1 project_created
	// 2 project_renamed
}
