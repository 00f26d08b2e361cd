package fold_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/fold"
	"github.com/docketlog/docket/projections/schema"
)

// story is a history as commands would have written it.
type story struct {
	heads  map[events.Aggregate]events.Head
	clock  time.Time
	events []events.Envelope
}

func id(n int) uuid.UUID { return uuid.MustParse(fmt.Sprintf("00000000-0000-7000-8000-%012d", n)) }

// seal creates the envelopes of one command, one second after the previous one.
func (s *story) seal(a events.Aggregate, project uuid.UUID, what ...events.Event) []events.Envelope {
	head := s.heads[a]
	head.Aggregate = a
	s.clock = s.clock.Add(time.Second)
	commit := events.Commit{
		Head: head, Project: project, Actor: id(1), Time: s.clock, Events: what,
		Command: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, s.clock)),
	}
	sealed, err := commit.Seal()
	if err != nil {
		panic(err)
	}
	return sealed
}

// push stores envelopes unchanged.
func (s *story) push(envelopes ...events.Envelope) {
	for _, e := range envelopes {
		e.Position = events.Position{Incarnation: "test", Sequence: uint64(len(s.events) + 1)}
		s.events = append(s.events, e)
		head := s.heads[e.Aggregate]
		head.Aggregate = e.Aggregate
		if head.Accepts(&e) == nil {
			s.heads[e.Aggregate] = head.After(&e)
		}
	}
}

func (s *story) account(n int, what ...events.Event) {
	s.push(s.seal(events.Account(id(n)), uuid.Nil, what...)...)
}

func (s *story) project(what ...events.Event) {
	s.push(s.seal(events.Project(id(100)), id(100), what...)...)
}

func (s *story) task(n int, what ...events.Event) {
	s.push(s.seal(events.Task(id(n)), id(100), what...)...)
}

func newStory() *story {
	return &story{heads: make(map[events.Aggregate]events.Head), clock: time.Unix(0, 0).UTC()}
}

// founded returns a story with a project.
func founded() *story {
	s := newStory()
	s.project(events.ProjectCreated{Name: "Boat", Statuses: events.DefaultStatuses()})
	return s
}

func created(title string) events.TaskCreated {
	return events.TaskCreated{Project: id(100), Title: title, Status: "waiting", Rank: "a", Priority: events.PriorityNone}
}

func moved(from, to string) events.TaskMoved {
	return events.TaskMoved{Status: events.Changed[string]{From: from, To: to}, Rank: events.Changed[string]{From: "a", To: "b"}}
}

// database holds what a database would: rows by table and key.
type database map[string]map[string][]any

func keyOf(values []any) string { return fmt.Sprintln(values...) }

// load answers loads.
func (d database) load(t *testing.T, loads []schema.Load) {
	t.Helper()
	for _, l := range loads {
		for keys := range slices.Chunk(l.Keys, l.Table.Key) {
			row, found := d[l.Table.Name][keyOf(keys)]
			if !found {
				continue
			}
			err := l.Take(func(dest ...any) error {
				if len(dest) != len(row) {
					return fmt.Errorf("%d columns for %d values", len(row), len(dest))
				}
				for i := range dest {
					set(reflect.ValueOf(dest[i]).Elem(), row[i])
				}
				return nil
			})
			if err != nil {
				t.Fatalf("%s: %v", l.Table.Name, err)
			}
		}
	}
}

// set assigns a value to a destination, as drivers do.
func set(dest reflect.Value, v any) {
	if v == nil {
		dest.SetZero()
		return
	}
	if dest.Kind() == reflect.Pointer {
		dest.Set(reflect.New(dest.Type().Elem()))
		dest = dest.Elem()
	}
	dest.Set(reflect.ValueOf(v).Convert(dest.Type()))
}

// write applies changes.
func (d database) write(changes []schema.Change) {
	for _, c := range changes {
		if d[c.Table.Name] == nil {
			d[c.Table.Name] = make(map[string][]any)
		}
		for row := range slices.Chunk(c.Rows, len(c.Table.Columns)) {
			d[c.Table.Name][keyOf(row[:c.Table.Key])] = row
		}
		for key := range slices.Chunk(c.Deleted, c.Table.Key) {
			delete(d[c.Table.Name], keyOf(key))
		}
	}
}

