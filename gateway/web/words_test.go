package web

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

var (
	mina = accounts.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000001"), Name: "Mina Park", Email: "mina.park@example.org"}
	jun  = accounts.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000002"), Name: "Jun Lee", Email: "jl@example.org"}
	june = accounts.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000003"), Name: "June <b>Ray</b>", Email: "ray@example.org"}
	yuna = accounts.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000004"), Name: "김유나", Email: "yuna@example.org"}
	gone = accounts.Person{ID: uuid.MustParse("00000000-0000-4000-8000-000000000005"), Name: accounts.ErasedName, Erased: true}
	team = []accounts.Person{mina, jun, june, yuna, gone}

	// tuesday is the day on which everything here happens.
	tuesday = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
)

// someView is a page that Mina looks at, with her team's project.
func someView(l language) *view {
	w := &Web{who: func(id uuid.UUID) (accounts.Person, bool) {
		i := slices.IndexFunc(team, func(p accounts.Person) bool { return p.ID == id })
		if i < 0 {
			return accounts.Person{}, false
		}
		return team[i], true
	}}
	p := &projections.Project{ID: uuid.New(), Name: "Shop", Role: events.RoleOwner, Statuses: []events.Status{
		{Key: "waiting", Name: "Waiting", Category: events.CategoryToDo}, {Key: "in_progress", Name: "In progress", Category: events.CategoryDoing},
		{Key: "review", Name: "검토", Category: events.CategoryDoing}, {Key: "done", Name: "Done", Category: events.CategoryDone},
	}}
	for _, person := range team {
		p.Members = append(p.Members, projections.Member{Account: person.ID, Role: events.RoleMember})
	}
	return &view{web: w, language: l, zone: time.UTC, me: mina, project: p}
}

func TestQuick(t *testing.T) {
	t.Parallel()
	name := func(p accounts.Person) string { return p.Name }
	for line, want := range map[string]quickTask{
		"Buy milk": {Title: "Buy milk"},
		"Call the carrier @jun #shop !high friday": {Title: "Call the carrier", Assignees: []accounts.Person{jun}, Labels: []string{"shop"}, Priority: "high", Due: "2026-11-27"},
		"@mina @minapark @mina.park Once":          {Title: "Once", Assignees: []accounts.Person{mina}},
		"Ask @nobody":                              {Title: "Ask @nobody", Unknown: []string{"@nobody"}},
		"Ask @ju":                                  {Title: "Ask @ju", Unknown: []string{"@ju"}}, // two begin so
		"Ask @june":                                {Title: "Ask", Assignees: []accounts.Person{june}},
		"포장 @김유나 #가게 !높음 내일":                       {Title: "포장", Assignees: []accounts.Person{yuna}, Labels: []string{"가게"}, Priority: "high", Due: "2026-11-25"},
		"Fix #12 and #bug #bug":                    {Title: "Fix #12 and", Labels: []string{"bug"}},
		"Wow !!! really !now":                      {Title: "Wow !!! really !now"},
		"Plan 24 dec":                              {Title: "Plan", Due: "2026-12-24"},
		"Plan dec 1":                               {Title: "Plan", Due: "2026-12-01"},
		"Plan in 3 days":                           {Title: "Plan", Due: "2026-11-27"},
		"Plan +3d":                                 {Title: "Plan", Due: "2026-11-27"},
		"Plan 2027-01-05 !1":                       {Title: "Plan", Due: "2027-01-05", Priority: "urgent"},
		"today":                                    {Title: "today"}, // a title is never only a day
		"Read today news":                          {Title: "Read today news"},
		`Watch \today`:                             {Title: "Watch today"},
		`Write \@jun \#shop \!high`:                {Title: "Write @jun #shop !high"},
		"#shop !low":                               {Labels: []string{"shop"}, Priority: "low", Wrong: "quick.empty"},
		"@ # ! \\":                                 {Title: "@ # ! "},
		strings.Repeat("가", 201):                   {Title: strings.Repeat("가", 201), Wrong: "quick.long"},
	} {
		got := quick(line, team, tuesday)
		if want.Priority == "" {
			want.Priority = events.PriorityNone
		}
		if got.Title != want.Title || !slices.Equal(got.Labels, want.Labels) || got.Priority != want.Priority || got.Due != want.Due || got.Wrong != want.Wrong ||
			!slices.Equal(got.Unknown, want.Unknown) || !slices.EqualFunc(got.Assignees, want.Assignees, func(a, b accounts.Person) bool { return name(a) == name(b) }) {
			t.Errorf("%q:\n%+v\nwant\n%+v", line, got, want)
		}
	}
}

