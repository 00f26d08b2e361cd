package projections

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// told opens a store with the rows of a story.
func told(t *testing.T, d database, story func(*team)) (*Store, *memoryLog) {
	t.Helper()
	s, l := d.open(t), newMemoryLog()
	story(newTeam(l))
	if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
		t.Fatal(err)
	}
	if parked, err := s.Parked(t.Context()); err != nil || len(parked) > 0 {
		t.Fatalf("the story does not fold: %+v, %v", parked, err)
	}
	return s, l
}

// questions returns the queries for one resource.
func questions(ctx context.Context, q *Snapshot) map[string]func(caller, project, task uuid.UUID) error {
	return map[string]func(caller, project, task uuid.UUID) error{
		"project":  func(c, p, _ uuid.UUID) error { _, err := q.Project(ctx, c, p); return err },
		"board":    func(c, p, _ uuid.UUID) error { _, err := q.Board(ctx, c, p); return err },
		"tasks":    func(c, p, _ uuid.UUID) error { _, _, err := q.Tasks(ctx, c, p, TaskFilter{}, Page{}); return err },
		"task":     func(c, _, t uuid.UUID) error { _, err := q.Task(ctx, c, t); return err },
		"comments": func(c, _, t uuid.UUID) error { _, _, err := q.Comments(ctx, c, t, Page{}); return err },
		"history":  func(c, _, t uuid.UUID) error { _, _, err := q.History(ctx, c, t, Page{}); return err },
		"labels":   func(c, p, _ uuid.UUID) error { _, err := q.Labels(ctx, c, p); return err },
		"project history": func(c, p, _ uuid.UUID) error {
			_, _, err := q.ProjectHistory(ctx, c, p, Page{})
			return err
		},
	}
}

// For every query for a resource and every account: current members see it, and
// others cannot tell it from one that does not exist.
func TestVisibility(t *testing.T) {
	t.Parallel()
	const owner, member, viewer, gone, stranger, nobody = 1, 2, 3, 4, 5, 6
	onEach(t, func(t *testing.T, d database) {
		s, _ := told(t, d, func(team *team) {
			team.founded(1000, owner, member, viewer, gone)
			team.project(1000, owner, events.MemberRoleChanged{Account: id(viewer), From: events.RoleMember, To: events.RoleViewer})
			team.task(1, 1000, owner, events.TaskCreated{Project: id(1000), Title: "secret", Status: "waiting", Rank: "a",
				Assignees: []uuid.UUID{id(member), id(gone)}})
			team.task(1, 1000, gone, events.CommentAdded{Comment: id(9), Text: "hm"})
			team.project(1000, owner, events.MemberRemoved{Account: id(gone), Role: events.RoleMember})
			team.founded(2000, stranger)
			team.task(2, 2000, stranger, created(2000, "other"))
		})
		look(t, s, func(q *Snapshot) error {
			ctx := t.Context()
			for what, ask := range questions(ctx, q) {
				for _, caller := range []int{owner, member, viewer} {
					if err := ask(id(caller), id(1000), id(1)); err != nil {
						t.Errorf("%s asked by member %d: %v", what, caller, err)
					}
					notFound(t, what+" of another project", ask(id(caller), id(2000), id(2)))
				}
				for _, caller := range []int{gone, stranger, nobody} {
					notFound(t, fmt.Sprintf("%s asked by %d", what, caller), ask(id(caller), id(1000), id(1)))
				}
				notFound(t, what+" that does not exist", ask(id(owner), id(4444), id(4444)))
			}
			for caller, want := range map[int]int{owner: 1, member: 1, viewer: 1, gone: 0, stranger: 1, nobody: 0} {
				projects, next, err := q.Projects(ctx, id(caller), Page{})
				memberships, err2 := q.Memberships(ctx, id(caller))
				if len(projects) != want || len(memberships) != want || next != "" || err != nil || err2 != nil {
					t.Errorf("%d sees %d projects and %d memberships, want %d (%v, %v)", caller, len(projects), len(memberships), want, err, err2)
				}
			}
			for caller, want := range map[int]int{owner: 0, member: 1, viewer: 0, gone: 0, stranger: 0} {
				tasks, _, err := q.MyTasks(ctx, id(caller), TaskFilter{}, Page{})
				if len(tasks) != want || err != nil {
					t.Errorf("%d has %d tasks, want %d (%v)", caller, len(tasks), want, err)
				}
			}
			for caller, want := range map[int]int{owner: 1, member: 1, viewer: 1, gone: 0, stranger: 1, nobody: 0} {
				tasks, next, err := q.AllTasks(ctx, id(caller), TaskFilter{}, Page{})
				if len(tasks) != want || next != "" || err != nil {
					t.Errorf("%d finds %d tasks everywhere, want %d (%v)", caller, len(tasks), want, err)
				}
			}
			if tasks, _, err := q.AllTasks(ctx, id(owner), TaskFilter{Assignee: id(gone)}, Page{}); len(tasks) != 0 || err != nil {
				t.Errorf("who left is found everywhere as assigned: %+v, %v", tasks, err)
			}
			if tasks, _, err := q.AllTasks(ctx, id(owner), TaskFilter{Assignee: id(member), Number: 1}, Page{}); len(tasks) != 1 || err != nil {
				t.Errorf("who stayed is not found everywhere as assigned: %+v, %v", tasks, err)
			}
			if tasks, _, err := q.AllTasks(ctx, id(owner), TaskFilter{Number: 2}, Page{}); len(tasks) != 0 || err != nil {
				t.Errorf("a number that no project has: %+v, %v", tasks, err)
			}
			task, err := q.Task(ctx, id(owner), id(1))
			if diff := cmp.Diff([]uuid.UUID{id(member)}, task.Assignees); diff != "" || err != nil {
				t.Errorf("who left is not shown as assigned:\n%s (%v)", diff, err)
			}
			tasks, _, err := q.Tasks(ctx, id(owner), id(1000), TaskFilter{Assignee: id(gone)}, Page{})
			if len(tasks) != 0 || err != nil {
				t.Errorf("who left is not found as assigned: %+v, %v", tasks, err)
			}
			project, err := q.Project(ctx, id(viewer), id(1000))
			if err != nil || project.Role != events.RoleViewer || len(project.Members) != 3 {
				t.Errorf("%+v, %v", project, err)
			}
			return nil
		})
	})
}

