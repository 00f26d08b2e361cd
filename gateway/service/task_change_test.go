package service

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
)

// TestTaskChange turns each part of a change into its command, and all of them
// into one.
func TestTaskChange(t *testing.T) {
	t.Parallel()
	task, jun, vera := uuid.New(), uuid.New(), uuid.New()
	title, seen := "Fix the tap", "Fix tap"
	edit := commands.EditTask{Task: task, Title: &title, Seen: commands.Seen{Title: &seen}}
	for name, c := range map[string]struct {
		change TaskChange
		want   []commands.Command
	}{
		"a field": {TaskChange{Title: &title, Seen: commands.Seen{Title: &seen}}, []commands.Command{edit}},
		"a status": {
			TaskChange{Status: "done", SeenStatus: "waiting"},
			[]commands.Command{commands.MoveTask{Task: task, Status: "done", SeenStatus: "waiting"}},
		},
		"a place":       {TaskChange{Place: Place{Rank: "V"}}, []commands.Command{commands.MoveTask{Task: task, Rank: "V"}}},
		"all assignees": {TaskChange{Assignees: &[]uuid.UUID{jun}}, []commands.Command{commands.ReassignTask{Task: task, Assignees: []uuid.UUID{jun}}}},
		"no assignees":  {TaskChange{Assignees: new([]uuid.UUID)}, []commands.Command{commands.ReassignTask{Task: task}}},
		"everything": {
			TaskChange{
				Title: &title, Seen: commands.Seen{Title: &seen}, Status: "done",
				Unassign: []uuid.UUID{jun}, Assign: []uuid.UUID{vera},
			},
			[]commands.Command{
				edit, commands.MoveTask{Task: task, Status: "done"},
				commands.UnassignTask{Task: task, Accounts: []uuid.UUID{jun}}, commands.AssignTask{Task: task, Accounts: []uuid.UUID{vera}},
			},
		},
	} {
		c.change.Task = task
		if c.change.Empty() {
			t.Errorf("%s: is taken for nothing", name)
		}
		same(t, name, c.change.Command(), commands.Together(c.want...))
	}

	nothing := TaskChange{Task: task, SeenStatus: "waiting", Seen: commands.Seen{Title: &seen}}
	if !nothing.Empty() {
		t.Error("what was seen is taken for a change")
	}
	same(t, "nothing", nothing.Command(), commands.EditTask{Task: task})
	if (TaskChange{Task: task, Place: Place{After: &Neighbour{None: true}}}).Empty() {
		t.Error("a place beside a neighbour is taken for nothing")
	}
}

func TestProjectChange(t *testing.T) {
	t.Parallel()
	project := uuid.New()
	statuses := events.DefaultStatuses()
	name, retire := "Garden", map[string]string{"later": "waiting"}
	rename := commands.RenameProject{Project: project, Name: name}
	change := commands.ChangeStatuses{Project: project, Statuses: statuses, Retire: retire}
	whole := ProjectChange{Project: project, Name: &name, Archived: new(true), Statuses: &statuses, Retire: retire}
	same(t, "archive", whole.Command(), commands.Together(rename, change, commands.ArchiveProject{Project: project}))
	whole.Archived = new(false)
	same(t, "bring back", whole.Command(), commands.Together(commands.UnarchiveProject{Project: project}, rename, change))
	same(t, "rename", ProjectChange{Project: project, Name: &name}.Command(), rename)
	if whole.Empty() || !(ProjectChange{Project: project}).Empty() {
		t.Error("what is empty is not told from what is not")
	}
}

// same compares commands, composite ones included.
func same(t *testing.T, what string, got, want commands.Command) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("%s: want -, got +\n%s", what, diff)
	}
}