// text returns some columns of all rows of a table, in key order.
func (d database) text(table string, columns ...string) (list []string) {
	i := slices.IndexFunc(fold.Tables(), func(t *schema.Table) bool { return t.Name == table })
	all := fold.Tables()[i].Columns
	rows := d[table]
	keys := make([]string, 0, len(rows))
	for key := range rows {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		var shown []string
		for n, c := range all {
			if slices.Contains(columns, c.Name) {
				shown = append(shown, strings.ReplaceAll(fmt.Sprint(rows[key][n]), "00000000-0000-7000-8000-000000000", "#"))
			}
		}
		list = append(list, strings.Join(shown, " "))
	}
	return list
}

// folded is the result of folding a story in transactions of n events each. The
// rows are forgotten between transactions.
func folded(t *testing.T, s *story, n int) (database, []fold.Outcome) {
	t.Helper()
	d, rows := make(database), fold.NewRows(fold.Projections())
	var outcomes []fold.Outcome
	for batch := range slices.Chunk(s.events, n) {
		facts := make([]fold.Fact, len(batch))
		for i := range batch {
			facts[i] = fold.NewFact(&batch[i])
			rows.Want(&facts[i])
		}
		d.load(t, rows.Loads())
		for i := range facts {
			outcomes = append(outcomes, rows.Apply(&facts[i]))
		}
		d.write(rows.Changes())
		rows.Settle()
		rows.Reset(false)
	}
	return d, outcomes
}

