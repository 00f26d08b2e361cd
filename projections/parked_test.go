package projections

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/fold"
)

// newerVersion rewrites an envelope as a later program would have written it.
func newerVersion(e events.Envelope) events.Envelope {
	e.Version = 99
	return e
}

func TestParkedAggregateStopsNoOther(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := d.open(t), newMemoryLog()
		team := newTeam(l)
		team.founded(1000, 1)
		team.task(1, 1000, 1, created(1000, "first"))
		_, stop := run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)

		bad := newerVersion(team.seal(events.Task(id(1)), id(1000), id(1), events.TaskDeleted{})[0])
		badAt := l.push(bad)
		team.task(1, 1000, 1, events.TaskMoved{Status: events.Changed[string]{From: "waiting", To: "done"}})
		team.task(1, 1000, 1, events.CommentAdded{Comment: id(7), Text: "still there?"})
		team.task(2, 1000, 1, created(1000, "second"))
		team.task(3, 4444, 1, created(4444, "of no project"))
		arrive(t, s, l)

		look(t, s, func(q *Snapshot) error {
			first, err := q.Task(t.Context(), id(1), id(1))
			if err != nil || first.Status != "waiting" || first.Revision != 1 || first.CommentCount != 0 {
				t.Errorf("a parked task stands as before the event: %+v, %v", first, err)
			}
			second, err := q.Task(t.Context(), id(1), id(2))
			if err != nil || second.Number != 2 {
				t.Errorf("the others go on: %+v, %v", second, err)
			}
			_, err = q.Task(t.Context(), id(1), id(3))
			notFound(t, "a task of no project", err)
			return nil
		})
		parked, err := s.Parked(t.Context())
		if err != nil || len(parked) != 2 {
			t.Fatalf("%+v, %v", parked, err)
		}
		want := Parked{Aggregate: events.Task(id(1)), Project: id(1000), Position: badAt, Revision: 2, Type: events.TypeTaskDeleted, At: bad.Time, Held: 3}
		if diff := cmp.Diff(want, parked[0], cmpopts.IgnoreFields(Parked{}, "Reason")); diff != "" || parked[0].Reason == "" {
			t.Errorf("-want +have:\n%s (reason %q)", diff, parked[0].Reason)
		}
		if parked[1].Aggregate != events.Task(id(3)) || parked[1].Held != 1 {
			t.Errorf("%+v", parked[1])
		}
		if status, err := s.Status(t.Context()); err != nil || status.Parked != 2 || status.Refused != 0 {
			t.Errorf("%+v, %v", status, err)
		}
		stop()
		p, _ := run(t, s, l, ProjectorOptions{})
		becomes(t, "a projector that is started knows the two that are parked", p, func(s Status) bool { return s.Parked == 2 })
		sameRows(t, s, l)
	})
}

func isTasks(p fold.Projection) bool { return p.Name == "tasks" }

// Once a program can fold the event, its rows are as if the aggregate had never
// been parked.
func TestParkedAggregateIsFilledByTheNextProgram(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		url := d.fresh(t)
		s, l := openURL(t, url), newMemoryLog()
		newSimulation(l, testChoices(7)).steps(200)
		// The old program cannot fold deletions.
		older := fold.Projections()
		tasks := &older[slices.IndexFunc(older, isTasks)]
		known := tasks.Fold
		tasks.Fold = func(r *fold.Rows, f *fold.Fact) error {
			if f.Type == events.TypeTaskDeleted {
				panic("no idea")
			}
			return known(r, f)
		}
		s.useProjections(older)
		_, stop := run(t, s, l, ProjectorOptions{})
		arrive(t, s, l)
		if parked, err := s.Parked(t.Context()); err != nil || len(parked) == 0 {
			t.Fatalf("%+v, %v", parked, err)
		}
		stop()

		next := openURL(t, url)
		raised := fold.Projections()
		raised[slices.IndexFunc(raised, isTasks)].Version++
		next.useProjections(raised)
		run(t, next, l, ProjectorOptions{})
		arrive(t, next, l)
		if parked, err := next.Parked(t.Context()); err != nil || len(parked) != 0 {
			t.Errorf("%+v, %v", parked, err)
		}
		plain := database{"sqlite", databases()[0].fresh}.open(t)
		if diff := cmp.Diff(rebuilt(t, plain, l), dump(t, next)); diff != "" {
			t.Errorf("-never parked +parked and filled:\n%s", diff)
		}
	})
}