func TestProject(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		var at [4]events.Envelope
		s, l := told(t, d, func(team *team) {
			team.project(1000, 1, events.ProjectCreated{Name: "Boat", Statuses: events.DefaultStatuses()})
			team.project(1000, 1, events.MemberAdded{Account: id(2), Role: events.RoleViewer})
			for n, status := range []string{"waiting", "waiting", "in_progress", "done", "done"} {
				e := created(1000, "x")
				e.Status = status
				team.task(n+1, 1000, 1, e)
			}
			team.task(5, 1000, 1, events.TaskDeleted{})
			team.project(1000, 1, events.StatusesChanged{
				To:      []events.Status{{Key: "waiting", Name: "To do", Category: events.CategoryToDo}, {Key: "review", Name: "Review", Category: events.CategoryDoing}, {Key: "done", Name: "Done", Category: events.CategoryDone}},
				Retired: map[string]string{"in_progress": "review"},
			})
			team.project(1000, 1, events.StatusesChanged{
				To:      []events.Status{{Key: "waiting", Name: "To do", Category: events.CategoryToDo}, {Key: "done", Name: "Done", Category: events.CategoryDone}},
				Retired: map[string]string{"review": "done"},
			})
			// A status that is put back on the board stands for itself again.
			team.project(1000, 1, events.StatusesChanged{To: events.DefaultStatuses()})
			team.project(1000, 1, events.StatusesChanged{
				To:      []events.Status{{Key: "waiting", Name: "To do", Category: events.CategoryToDo, Limit: 7}, {Key: "done", Name: "Done", Category: events.CategoryDone}},
				Retired: map[string]string{"in_progress": "done"},
			})
			team.project(1000, 1, events.ProjectRenamed{From: "Boat", To: "Ship"}, events.ProjectArchived{})
		})
		stored := l.since(0)
		at[0], at[1], at[2] = stored[0], stored[1], stored[len(stored)-1]
		look(t, s, func(q *Snapshot) error {
			have, err := q.Project(t.Context(), id(2), id(1000))
			if err != nil {
				return err
			}
			want := Project{
				ID: id(1000), Name: "Ship", Archived: true,
				Statuses:  []events.Status{{Key: "waiting", Name: "To do", Category: events.CategoryToDo, Limit: 7}, {Key: "done", Name: "Done", Category: events.CategoryDone}},
				Retired:   map[string]string{"in_progress": "done", "review": "done"},
				Members:   []Member{{Account: id(1), Role: events.RoleOwner, Since: at[0].Time}, {Account: id(2), Role: events.RoleViewer, Since: at[1].Time}},
				Role:      events.RoleViewer,
				Counts:    map[string]int{"waiting": 2, "done": 2},
				Revision:  8,
				CreatedAt: at[0].Time, CreatedBy: id(1), UpdatedAt: at[2].Time,
			}
			if diff := cmp.Diff(want, have, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +have:\n%s", diff)
			}
			task, err := q.Task(t.Context(), id(2), id(3))
			if err != nil || task.Status != "done" {
				t.Errorf("a task of a retired status is in %q, want done (%v)", task.Status, err)
			}
			for _, filter := range []TaskFilter{{Statuses: []string{"done"}}, {Statuses: []string{"in_progress"}}} {
				tasks, _, err := q.Tasks(t.Context(), id(2), id(1000), filter, Page{})
				if len(tasks) != 2 || err != nil {
					t.Errorf("%v finds %d tasks, want 2 (%v)", filter.Statuses, len(tasks), err)
				}
			}
			board, err := q.Board(t.Context(), id(2), id(1000))
			if err != nil {
				return err
			}
			var columns []string
			for _, c := range board.Columns {
				columns = append(columns, fmt.Sprint(c.Status.Key, len(c.Tasks)))
			}
			if diff := cmp.Diff([]string{"waiting2", "done2"}, columns); diff != "" {
				t.Errorf("board, -want +have:\n%s", diff)
			}
			return nil
		})
	})
}