func TestQuickLines(t *testing.T) {
	t.Parallel()
	got := quickLines("- [ ] one\r\n\n * two\n• three\n  \n- - four\n-\nfive", team, tuesday)
	var titles []string
	for _, q := range got {
		titles = append(titles, q.Title)
	}
	if s := strings.Join(titles, "|"); s != "one|two|three|- four|-|five" {
		t.Errorf("%s", s)
	}
	if len(quickLines(" \r\n\t\n", team, tuesday)) != 0 {
		t.Error("nothing makes tasks")
	}
}

func FuzzQuick(f *testing.F) {
	for _, line := range []string{"a @mina #b !high today", `\`, "@", "\u00a0!", "in 99999999999999999999 days", "feb 30", "+9999999999d", "\xff @\xff"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, q := range quickLines(line, team, tuesday) {
			if (q.Title == "") != (q.Wrong == "quick.empty") {
				t.Errorf("%q: title %q, wrong %q", line, q.Title, q.Wrong)
			}
			if q.Due != "" {
				if _, err := time.Parse(time.DateOnly, string(q.Due)); err != nil {
					t.Errorf("%q: due %q", line, q.Due)
				}
			}
			if strings.ContainsAny(q.Title, "\n\r") {
				t.Errorf("%q: a title of two lines", line)
			}
		}
	})
}

func TestDayOf(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]events.Date{
		"today": "2026-11-24", "Tomorrow": "2026-11-25", "tmr": "2026-11-25", "오늘": "2026-11-24", "내일": "2026-11-25", "모레": "2026-11-26",
		"tuesday": "2026-12-01", "wed": "2026-11-25", "MON": "2026-11-30", "일요일": "2026-11-29",
		"2026-02-28": "2026-02-28", "2026-02-30": "", "2028-02-29": "2028-02-29", "0000-01-01": "", "12345-01-01": "",
		"24 dec": "2026-12-24", "dec 24": "2026-12-24", "1 jan": "2027-01-01", "24 nov": "2026-11-24", "23 nov": "2027-11-23", "31 apr": "", "feb 29": "2028-02-29", "feb 30": "", "0 dec": "", "32 dec": "", "dec": "",
		"in 2 weeks": "2026-12-08", "in 1 day": "2026-11-25", "in 0 days": "2026-11-24", "in -1 days": "", "in 521 weeks": "", "in 2 months": "", "at 2 days": "",
		"+0": "2026-11-24", "+7d": "2026-12-01", "+3650": "2036-11-21", "+3651": "", "+": "", "+-1": "", "+99999999999999999999": "", "": "", "someday": "", "next week": "",
	} {
		got, ok := dayOf(strings.Fields(words), tuesday)
		if got != want || ok != (want != "") {
			t.Errorf("%q is %q, want %q", words, got, want)
		}
	}
}

// TestLeapDay names a day that only some years have.
func TestLeapDay(t *testing.T) {
	t.Parallel()
	for today, want := range map[string]events.Date{"2028-02-01": "2028-02-29", "2028-02-29": "2028-02-29", "2028-03-01": "2032-02-29", "2027-05-01": "2028-02-29"} {
		now, err := time.Parse(time.DateOnly, today)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := dayOf([]string{"29", "feb"}, now); got != want {
			t.Errorf("on %s 29 feb is %q, want %q", today, got, want)
		}
	}
}

// TestDaysAreAhead names weekdays on every day of a week.
func TestDaysAreAhead(t *testing.T) {
	t.Parallel()
	for n := range 7 {
		today := tuesday.AddDate(0, 0, n)
		for word, weekday := range weekdayWords {
			d, ok := dayOf([]string{word}, today)
			day, err := time.Parse(time.DateOnly, string(d))
			if !ok || err != nil || day.Weekday() != weekday || !day.After(today) || day.Sub(today) > 7*24*time.Hour {
				t.Errorf("on %s %s is %s", today.Weekday(), word, d)
			}
		}
	}
}

// TestQueryIsWrittenAsItIsRead writes queries and reads them again.
func TestQueryIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`([@#!:"a-z0-9 ]|label:|due:|status:|"|\\){0,30}`)).Draw(t, "text")
		q := parseQuery(text)
		if again := parseQuery(q.String()); !slices.Equal(again.Terms, q.Terms) {
			t.Fatalf("%q\nis %+v,\nwritten %q,\nand then %+v", text, q.Terms, q.String(), again.Terms)
		}
		for i := range q.Terms {
			want := slices.Delete(slices.Clone(q.Terms), i, i+1)
			if less := parseQuery(q.without(i)); !slices.Equal(less.Terms, want) {
				t.Fatalf("%q without its term %d is %+v", text, i, less.Terms)
			}
		}
		if len(q.Terms) < maxTerms {
			more := parseQuery(q.with("assignee", "me"))
			if !slices.Equal(more.Terms, append(slices.Clone(q.Terms), term{Field: "assignee", Value: "me"})) {
				t.Fatalf("%q with one more is %+v", text, more.Terms)
			}
		}
	})
}

func TestQuery(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]term{
		"":                           nil,
		"  mugs  ":                   {{Value: "mugs"}},
		`"two words" x`:              {{Value: "two words"}, {Value: "x"}},
		`label:"to do" @mina #bug`:   {{Field: "label", Value: "to do"}, {Field: "assignee", Value: "mina"}, {Field: "label", Value: "bug"}},
		"#12 !high LABEL:x":          {{Field: "number", Value: "12"}, {Field: "priority", Value: "high"}, {Field: "label", Value: "x"}},
		"http://example.org status:": {{Value: "http://example.org"}, {Value: "status:"}},
		"@ # !":                      {{Value: "@"}, {Value: "#"}, {Value: "!"}},
		"due:<2026-12-01":            {{Field: "due", Value: "<2026-12-01"}},
	} {
		if got := parseQuery(text).Terms; !slices.Equal(got, want) {
			t.Errorf("%q is %+v, want %+v", text, got, want)
		}
	}
	if got := len(parseQuery(strings.Repeat("x ", 1000)).Terms); got != maxTerms {
		t.Errorf("%d terms", got)
	}
}

