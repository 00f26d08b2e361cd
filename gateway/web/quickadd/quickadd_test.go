package quickadd

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/web/teamtest"
)

func TestLine(t *testing.T) {
	t.Parallel()
	name := func(p accounts.Person) string { return p.Name }
	for line, want := range map[string]Task{
		"Buy milk": {Title: "Buy milk"},
		"Call the carrier @jun #shop !high friday": {Title: "Call the carrier", Assignees: []accounts.Person{teamtest.Jun}, Labels: []string{"shop"}, Priority: "high", Due: "2026-11-27"},
		"@mina @minapark @mina.park Once":          {Title: "Once", Assignees: []accounts.Person{teamtest.Mina}},
		"Ask @nobody":                              {Title: "Ask @nobody", Unknown: []string{"@nobody"}},
		"Ask @ju":                                  {Title: "Ask @ju", Unknown: []string{"@ju"}}, // ambiguous: the prefix of two names
		"Ask @june":                                {Title: "Ask", Assignees: []accounts.Person{teamtest.June}},
		"포장 @김유나 #가게 !높음 내일":                       {Title: "포장", Assignees: []accounts.Person{teamtest.Yuna}, Labels: []string{"가게"}, Priority: "high", Due: "2026-11-25"},
		"Fix #12 and #bug #bug":                    {Title: "Fix #12 and", Labels: []string{"bug"}},
		"Wow !!! really !now":                      {Title: "Wow !!! really !now"},
		"Plan 24 dec":                              {Title: "Plan", Due: "2026-12-24"},
		"Plan dec 1":                               {Title: "Plan", Due: "2026-12-01"},
		"Plan in 3 days":                           {Title: "Plan", Due: "2026-11-27"},
		"Plan +3d":                                 {Title: "Plan", Due: "2026-11-27"},
		"Plan 2027-01-05 !1":                       {Title: "Plan", Due: "2027-01-05", Priority: "urgent"},
		"today":                                    {Title: "today"}, // a day alone is a title
		"Read today news":                          {Title: "Read today news"},
		`Watch \today`:                             {Title: "Watch today"},
		`Write \@jun \#shop \!high`:                {Title: "Write @jun #shop !high"},
		"#shop !low":                               {Labels: []string{"shop"}, Priority: "low", Wrong: "quick.empty"},
		"@ # ! \\":                                 {Title: "@ # ! "},
		strings.Repeat("가", 201):                   {Title: strings.Repeat("가", 201), Wrong: "quick.long"},
	} {
		got := Line(line, teamtest.Team, teamtest.Tuesday)
		if want.Priority == "" {
			want.Priority = events.PriorityNone
		}
		if got.Title != want.Title || !slices.Equal(got.Labels, want.Labels) || got.Priority != want.Priority || got.Due != want.Due || got.Wrong != want.Wrong ||
			!slices.Equal(got.Unknown, want.Unknown) || !slices.EqualFunc(got.Assignees, want.Assignees, func(a, b accounts.Person) bool { return name(a) == name(b) }) {
			t.Errorf("%q:\n%+v\nwant\n%+v", line, got, want)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	got := Lines("- [ ] one\r\n\n * two\n• three\n  \n- - four\n-\nfive", teamtest.Team, teamtest.Tuesday)
	var titles []string
	for _, q := range got {
		titles = append(titles, q.Title)
	}
	if s := strings.Join(titles, "|"); s != "one|two|three|- four|-|five" {
		t.Errorf("%s", s)
	}
	if len(Lines(" \r\n\t\n", teamtest.Team, teamtest.Tuesday)) != 0 {
		t.Error("nothing makes tasks")
	}
}

func FuzzLines(f *testing.F) {
	for _, line := range []string{"a @mina #b !high today", `\`, "@", "\u00a0!", "in 99999999999999999999 days", "feb 30", "+9999999999d", "\xff @\xff"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, q := range Lines(line, teamtest.Team, teamtest.Tuesday) {
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