func TestTask(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := told(t, d, func(team *team) {
			team.founded(1000, 1, 2)
			team.task(7, 1000, 2, created(1000, "first"))
			team.task(1, 1000, 2, events.TaskCreated{Project: id(1000), Title: "Paint", Description: "the fence", Status: "waiting",
				Rank: "m", Priority: events.PriorityLow, Labels: []string{"home", "wood"}})
			team.task(1, 1000, 1, events.TaskEdited{Title: &events.Changed[string]{From: "Paint", To: "Paint it"},
				Priority: &events.Changed[events.Priority]{To: events.PriorityUrgent}, Due: &events.Changed[events.Date]{To: "2026-06-01"},
				Labels: &events.Changed[[]string]{From: []string{"home", "wood"}, To: []string{"wood", "red"}}})
			team.task(1, 1000, 1, events.TaskAssigned{Accounts: []uuid.UUID{id(2), id(1)}})
			team.task(1, 1000, 1, events.TaskUnassigned{Accounts: []uuid.UUID{id(2)}})
			team.task(1, 1000, 1, events.CommentAdded{Comment: id(9), Text: "red?"}, events.CommentAdded{Comment: id(8), Text: "no"})
			team.task(1, 1000, 1, events.CommentEdited{Comment: id(9), From: "red?", To: "Red!"})
			team.task(1, 1000, 2, events.CommentDeleted{Comment: id(8), Text: "no"})
			team.task(1, 1000, 2, events.TaskMoved{Status: events.Changed[string]{From: "waiting", To: "done"}, Rank: events.Changed[string]{From: "m", To: "q"}})
			team.task(1, 1000, 2, events.TaskDeleted{})
		})
		stored := l.since(0)
		first, last := stored[3], stored[len(stored)-1]
		look(t, s, func(q *Snapshot) error {
			have, err := q.Task(t.Context(), id(1), id(1))
			if err != nil {
				return err
			}
			want := Task{
				ID: id(1), Project: id(1000), Number: 2, Title: "Paint it", Description: "the fence", Status: "done",
				Priority: events.PriorityUrgent, Due: "2026-06-01", Labels: []string{"wood", "red"}, Assignees: []uuid.UUID{id(1)},
				Rank: "q", Revision: 10, CreatedAt: first.Time, CreatedBy: id(2), UpdatedAt: last.Time, DeletedAt: &last.Time, CommentCount: 1,
			}
			if diff := cmp.Diff(want, have, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +have:\n%s", diff)
			}
			comments, _, err := q.Comments(t.Context(), id(1), id(1), Page{})
			if err != nil {
				return err
			}
			if len(comments) != 1 || comments[0].Text != "Red!" || comments[0].Author != id(1) || comments[0].EditedAt == nil || comments[0].ID != id(9) {
				t.Errorf("%+v", comments)
			}
			for deleted, want := range map[bool][]uuid.UUID{false: {id(7)}, true: {id(1)}} {
				tasks, _, err := q.Tasks(t.Context(), id(1), id(1000), TaskFilter{Deleted: deleted}, Page{})
				if len(tasks) != 1 || tasks[0].ID != want[0] || err != nil {
					t.Errorf("deleted %v: %+v, %v", deleted, tasks, err)
				}
			}
			board, err := q.Board(t.Context(), id(1), id(1000))
			if err != nil || len(board.Columns[0].Tasks) != 1 || len(board.Columns[2].Tasks) != 0 {
				t.Errorf("the board shows what is in the trash: %+v, %v", board, err)
			}
			return nil
		})
	})
}