func TestQueryFilter(t *testing.T) {
	t.Parallel()
	v := someView(english)
	for text, want := range map[string]projections.TaskFilter{
		"@me":                    {Assignee: mina.ID},
		`assignee:"Jun Lee" a b`: {Assignee: jun.ID, Text: "a b"},
		"assignee:none":          {Unassigned: true},
		"status:검토":              {Statuses: []string{"review"}},
		`status:"IN PROGRESS"`:   {Statuses: []string{"in_progress"}},
		"!u label:x label:y":     {Priority: "urgent", Labels: []string{"x", "y"}},
		"!none":                  {Priority: "none"},
		"#7":                     {Number: 7},
		"is:open":                {Open: true},
		"due:any":                {DueFrom: "0001-01-01"},
	} {
		q := parseQuery(text)
		got, none := q.filter(v, team)
		if none || got.Assignee != want.Assignee || got.Text != want.Text || got.Unassigned != want.Unassigned || !slices.Equal(got.Statuses, want.Statuses) || got.Priority != want.Priority ||
			!slices.Equal(got.Labels, want.Labels) || got.Number != want.Number || got.Open != want.Open || got.DueFrom != want.DueFrom {
			t.Errorf("%q asks for %+v (none %v), want %+v", text, got, none, want)
		}
	}
	for _, text := range []string{"@somebody", "status:elsewhere", "!loud", "due:never", "is:what", "number:x", "#0", "#99999999999999999999", "due:<", "due:>", "due:<>", "assignee:."} {
		q := parseQuery(text)
		if _, none := q.filter(v, team); !none || !q.Terms[0].Unknown {
			t.Errorf("%q asks for something", text)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, text := range []string{`a "b c" @mina #x !high due:<today label:"`, `due:<`, `due:>`, "is:open status:done is:what IS:OPEN", "\xff:\xff", `:`, `@"`, "priority:\u212a"} {
		f.Add(text)
	}
	views := []*view{someView(english), someView(korean)}
	views[1].project = nil
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range views {
			q := parseQuery(text)
			q.filter(v, team)
			for _, x := range q.Terms {
				if strings.Contains(x.chip(v), "filter.") && !strings.Contains(text, "filter.") {
					t.Errorf("%q has the chip %q", text, x.chip(v))
				}
			}
		}
	})
}

