package taskquery

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/docketlog/docket/gateway/web/teamtest"
	"github.com/docketlog/docket/projections"
)

// TestQueryIsWrittenAsItIsRead formats queries and parses them again.
func TestQueryIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`([@#!:"a-z0-9 ]|label:|due:|status:|"|\\){0,30}`)).Draw(t, "text")
		q := Parse(text)
		if again := Parse(q.String()); !slices.Equal(again.Terms, q.Terms) {
			t.Fatalf("%q\nis %+v,\nwritten %q,\nand then %+v", text, q.Terms, q.String(), again.Terms)
		}
		for i := range q.Terms {
			want := slices.Delete(slices.Clone(q.Terms), i, i+1)
			if less := Parse(q.Without(i)); !slices.Equal(less.Terms, want) {
				t.Fatalf("%q without its term %d is %+v", text, i, less.Terms)
			}
		}
		if len(q.Terms) < MaxTerms {
			more := Parse(q.With("assignee", "me"))
			if !slices.Equal(more.Terms, append(slices.Clone(q.Terms), Term{Field: "assignee", Value: "me"})) {
				t.Fatalf("%q with one more is %+v", text, more.Terms)
			}
		}
	})
}

func TestQuery(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]Term{
		"":                           nil,
		"  mugs  ":                   {{Value: "mugs"}},
		`"two words" x`:              {{Value: "two words"}, {Value: "x"}},
		`label:"to do" @mina #bug`:   {{Field: "label", Value: "to do"}, {Field: "assignee", Value: "mina"}, {Field: "label", Value: "bug"}},
		"#12 !high LABEL:x":          {{Field: "number", Value: "12"}, {Field: "priority", Value: "high"}, {Field: "label", Value: "x"}},
		"http://example.org status:": {{Value: "http://example.org"}, {Value: "status:"}},
		"@ # !":                      {{Value: "@"}, {Value: "#"}, {Value: "!"}},
		"due:<2026-12-01":            {{Field: "due", Value: "<2026-12-01"}},
	} {
		if got := Parse(text).Terms; !slices.Equal(got, want) {
			t.Errorf("%q is %+v, want %+v", text, got, want)
		}
	}
	if got := len(Parse(strings.Repeat("x ", 1000)).Terms); got != MaxTerms {
		t.Errorf("%d terms", got)
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	statuses := map[string]string{"검토": "review", "in progress": "in_progress"}
	scope := Scope{
		Me: teamtest.Mina.ID, People: teamtest.Team, Today: teamtest.Tuesday,
		Status: func(name string) string { return statuses[strings.ToLower(name)] },
	}
	for text, want := range map[string]projections.TaskFilter{
		"@me":                    {Assignee: teamtest.Mina.ID},
		`assignee:"Jun Lee" a b`: {Assignee: teamtest.Jun.ID, Text: "a b"},
		"assignee:none":          {Unassigned: true},
		"status:검토":              {Statuses: []string{"review"}},
		`status:"IN PROGRESS"`:   {Statuses: []string{"in_progress"}},
		"!u label:x label:y":     {Priority: "urgent", Labels: []string{"x", "y"}},
		"!none":                  {Priority: "none"},
		"#7":                     {Number: 7},
		"is:open":                {Open: true},
		"due:any":                {DueFrom: "0001-01-01"},
	} {
		q := Parse(text)
		got, none := q.Filter(scope)
		if none || got.Assignee != want.Assignee || got.Text != want.Text || got.Unassigned != want.Unassigned || !slices.Equal(got.Statuses, want.Statuses) || got.Priority != want.Priority ||
			!slices.Equal(got.Labels, want.Labels) || got.Number != want.Number || got.Open != want.Open || got.DueFrom != want.DueFrom {
			t.Errorf("%q asks for %+v (none %v), want %+v", text, got, none, want)
		}
	}
	for _, text := range []string{"@somebody", "status:elsewhere", "!loud", "due:never", "is:what", "number:x", "#0", "#99999999999999999999", "due:<", "due:>", "due:<>", "assignee:."} {
		q := Parse(text)
		if _, none := q.Filter(scope); !none || !q.Terms[0].Unknown {
			t.Errorf("%q asks for something", text)
		}
	}
}