// A comment that was deleted and restored is unchanged and occurs once.
func TestRestoredComment(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		said := time.Date(2026, 5, 3, 9, 0, 6, 0, time.UTC)
		s, l := told(t, d, func(team *team) {
			team.founded(1000, 1, 2)
			team.task(1, 1000, 2, created(1000, "Paint"))
			for n := 8; n <= 9; n++ {
				team.task(1, 1000, 2, events.CommentAdded{Comment: id(n), Text: "red?"})
				team.task(1, 1000, 1, events.CommentDeleted{Comment: id(n), Text: "red?"})
			}
			team.task(1, 1000, 1, events.CommentRestored{Comment: id(9), Author: id(2), Text: "red?", CreatedAt: said})
			team.task(1, 1000, 1, events.CommentRestored{Comment: id(8), Author: id(2), Text: "red", CreatedAt: said.Add(time.Second), EditedAt: said.Add(time.Minute)})
		})
		edited := said.Add(time.Minute)
		want := []Comment{
			{ID: id(9), Task: id(1), Author: id(2), Text: "red?", CreatedAt: said},
			{ID: id(8), Task: id(1), Author: id(2), Text: "red", CreatedAt: said.Add(time.Second), EditedAt: &edited},
		}
		look(t, s, func(q *Snapshot) error {
			have, _, err := q.Comments(t.Context(), id(1), id(1), Page{})
			if diff := cmp.Diff(want, have); diff != "" || err != nil {
				t.Errorf("%v, -want +have:\n%s", err, diff)
			}
			task, err := q.Task(t.Context(), id(1), id(1))
			if err != nil || task.CommentCount != 2 || task.Revision != 7 {
				t.Errorf("%+v, %v", task, err)
			}
			entries, _, err := q.History(t.Context(), id(1), id(1), Page{Sort: "-position", Limit: 1})
			if err != nil || len(entries) != 1 || string(entries[0].Differences) != `[{"field":"comment","from":null,"to":"red"}]` {
				t.Errorf("%+v, %v", entries, err)
			}
			return nil
		})
		// An existing comment cannot be restored.
		team := newTeam(l)
		team.commands = 1000
		team.task(1, 1000, 1, events.CommentRestored{Comment: id(8), Author: id(2), Text: "red", CreatedAt: said})
		if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
			t.Fatal(err)
		}
		if parked, err := s.Parked(t.Context()); err != nil || len(parked) != 1 {
			t.Errorf("a comment that was there came back: %+v, %v", parked, err)
		}
	})
}

// There are more labels than are returned, and some tasks are in the trash.
func TestLabels(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, _ := told(t, d, func(team *team) {
			team.founded(1000, 1)
			team.founded(2000, 1)
			for n := range maxLabels + 5 {
				e := created(1000, "x")
				e.Labels = []string{fmt.Sprintf("l%03d", n), "every"}
				team.task(n+1, 1000, 1, e)
			}
			team.task(3, 1000, 1, events.TaskDeleted{})
			team.task(4, 1000, 1, events.TaskEdited{Labels: &events.Changed[[]string]{From: []string{"l003", "every"}, To: []string{"l000"}}})
			other := created(2000, "x")
			other.Labels = []string{"elsewhere"}
			team.task(9000, 2000, 1, other)
		})
		look(t, s, func(q *Snapshot) error {
			labels, err := q.Labels(t.Context(), id(1), id(1000))
			if err != nil || len(labels) != maxLabels {
				t.Fatalf("%d labels, %v", len(labels), err)
			}
			want := []LabelCount{{"every", maxLabels + 3}, {"l000", 2}, {"l001", 1}, {"l004", 1}}
			if diff := cmp.Diff(want, labels[:4]); diff != "" {
				t.Errorf("-want +have:\n%s", diff)
			}
			return nil
		})
	})
}