func TestFreeKey(t *testing.T) {
	t.Parallel()
	taken := func(keys ...string) func(string) bool {
		return func(k string) bool { return slices.Contains(keys, k) }
	}
	for _, c := range []struct {
		name  string
		taken []string
		want  string
	}{
		{"In Review", nil, "in_review"}, {"In Review", []string{"in_review"}, "in_review_2"}, {"In Review", []string{"in_review", "in_review_2"}, "in_review_3"},
		{"검토 중", nil, "status"}, {"검토 중", []string{"status"}, "status_2"}, {"QA 검토", nil, "qa"}, {"!!!", nil, "status"}, {"", nil, "status"}, {"7 days", nil, "7_days"},
		{strings.Repeat("long name ", 9), nil, "long_name_long_name_long"}, {"a name that is cut after _ x", nil, "a_name_that_is_cut_after"},
	} {
		if got := freeKey(c.name, taken(c.taken...)); got != c.want {
			t.Errorf("%q: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for address, is := range map[string]bool{
		"/": true, "/projects/x?q=%40me&x=//y": true, "/a#b": true, "/찾기?q=나": true, "/a//b": true, "/..//evil.example": true, // stays on the site: a path is only a path
		"": false, "a": false, "//evil.example": false, "///evil.example": false, `/\evil.example`: false, `\/evil.example`: false, "https://evil.example": false, "javascript:alert(1)": false,
		"/\t/evil.example": false, "/a\r\nb": false, "/a\x00": false, " /a": false, "?q=x": false, "#x": false, "/%zz": false,
	} {
		want := "fallback"
		if is {
			want = address
		}
		if got := local(address, "fallback"); got != want {
			t.Errorf("%q leads to %q", address, got)
		}
	}
}

func TestDoneIsReadAsWritten(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	for _, d := range []done{
		{phrase: "task_moved", target: events.Task(id), revision: 3}, {phrase: "project_renamed", target: events.Project(id), revision: 1}, {phrase: "filter_saved"},
		{phrase: "filter_deleted", filter: &accounts.SavedFilter{Name: "Bugs & käfer.", Project: id, Query: `label:bug "two words"`}},
	} {
		got := parseDone(d.String())
		if diff := cmp.Diff(&d, got, cmp.AllowUnexported(done{})); diff != "" {
			t.Errorf("%v is read as %v", d, got)
		}
	}
	for _, text := range []string{"", "...", "task_moved", "nothing.task." + id.String() + ".1", "task_moved.task.x.1", "task_moved.task." + id.String() + ".-1", "task_moved.task." + id.String() + ".1.2", "filter_deleted.." + id.String() + ".0.%%%", "task_moved.task." + id.String() + ".18446744073709551616"} {
		if got := parseDone(text); got != nil {
			t.Errorf("%q is read as %v", text, got)
		}
	}
	for text, undoable := range map[string]bool{
		"task_moved.task." + id.String() + ".1": true, "task_moved.task." + id.String() + ".0": false, "task_moved.account." + id.String() + ".1": false, "task_moved.." + id.String() + ".1": false,
		"task_moved.//evil." + id.String() + ".1": false,
	} {
		if d := parseDone(text); d == nil || d.undoable() != undoable {
			t.Errorf("%q: %v", text, d)
		}
	}
}

func TestHueAndInitials(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"": "?", " \u3000": "?", "mina": "MI", "Mina Park": "MP", "Mina van den Berg": "MB", "김유나": "김유", "김 유나": "김유", "x": "X", "ß y": "ßY", "👩‍🚀 Z": "👩Z",
	} {
		if got := initials(name); got != want && !(name == "ß y" && got == "SSY") {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if h := hue(s); h != hue(s) || len(h) != 4 || h[:3] != "hue" || h[3] < '0' || h[3] > '7' {
			t.Fatalf("%q has the hue %q", s, h)
		}
		if i := initials(s); i == "" {
			t.Fatalf("%q has no initials", s)
		}
	})
}

func TestStatusNames(t *testing.T) {
	t.Parallel()
	v := someView(korean)
	for key, want := range map[string]string{"waiting": "대기", "review": "검토", "done": "완료", "nowhere": "nowhere"} {
		if got := v.statusName(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	v.project.Statuses[0].Name = "Backlog"
	if got := v.statusName("waiting"); got != "Backlog" {
		t.Errorf("renamed it is %q", got)
	}
}
