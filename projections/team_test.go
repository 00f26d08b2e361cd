package projections

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// team writes histories as commands would: one commit after another, with
// revisions and chain.
type team struct {
	log      *memoryLog
	commands int
	clock    time.Time
}

func newTeam(l *memoryLog) *team {
	return &team{log: l, clock: time.Date(2026, 5, 3, 9, 0, 0, 0, time.UTC)}
}

// seal creates the envelopes of one command without storing them.
func (t *team) seal(a events.Aggregate, project, actor uuid.UUID, what ...events.Event) []events.Envelope {
	t.commands++
	t.clock = t.clock.Add(1500 * time.Millisecond)
	c := events.Commit{
		Head: t.log.head(a), Project: project, Actor: actor, Time: t.clock, Events: what,
		Command: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, t.commands)),
	}
	sealed, err := c.Seal()
	if err != nil {
		panic(err)
	}
	return sealed
}

func (t *team) do(a events.Aggregate, project, actor uuid.UUID, what ...events.Event) events.Position {
	return t.log.push(t.seal(a, project, actor, what...)...)
}

func (t *team) account(n int, e events.Event) events.Position {
	return t.do(events.Account(id(n)), uuid.Nil, id(n), e)
}

func (t *team) project(n, actor int, what ...events.Event) events.Position {
	return t.do(events.Project(id(n)), id(n), id(actor), what...)
}

func (t *team) task(n, project, actor int, what ...events.Event) events.Position {
	return t.do(events.Task(id(n)), id(project), id(actor), what...)
}

// founded creates a project whose owner is the first of the members.
func (t *team) founded(n int, members ...int) {
	t.project(n, members[0], events.ProjectCreated{Name: fmt.Sprintf("Project %d", n), Statuses: events.DefaultStatuses()})
	for _, m := range members[1:] {
		t.project(n, members[0], events.MemberAdded{Account: id(m), Role: events.RoleMember})
	}
}

func created(project int, title string) events.TaskCreated {
	return events.TaskCreated{Project: id(project), Title: title, Status: "waiting", Rank: "a", Priority: events.PriorityNone}
}

// choices picks what happens next; it can be backed by rand or rapid.
type choices interface{ IntN(n int) int }

var _ choices = (*rand.Rand)(nil)

// simulation is a random, valid history: what commands would have allowed.
type simulation struct {
	*team
	choices
	accounts, projects, tasks, comments int
	// next ids: accounts from 1, projects from 1000, tasks from 10000,
	// comments from 1000000.
	in      map[int]int   // task → project
	said    map[int][]int // task → comments
	unsaid  map[int][]int // task → deleted comments
	members map[int][]int // project → accounts
	columns map[int][]string
	made    map[int]int // statuses ever created
	status  map[int]string
}

func newSimulation(l *memoryLog, c choices) *simulation {
	s := &simulation{
		team: newTeam(l), choices: c, in: map[int]int{}, said: map[int][]int{}, unsaid: map[int][]int{}, members: map[int][]int{},
		columns: map[int][]string{}, made: map[int]int{}, status: map[int]string{},
	}
	s.register()
	s.found()
	return s
}

func (s *simulation) register() {
	s.accounts++
	s.account(s.accounts, events.AccountRegistered{Administrator: s.accounts == 1})
}

func (s *simulation) found() {
	s.projects++
	n, owner := 1000+s.projects, 1+s.IntN(s.accounts)
	s.project(n, owner, events.ProjectCreated{Name: s.text(), Statuses: events.DefaultStatuses()})
	s.members[n] = []int{owner}
	s.columns[n] = []string{"waiting", "in_progress", "done"}
}

func pick[T any](c choices, list []T) T { return list[c.IntN(len(list))] }

var words = []string{"Paint", "the fence", "100%", "under_score", "Ärger", "\"quoted\"", "back\\slash", "日本", "<b>", "nul\x00byte", "it's", "", "bang!"}

func (s *simulation) text() string {
	return pick(s, words) + " " + pick(s, words)
}

