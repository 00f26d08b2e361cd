package fold_test

import (
	"fmt"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/fold"
)

// An event becomes rows. This example creates a project in an empty database.
func Example() {
	commit := events.Commit{
		Head: events.Head{Aggregate: events.Project(id(100))}, Project: id(100), Actor: id(1), Command: id(900),
		Time:   time.Date(2026, 5, 3, 9, 0, 0, 0, time.UTC),
		Events: []events.Event{events.ProjectCreated{Name: "Boat", Statuses: events.DefaultStatuses()}},
	}
	sealed, err := commit.Seal()
	if err != nil {
		panic(err)
	}

	rows := fold.NewRows(fold.Projections())
	rows.Reset(true) // All tables are empty: rows.Loads requests nothing.
	for i := range sealed {
		fact := fold.NewFact(&sealed[i])
		rows.Want(&fact)
		rows.Apply(&fact)
	}
	for _, change := range rows.Changes() {
		if change.Table.Name == "memberships" {
			fmt.Println(change.Table.In(1), change.Table.Columns[0].Name, change.Rows[0])
			fmt.Println(change.Table.In(1), change.Table.Columns[1].Name, change.Rows[1])
		}
	}
	// Output:
	// g1_memberships account 00000000-0000-7000-8000-000000000001
	// g1_memberships project 00000000-0000-7000-8000-000000000100
}
