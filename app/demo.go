package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
)

// demoPassword is the password of the three demo accounts. It protects nothing:
// they exist only with --demo.
const demoPassword = "docket-demo"

var demoPeople = []accounts.Registration{
	{Email: "mina@example.org", Name: "Mina Park", Password: demoPassword},
	{Email: "jun@example.org", Name: "Jun Seo", Password: demoPassword},
	{Email: "vera@example.org", Name: "Vera Lindt", Password: demoPassword},
}

// demo adds three accounts and a small project with some history. Every command
// has a fixed id, so that starting with --demo again adds nothing.
func demo(ctx context.Context, people *accounts.Accounts, handler *commands.Handler, now time.Time) error {
	ids := make([]uuid.UUID, len(demoPeople))
	for i, p := range demoPeople {
		if _, err := people.Register(ctx, p); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		person, err := people.ByEmail(ctx, p.Email)
		if err != nil {
			return fmt.Errorf("demo: %w", err)
		}
		ids[i] = person.ID
	}
	mina, jun, vera := ids[0], ids[1], ids[2]
	id := func(name string) uuid.UUID { return uuid.NewSHA1(mina, []byte("demo "+name)) }
	step := 0
	do := func(actor uuid.UUID, command commands.Command) error {
		step++
		_, err := handler.Handle(ctx, command, commands.Request{Actor: actor, Command: id(fmt.Sprint("step ", step))})
		var rejection *commands.Rejection
		if errors.As(err, &rejection) && rejection.Code != commands.CodeInvalid && rejection.Code != commands.CodeLimit {
			// This step never happened here, and users have changed the project
			// since; their changes stay.
			return nil
		}
		return err
	}
	day := func(n int) events.Date { return events.Date(now.AddDate(0, 0, n).Format(time.DateOnly)) }
	ptr := func(s string) *string { return &s }
	shop := id("project")
	tasks := []commands.CreateTask{
		{Title: "Photograph the new mugs", Priority: events.PriorityMedium, Due: day(2), Labels: []string{"photos"}, Assignees: []uuid.UUID{jun}},
		{Title: "Write the opening announcement", Description: "Two paragraphs and a picture. Mention the free delivery in the first week.", Priority: events.PriorityHigh, Due: day(4), Labels: []string{"words"}, Assignees: []uuid.UUID{mina}},
		{Title: "Ask three friends to place a test order", Priority: events.PriorityLow, Due: day(6), Assignees: []uuid.UUID{vera}},
		{Title: "Delivery costs are wrong for islands", Description: "An order to Jeju was charged the mainland price.", Priority: events.PriorityUrgent, Due: day(1), Labels: []string{"bug", "orders"}, Assignees: []uuid.UUID{jun}, Status: "in_progress"},
		{Title: "Choose a payment provider", Labels: []string{"orders"}, Assignees: []uuid.UUID{mina, jun}, Status: "in_progress"},
		{Title: "Register the domain", Assignees: []uuid.UUID{mina}, Status: "done"},
		{Title: "Agree on a name", Status: "done"},
		{Title: "Packaging that survives the post", Labels: []string{"orders"}},
	}
	script := []struct {
		actor   uuid.UUID
		command commands.Command
	}{
		{mina, commands.CreateProject{Project: shop, Name: "Opening the shop"}},
		{mina, commands.AddMember{Project: shop, Account: jun, Role: events.RoleMember}},
		{mina, commands.AddMember{Project: shop, Account: vera, Role: events.RoleMember}},
	}
	for i := range tasks {
		tasks[i].Project = shop
		tasks[i].Task = id(tasks[i].Title)
		script = append(script, struct {
			actor   uuid.UUID
			command commands.Command
		}{mina, tasks[i]})
	}
	island, payment, mugs := tasks[3].Task, tasks[4].Task, tasks[0].Task
	script = append(script, []struct {
		actor   uuid.UUID
		command commands.Command
	}{
		{jun, commands.AddComment{Task: island, Comment: id("comment 1"), Text: "The table of zones misses the islands. I have asked the carrier for the full one."}},
		{mina, commands.EditTask{Task: island, Title: ptr("Delivery costs are wrong for Jeju and the islands")}},
		{vera, commands.AddComment{Task: payment, Comment: id("comment 2"), Text: "The one we use for the market stall charges 1.9 %."}},
		{jun, commands.MoveTask{Task: mugs, Status: "in_progress"}},
		{mina, commands.AssignTask{Task: mugs, Accounts: []uuid.UUID{vera}}},
	}...)
	for _, s := range script {
		if err := do(s.actor, s.command); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	return nil
}