func (s *simulation) labels() []string {
	var labels []string
	for range s.IntN(3) {
		if l := pick(s, words); !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	return labels
}

func (s *simulation) due() events.Date {
	if s.IntN(3) == 0 {
		return ""
	}
	return events.Date(fmt.Sprintf("2026-%02d-%02d", 1+s.IntN(12), 1+s.IntN(28)))
}

func (s *simulation) rank() string { return fmt.Sprintf("%c%c", 'a'+s.IntN(26), 'A'+s.IntN(26)) }

func (s *simulation) someone(project int) int { return pick(s, s.members[project]) }

// steps runs n random steps.
func (s *simulation) steps(n int) {
	for range n {
		s.step()
	}
}

func (s *simulation) step() {
	switch k := s.IntN(20); {
	case k == 0 && s.accounts < 8:
		s.register()
	case k == 1 && s.projects < 4:
		s.found()
	case k <= 4:
		s.stepProject(1001 + s.IntN(s.projects))
	case k <= 9 || s.tasks == 0:
		s.stepCreate(1001 + s.IntN(s.projects))
	default:
		s.stepTask(10001 + s.IntN(s.tasks))
	}
}

func (s *simulation) stepProject(n int) {
	owner := s.members[n][0]
	switch s.IntN(6) {
	case 0:
		s.project(n, owner, events.ProjectRenamed{From: "x", To: s.text()})
	case 1:
		s.project(n, owner, events.ProjectArchived{}, events.ProjectUnarchived{})
	case 2:
		if a := 1 + s.IntN(s.accounts); !slices.Contains(s.members[n], a) {
			s.project(n, owner, events.MemberAdded{Account: id(a), Role: events.RoleMember})
			s.members[n] = append(s.members[n], a)
		}
	case 3:
		if len(s.members[n]) > 1 {
			i := 1 + s.IntN(len(s.members[n])-1)
			s.project(n, owner, events.MemberRemoved{Account: id(s.members[n][i]), Role: events.RoleMember})
			s.members[n] = slices.Delete(s.members[n], i, i+1)
		}
	case 4:
		s.project(n, owner, events.MemberRoleChanged{Account: id(s.someone(n)), From: events.RoleMember, To: events.RoleOwner})
	case 5:
		s.stepStatuses(n, owner)
	}
}

// stepStatuses retires one status in favour of another and adds a new one.
func (s *simulation) stepStatuses(n, owner int) {
	i := s.IntN(len(s.columns[n]))
	gone := s.columns[n][i]
	s.made[n]++
	s.columns[n] = append(slices.Delete(slices.Clone(s.columns[n]), i, i+1), fmt.Sprintf("new%d", s.made[n]))
	var to []events.Status
	for j, key := range s.columns[n] {
		to = append(to, events.Status{Key: key, Name: key, Category: []events.Category{events.CategoryToDo, events.CategoryDoing, events.CategoryDone}[j%3], Limit: j})
	}
	s.project(n, owner, events.StatusesChanged{From: nil, To: to, Retired: map[string]string{gone: s.columns[n][0]}})
}

func (s *simulation) stepCreate(project int) {
	s.tasks++
	n := 10000 + s.tasks
	s.in[n], s.status[n] = project, pick(s, s.columns[project])
	e := events.TaskCreated{
		Project: id(project), Title: s.text(), Description: s.text(), Status: s.status[n], Rank: s.rank(),
		Priority: pick(s, events.Priorities), Due: s.due(), Labels: s.labels(),
	}
	for range s.IntN(3) {
		e.Assignees = append(e.Assignees, id(s.someone(project)))
	}
	s.task(n, project, s.someone(project), e)
}

func (s *simulation) stepTask(n int) {
	project := s.in[n]
	actor := s.someone(project)
	do := func(what ...events.Event) { s.task(n, project, actor, what...) }
	switch s.IntN(10) {
	case 0:
		do(events.TaskEdited{Title: &events.Changed[string]{To: s.text()}, Labels: &events.Changed[[]string]{To: s.labels()}})
	case 1:
		do(events.TaskEdited{Description: &events.Changed[string]{To: s.text()}, Due: &events.Changed[events.Date]{To: s.due()},
			Priority: &events.Changed[events.Priority]{To: pick(s, events.Priorities)}})
	case 2:
		to := pick(s, s.columns[project])
		do(events.TaskMoved{Status: events.Changed[string]{From: s.status[n], To: to}, Rank: events.Changed[string]{To: s.rank()}})
		s.status[n] = to
	case 3:
		do(events.TaskAssigned{Accounts: []uuid.UUID{id(s.someone(project))}})
	case 4:
		do(events.TaskUnassigned{Accounts: []uuid.UUID{id(s.someone(project))}})
	case 5:
		do(events.TaskDeleted{}, events.TaskRestored{})
	case 6:
		do(events.TaskDeleted{})
	case 7:
		s.comments++
		c := 1000000 + s.comments
		do(events.CommentAdded{Comment: id(c), Text: s.text()})
		s.said[n] = append(s.said[n], c)
	case 8:
		if len(s.said[n]) == 0 {
			return
		}
		c := pick(s, s.said[n])
		if s.IntN(2) == 0 {
			do(events.CommentEdited{Comment: id(c), To: s.text()})
			return
		}
		do(events.CommentDeleted{Comment: id(c)})
		s.said[n] = slices.DeleteFunc(s.said[n], func(x int) bool { return x == c })
		s.unsaid[n] = append(s.unsaid[n], c)
	case 9:
		if len(s.unsaid[n]) == 0 {
			return
		}
		c := pick(s, s.unsaid[n])
		e := events.CommentRestored{Comment: id(c), Author: id(s.someone(project)), Text: s.text(), CreatedAt: s.clock.Add(-time.Hour)}
		if s.IntN(2) == 0 {
			e.EditedAt = s.clock.Add(-time.Minute)
		}
		do(e)
		s.unsaid[n] = slices.DeleteFunc(s.unsaid[n], func(x int) bool { return x == c })
		s.said[n] = append(s.said[n], c)
	}
}