func TestHistory(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := told(t, d, func(team *team) {
			team.founded(1000, 1, 2)
			team.task(1, 1000, 2, created(1000, "Paint"))
			team.task(1, 1000, 1, events.TaskMoved{Status: events.Changed[string]{From: "waiting", To: "done"}})
			team.task(2, 1000, 2, created(1000, "other"))
			team.task(1, 1000, 1, events.TaskDeleted{})
		})
		stored := l.since(0)
		look(t, s, func(q *Snapshot) error {
			entries, next, err := q.History(t.Context(), id(2), id(1), Page{})
			if err != nil {
				return err
			}
			want := []Entry{
				entryOf(stored[2], `[{"field":"title","from":null,"to":"Paint"},{"field":"status","from":null,"to":"waiting"}]`),
				entryOf(stored[3], `[{"field":"status","from":"waiting","to":"done"}]`),
				entryOf(stored[5], `[]`),
			}
			if diff := cmp.Diff(want, entries); diff != "" || next != "" {
				t.Errorf("next %q, -want +have:\n%s", next, diff)
			}
			page, _, err := q.ProjectHistory(t.Context(), id(2), id(1000), Page{Sort: "-position", Limit: 100})
			if err != nil {
				return err
			}
			var positions []uint64
			for _, e := range page {
				positions = append(positions, e.Position.Sequence)
			}
			if diff := cmp.Diff([]uint64{6, 5, 4, 3, 2, 1}, positions); diff != "" {
				t.Errorf("project history, -want +have:\n%s", diff)
			}
			if page[4].Concerns != id(2) {
				t.Errorf("a membership event concerns %s", page[4].Concerns)
			}
			return nil
		})
	})
}

func entryOf(e events.Envelope, differences string) Entry {
	return Entry{Event: e.ID, Aggregate: e.Aggregate, Revision: e.Revision, Position: e.Position, At: e.Time, Actor: e.Actor,
		Type: e.Type, Differences: json.RawMessage(differences)}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		s, l := told(t, d, func(team *team) {
			team.account(2, events.AccountRegistered{Administrator: true})
			team.account(1, events.AccountRegistered{})
			team.account(1, events.AccountErased{})
		})
		stored := l.since(0)
		look(t, s, func(q *Snapshot) error {
			people, err := q.People(t.Context())
			want := []AccountRow{{id(2), true, stored[0].Time, nil}, {id(1), false, stored[1].Time, &stored[2].Time}}
			if diff := cmp.Diff(want, people); diff != "" || err != nil {
				t.Errorf("%v, -want +have:\n%s", err, diff)
			}
			one, err := q.Person(t.Context(), id(1))
			if diff := cmp.Diff(want[1], one); diff != "" || err != nil {
				t.Errorf("%v, -want +have:\n%s", err, diff)
			}
			_, err = q.Person(t.Context(), id(3))
			notFound(t, "a person", err)
			if anybody, err := q.Anybody(t.Context()); err != nil || !anybody {
				t.Errorf("anybody: %t, %v", anybody, err)
			}
			return nil
		})
		empty, _ := told(t, d, func(*team) {})
		look(t, empty, func(q *Snapshot) error {
			if anybody, err := q.Anybody(t.Context()); err != nil || anybody {
				t.Errorf("anybody where there is nobody: %t, %v", anybody, err)
			}
			return nil
		})
	})
}

// Characters that are special in SQL are searched for literally.
func TestTextIsTakenLiterally(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		titles := []string{"100% done", "100 done", "snake_case", "snakeXcase", "bang! bang", `back\slash`, "ÄRGER im Büro", "it's", `say "hi"`, "日本語"}
		s, _ := told(t, d, func(team *team) {
			team.founded(1000, 1)
			for n, title := range titles {
				e := created(1000, title)
				if n == 0 {
					e.Description = "with Details_ below"
				}
				team.task(n+1, 1000, 1, e)
			}
		})
		look(t, s, func(q *Snapshot) error {
			for text, want := range map[string][]int{
				"100%": {1}, "100": {1, 2}, "e_c": {3}, "%": {1}, "_": {1, 3}, "!": {5}, `\`: {6}, "ärger": {7}, "büro ÄRG": {7},
				"it's": {8}, `"hi"`: {9}, "本": {10}, "DONE 100": {1, 2}, "details_": {1}, "done details_": {1}, "nowhere": nil, "  ": {1, 2, 3, 4, 5, 6, 7, 8, 9, 10},
				"\x00": nil,
			} {
				tasks, _, err := q.Tasks(t.Context(), id(1), id(1000), TaskFilter{Text: text}, Page{})
				var have []int
				for _, task := range tasks {
					have = append(have, int(task.Number))
				}
				if diff := cmp.Diff(want, have); diff != "" || err != nil {
					t.Errorf("%q (%v), -want +have:\n%s", text, err, diff)
				}
			}
			return nil
		})
	})
}
