package projections

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/docketlog/docket/events"
)

func TestFigures(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		move := func(team *team, task int, from, to string, after time.Duration) {
			team.clock = team.clock.Add(after - 1500*time.Millisecond)
			team.task(task, 1000, 1, events.TaskMoved{Status: events.Changed[string]{From: from, To: to}, Rank: events.Changed[string]{From: "a", To: "a"}})
		}
		const day = 24 * time.Hour
		s, _ := told(t, d, func(team *team) {
			team.founded(1000, 1)
			// Started, and done two days later: a cycle of two days.
			team.task(1, 1000, 1, created(1000, "one"))
			move(team, 1, "waiting", "in_progress", day)
			move(team, 1, "in_progress", "done", 2*day)
			// Reopened, back to waiting, and done: three more days.
			move(team, 1, "done", "waiting", day)
			move(team, 1, "waiting", "in_progress", day)
			move(team, 1, "in_progress", "done", 2*day)
			// Never in doing: the cycle begins at creation.
			team.task(2, 1000, 1, created(1000, "two"))
			move(team, 2, "waiting", "done", time.Hour)
			// Moved within done: nothing is completed.
			move(team, 2, "done", "done", time.Hour)
			// Created as done: nothing is completed either.
			three := created(1000, "three")
			three.Status = "done"
			team.task(3, 1000, 1, three)
			// Moved to the trash and restored.
			team.task(4, 1000, 1, created(1000, "four"))
			team.task(4, 1000, 1, events.TaskDeleted{})
			team.task(5, 1000, 1, created(1000, "five"))
			team.task(5, 1000, 1, events.TaskDeleted{})
			team.task(5, 1000, 1, events.TaskRestored{})
			// The board changes the category of waiting and removes
			// in_progress.
			team.task(6, 1000, 1, created(1000, "six"))
			move(team, 6, "waiting", "in_progress", time.Hour)
			team.project(1000, 1, events.StatusesChanged{
				From: events.DefaultStatuses(),
				To: []events.Status{
					{Key: "waiting", Name: "Under way", Category: events.CategoryDoing},
					{Key: "done", Name: "Done", Category: events.CategoryDone},
				},
				Retired: map[string]string{"in_progress": "done"},
			})
		})
		got, err := s.Figures(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		cycles := make([]uint64, len(CycleBounds)+1)
		cycles[2] = 1 // up to an hour
		cycles[5] = 1 // up to two days
		cycles[6] = 1 // up to four
		want := Figures{
			Created: 6, Completed: 3, Reopened: 1, Deleted: 1,
			Standing: map[events.Category]int64{events.CategoryToDo: 0, events.CategoryDoing: 1, events.CategoryDone: 4},
			Cycles:   cycles, CycleTime: 5*day + time.Hour,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("figures (-want +got):\n%s", diff)
		}
	})
}

// The folded figures always equal the counted ones.
func TestFiguresAreCounted(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d database) {
		for seed := range uint64(5) {
			l := newMemoryLog()
			newSimulation(l, testChoices(seed)).steps(400)
			s := d.open(t)
			if _, err := Rebuild(t.Context(), s, l, RebuildOptions{}); err != nil {
				t.Fatal(err)
			}
			folded, err := s.Figures(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			counted := Figures{Standing: map[events.Category]int64{events.CategoryToDo: 0, events.CategoryDoing: 0, events.CategoryDone: 0}}
			look(t, s, func(q *Snapshot) error {
				err := q.each(t.Context(), func(scan func(...any) error) error {
					var category string
					var n int64
					err := scan(&category, &n)
					counted.Standing[events.Category(category)] = n
					return err
				}, `select s.category, count(*) from {g}tasks t join {g}statuses s on s.project = t.project and s.status = t.status
					where t.deleted_at is null group by s.category`)
				if err != nil {
					return err
				}
				return q.one(t.Context(), []any{&counted.Created, &counted.Deleted},
					`select count(*), coalesce(sum(case when deleted_at is null then 0 else 1 end), 0) from {g}tasks`)
			})
			var cycles uint64
			for _, n := range folded.Cycles {
				cycles += n
			}
			if folded.Completed == 0 || folded.Deleted == 0 || cycles != folded.Completed {
				t.Errorf("seed %d: %d completed, %d cycles, %d deleted; the history proves nothing or cycles were lost", seed, folded.Completed, cycles, folded.Deleted)
			}
			if folded.Created != counted.Created || folded.Deleted != counted.Deleted || !cmp.Equal(folded.Standing, counted.Standing) {
				t.Errorf("seed %d: folded %+v, counted %+v", seed, folded, counted)
			}
		}
	})
}
