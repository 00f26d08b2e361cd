package projections

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/docketlog/docket/events"
)

// look reads from the current rows.
func look(t testing.TB, s *Store, read func(*Snapshot) error) {
	t.Helper()
	if err := s.Read(context.Background(), events.Position{}, read); err != nil {
		t.Fatal(err)
	}
}

// answers returns everything that the first accounts can see, as text;
// positions are omitted.
func answers(t testing.TB, s *Store, accounts int) []string {
	t.Helper()
	var all []string
	add := func(what string, v any) { all = append(all, fmt.Sprintf("%s %+v", what, v)) }
	ctx := context.Background()
	look(t, s, func(q *Snapshot) error {
		all = nil
		people, err := q.People(ctx)
		if err != nil {
			return err
		}
		add("people", people)
		for n := 1; n <= accounts; n++ {
			caller := id(n)
			projects, _, err := q.Projects(ctx, caller, Page{Limit: MaxLimit})
			if err != nil {
				return err
			}
			mine, _, err := q.MyTasks(ctx, caller, TaskFilter{}, Page{Limit: MaxLimit})
			if err != nil {
				return err
			}
			add("mine", mine)
			for _, p := range projects {
				add("project", p)
				for _, deleted := range []bool{false, true} {
					tasks, _, err := q.Tasks(ctx, caller, p.ID, TaskFilter{Deleted: deleted}, Page{Limit: MaxLimit})
					if err != nil {
						return err
					}
					for _, task := range tasks {
						add("task", task)
						comments, _, err := q.Comments(ctx, caller, task.ID, Page{Limit: MaxLimit})
						if err != nil {
							return err
						}
						add("comments", comments)
						entries, _, err := q.History(ctx, caller, task.ID, Page{Limit: MaxLimit})
						if err != nil {
							return err
						}
						for _, e := range entries {
							e.Position = events.Position{}
							add("entry", e)
						}
					}
				}
			}
		}
		return nil
	})
	return all
}

// notFound fails unless err is ErrNotFound.
func notFound(t testing.TB, what string, err error) {
	t.Helper()
	if !errors.Is(err, ErrNotFound) {
		t.Errorf("%s: %v, want ErrNotFound", what, err)
	}
}
