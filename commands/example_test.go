package commands_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/google/uuid"
)

// A command is decided: the result is events or a rejection.
func ExampleHandler_Handle() {
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
	truth, err := jetstream.Open(ctx, nc, jetstream.Options{})
	if err != nil {
		log.Fatal(err)
	}

	h := commands.NewHandler(truth, commands.Options{})
	mina, jun := uuid.New(), uuid.New()
	project, task := uuid.New(), uuid.New()
	ask := func(actor uuid.UUID, command commands.Command) {
		outcome, err := h.Handle(ctx, command, commands.Request{Actor: actor, Command: uuid.New()})
		var no *commands.Rejection
		switch {
		case errors.As(err, &no):
			fmt.Printf("%T: rejected, %s\n", command, no.Code)
		case err != nil:
			log.Fatal(err)
		case len(outcome.Events) == 0:
			fmt.Printf("%T: nothing to do\n", command)
		default:
			fmt.Printf("%T: %s\n", command, outcome.Events[0].Type)
		}
	}
	ask(mina, commands.CreateProject{Project: project, Name: "Garden"})
	ask(mina, commands.CreateTask{Task: task, Project: project, Title: "Fix the tap"})
	ask(mina, commands.MoveTask{Task: task, Status: "done"})
	ask(mina, commands.MoveTask{Task: task, Status: "done"})
	ask(jun, commands.MoveTask{Task: task, Status: "waiting"})
	ask(mina, commands.AddMember{Project: project, Account: jun, Role: events.RoleViewer})
	ask(jun, commands.MoveTask{Task: task, Status: "waiting"})
	// Output:
	// commands.CreateProject: project_created
	// commands.CreateTask: task_created
	// commands.MoveTask: task_moved
	// commands.MoveTask: nothing to do
	// commands.MoveTask: rejected, not_found
	// commands.AddMember: member_added
	// commands.MoveTask: rejected, forbidden
}