// The project in an event does not count if it contradicts the task: naming
// one's own project gives no access to a task.
func TestEventOfAnotherProjectIsParked(t *testing.T) {
	t.Parallel()
	s, l := databases()[0].open(t), newMemoryLog()
	team := newTeam(l)
	team.founded(1000, 1)
	team.founded(2000, 2)
	team.task(1, 1000, 1, created(1000, "theirs"))
	team.task(1, 2000, 2, events.CommentAdded{Comment: id(9), Text: "mine?"})
	team.task(2, 2000, 2, created(1000, "theirs again"))
	run(t, s, l, ProjectorOptions{})
	arrive(t, s, l)
	if parked, err := s.Parked(t.Context()); err != nil || len(parked) != 2 {
		t.Errorf("%+v, %v", parked, err)
	}
	look(t, s, func(q *Snapshot) error {
		comments, _, err := q.Comments(t.Context(), id(1), id(1), Page{})
		if err != nil || len(comments) != 0 {
			t.Errorf("%+v, %v", comments, err)
		}
		_, err = q.Task(t.Context(), id(2), id(2))
		notFound(t, "a task of a project it was not created in", err)
		entries, _, err := q.ProjectHistory(t.Context(), id(2), id(2000), Page{})
		if err != nil || len(entries) != 1 {
			t.Errorf("%+v, %v", entries, err)
		}
		return nil
	})
}

// A task whose creation cannot be read still takes its number, so that no other
// task changes its number when it can be read.
func TestParkedCreationTakesItsNumber(t *testing.T) {
	t.Parallel()
	s, l := databases()[0].open(t), newMemoryLog()
	team := newTeam(l)
	team.founded(1000, 1)
	l.push(newerVersion(team.seal(events.Task(id(1)), id(1000), id(1), created(1000, "unreadable"))[0]))
	team.task(2, 1000, 1, created(1000, "readable"))
	run(t, s, l, ProjectorOptions{})
	arrive(t, s, l)
	look(t, s, func(q *Snapshot) error {
		if n, err := q.TaskNumber(t.Context(), id(2)); n != 2 || err != nil {
			t.Errorf("number %d, %v", n, err)
		}
		return nil
	})
}

// A fold that fails in its last projection leaves no changes of the others.
func TestFailedFoldLeavesNothing(t *testing.T) {
	t.Parallel()
	s, l := databases()[0].open(t), newMemoryLog()
	team := newTeam(l)
	team.founded(1000, 1)
	team.task(1, 1000, 1, created(1000, "before"))
	projections := append(fold.Projections(), fold.Projection{
		Name: "spoiler", Version: 1,
		Fold: func(_ *fold.Rows, f *fold.Fact) error {
			if f.Revision == 2 && f.Aggregate.Kind == events.KindTask {
				return errors.New("spoiled")
			}
			return nil
		},
	})
	s.useProjections(projections)
	begin(t, s)
	a := resume(t, s, 1000)
	defer a.close()
	if err := a.apply(context.Background(), chunkAt(l, a.position, 100, 0)); err != nil {
		t.Fatal(err)
	}
	without := tableRows(t, s, "tasks", "tallies", "assignments", "labels", "comments", "history")
	team.task(1, 1000, 1, events.TaskEdited{Labels: &events.Changed[[]string]{To: []string{"x"}}}, events.TaskAssigned{})
	team.task(1, 1000, 1, events.TaskDeleted{})
	if err := a.apply(context.Background(), chunkAt(l, a.position, 100, 0)); err != nil {
		t.Fatal(err)
	}
	with := tableRows(t, s, "tasks", "tallies", "assignments", "labels", "comments", "history")
	if diff := cmp.Diff(without, with); diff != "" {
		t.Errorf("the failed fold left something:\n%s", diff)
	}
}