var cases = []struct {
	name  string
	tell  func(s *story)
	table string
	show  []string
	want  []string
}{{
	"a person registers and is erased",
	func(s *story) {
		s.account(1, events.AccountRegistered{Administrator: true})
		s.account(2, events.AccountRegistered{})
		s.account(2, events.AccountErased{})
	},
	"accounts", []string{"id", "administrator", "registered_at", "erased_at", "revision"},
	[]string{"#001 1 2000000 <nil> 1", "#002 0 3000000 4000000 2"},
}, {
	"who creates a project owns it, and a member who was removed is none",
	func(s *story) {
		s.project(events.MemberAdded{Account: id(2), Role: events.RoleMember}, events.MemberAdded{Account: id(3), Role: events.RoleMember})
		s.project(events.MemberRoleChanged{Account: id(2), From: events.RoleMember, To: events.RoleViewer})
		s.project(events.MemberRemoved{Account: id(3), Role: events.RoleMember})
	},
	"projects", []string{"members", "revision"},
	[]string{`[{"account":"#001","role":"owner","since":"1970-01-01T00:00:01Z"},{"account":"#002","role":"viewer","since":"1970-01-01T00:00:02Z"}] 5`},
}, {
	"the index of memberships follows",
	func(s *story) {
		s.project(events.MemberAdded{Account: id(2), Role: events.RoleMember}, events.MemberAdded{Account: id(3), Role: events.RoleMember})
		s.project(events.MemberRemoved{Account: id(3), Role: events.RoleMember})
	},
	"memberships", []string{"account", "project"},
	[]string{"#001 #100", "#002 #100"},
}, {
	"a retired status counts as its heir",
	func(s *story) {
		s.project(events.StatusesChanged{
			From: events.DefaultStatuses(), Retired: map[string]string{"in_progress": "done", "waiting": "begun"},
			To: []events.Status{{Key: "begun", Name: "Begun", Category: events.CategoryDoing}, {Key: "done", Name: "Done", Category: events.CategoryDone}},
		})
	},
	"statuses", []string{"status", "resolved", "category"},
	[]string{"begun begun doing", "done done done", "in_progress done done", "waiting begun doing"},
}, {
	"tasks are numbered as they come, and found in lower case",
	func(s *story) {
		s.task(201, created("ONE"))
		s.task(202, created("nul\x00 \xff"))
	},
	"tasks", []string{"id", "number", "title", "folded_title", "status", "updated_at"},
	[]string{"#201 1 ONE one waiting 2000000", "#202 2 nul\uFFFD \uFFFD nul\uFFFD \uFFFD waiting 3000000"},
}, {
	"tasks are counted by status, those in the trash left out",
	func(s *story) {
		for n := range 4 {
			s.task(201+n, created("x"))
		}
		s.task(201, moved("waiting", "done"))
		s.task(202, events.TaskDeleted{})
		s.task(203, events.TaskDeleted{})
		s.task(203, events.TaskRestored{})
	},
	"tallies", []string{"created", "counts"},
	[]string{`4 [{"status":"done","tasks":1},{"status":"waiting","tasks":2}]`},
}, {
	"labels are an index of what a task carries",
	func(s *story) {
		e := created("x")
		e.Labels = []string{"home", "shed", "home"}
		s.task(201, e)
		s.task(201, events.TaskEdited{Labels: &events.Changed[[]string]{From: e.Labels, To: []string{"shed", "boat"}}})
	},
	"labels", []string{"task", "label"},
	[]string{"#201 boat", "#201 shed"},
}, {
	"assignments are an index of who has a task",
	func(s *story) {
		e := created("x")
		e.Assignees = []uuid.UUID{id(1), id(2)}
		s.task(201, e)
		s.task(201, events.TaskUnassigned{Accounts: []uuid.UUID{id(1)}}, events.TaskAssigned{Accounts: []uuid.UUID{id(2), id(3)}})
	},
	"assignments", []string{"account", "task"},
	[]string{"#002 #201", "#003 #201"},
}, {
	"a comment that comes back is as it was",
	func(s *story) {
		s.task(201, created("x"), events.CommentAdded{Comment: id(301), Text: "one"}, events.CommentAdded{Comment: id(302), Text: "two"})
		s.task(201, events.CommentEdited{Comment: id(301), To: "One"}, events.CommentDeleted{Comment: id(302)})
		s.task(201, events.CommentRestored{Comment: id(302), Author: id(2), Text: "two", CreatedAt: time.Unix(7, 0)})
	},
	"comments", []string{"id", "author", "body", "created_at", "edited_at"},
	[]string{"#301 #001 One 2000000 3000000", "#302 #002 two 7000000 <nil>"},
}, {
	"comments are counted",
	func(s *story) {
		s.task(201, created("x"), events.CommentAdded{Comment: id(301), Text: "one"}, events.CommentAdded{Comment: id(302), Text: "two"})
		s.task(201, events.CommentDeleted{Comment: id(302)})
	},
	"tasks", []string{"comments", "revision"},
	[]string{"1 4"},
}, {
	"history is written of projects and tasks",
	func(s *story) {
		s.account(1, events.AccountRegistered{})
		s.project(events.MemberAdded{Account: id(2), Role: events.RoleMember})
		s.task(201, created("x"), events.TaskDeleted{})
	},
	"history", []string{"id", "revision", "project", "sequence", "event_type", "concerns"},
	[]string{
		"#100 1 #100 1 project_created 00000000-0000-0000-0000-000000000000", "#100 2 #100 3 member_added #002",
		"#201 1 #100 4 task_created 00000000-0000-0000-0000-000000000000", "#201 2 #100 5 task_deleted 00000000-0000-0000-0000-000000000000",
	},
}, {
	"figures count what is done and how long it took",
	func(s *story) {
		s.task(201, created("x"))
		s.task(201, moved("waiting", "in_progress"))
		s.task(201, moved("in_progress", "done"))
		s.task(202, created("y"))
		s.task(202, events.TaskDeleted{})
	},
	"figures", []string{"created", "completed", "reopened", "to_do", "doing", "done", "deleted", "cycles", "cycle_time"},
	[]string{"2 1 0 0 0 1 1 [1,0,0,0,0,0,0,0,0,0,0,0,0] 1000000"},
}, {
	"a task that is taken up again begins another cycle",
	func(s *story) {
		s.task(201, created("x"), moved("waiting", "done"))
		s.task(201, moved("done", "waiting"))
	},
	"cycles", []string{"task", "since"},
	[]string{"#201 3000000"},
}, {
	"what no chain accepts is refused, and said",
	func(s *story) {
		s.task(201, created("x"))
		s.push(s.events[1])
	},
	"refused", []string{"sequence", "id", "kind", "revision"},
	[]string{"3 #201 task 1"},
}, {
	"what cannot be folded parks its aggregate",
	func(s *story) {
		s.task(201, created("x"))
		s.task(201, events.CommentDeleted{Comment: id(301)}, events.TaskDeleted{})
		s.task(202, created("y"))
	},
	"parked", []string{"id", "sequence", "revision", "event_type", "reason"},
	[]string{"#201 3 2 comment_deleted tasks: event does not fit the current state: comment #301 is unknown"},
}, {
	"a parked aggregate stands as it was, and the others go on",
	func(s *story) {
		s.task(201, created("x"))
		s.task(201, events.CommentDeleted{Comment: id(301)}, moved("waiting", "done"))
		s.task(202, created("y"))
	},
	"tasks", []string{"id", "number", "status", "revision"},
	[]string{"#201 1 waiting 1", "#202 2 waiting 1"},
}, {
	"a creation that cannot be read has its number all the same",
	func(s *story) {
		unreadable := s.seal(events.Task(id(201)), id(100), created("x"))[0]
		unreadable.Version = 99
		s.push(unreadable)
		s.task(202, created("y"))
	},
	"tasks", []string{"id", "number"},
	[]string{"#202 2"},
}}

// TestFolds checks what each event does, folded in one transaction and in one
// per event.
func TestFolds(t *testing.T) {
	t.Parallel()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := founded()
			c.tell(s)
			for _, n := range []int{len(s.events), 1} {
				d, _ := folded(t, s, n)
				if diff := cmp.Diff(c.want, d.text(c.table, c.show...)); diff != "" {
					t.Errorf("%d at a time, -want +have:\n%s", n, diff)
				}
			}
		})
	}
}

// How a history is split into transactions makes no difference to any row.
func TestBatchesDoNotMatter(t *testing.T) {
	t.Parallel()
	s := founded()
	for _, c := range cases {
		// All cases use the same tasks: events that do not fit are parked.
		c.tell(s)
	}
	want, _ := folded(t, s, len(s.events))
	for n := 1; n < len(s.events); n++ {
		have, _ := folded(t, s, n)
		for _, table := range fold.Tables() {
			if diff := cmp.Diff(rowsOf(want, table.Name), rowsOf(have, table.Name)); diff != "" {
				t.Fatalf("%s, %d at a time (-at once +so):\n%s", table.Name, n, diff)
			}
		}
	}
}

// rowsOf returns a table's rows in a comparable form.
func rowsOf(d database, table string) map[string]string {
	rows := make(map[string]string)
	for key, row := range d[table] {
		rows[key] = fmt.Sprint(row...)
	}
	return rows
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	s := founded()
	s.task(201, created("x"))
	s.push(s.events[1])                                         // stored again
	s.task(201, events.CommentEdited{Comment: id(301), To: ""}) // of no comment
	s.task(201, events.TaskDeleted{})                           // after that
	s.push(s.events[0])
	_, have := folded(t, s, len(s.events))
	want := []fold.Outcome{fold.Accepted, fold.Accepted, fold.Refused, fold.Parked, fold.Accepted, fold.Refused}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("-want +have:\n%s", diff)
	}
}

// A projection that fails, or panics, leaves no changes of the other
// projections.
func TestAllFoldOrNone(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func() error{
		"fails":  func() error { return fmt.Errorf("spoiled") },
		"panics": func() error { panic("spoiled") },
	} {
		rows := fold.NewRows(append(fold.Projections(), fold.Projection{Name: "spoiler", Version: 1, Fold: func(*fold.Rows, *fold.Fact) error { return spoil() }}))
		rows.Reset(true)
		s := founded()
		f := fold.NewFact(&s.events[0])
		rows.Want(&f)
		if became := rows.Apply(&f); became != fold.Parked {
			t.Errorf("%s: %v", name, became)
		}
		var tables []string
		for _, c := range rows.Changes() {
			tables = append(tables, c.Table.Name)
		}
		if want := []string{"heads", "parked"}; !slices.Equal(tables, want) {
			t.Errorf("%s: rows of %v change, want %v", name, tables, want)
		}
	}
}
