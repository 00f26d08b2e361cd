package web

import (
	"strings"
	"testing"

	"github.com/docketlog/docket/gateway/web/taskquery"
	"github.com/docketlog/docket/gateway/web/teamtest"
	"github.com/docketlog/docket/i18n"
)

// TestStatusesInQueries names statuses by key, by the owner's name and in the
// reader's language.
func TestStatusesInQueries(t *testing.T) {
	t.Parallel()
	everywhere := someView(i18n.English)
	everywhere.project = nil
	for _, c := range []struct {
		v    *view
		name string
		want string
	}{
		{someView(i18n.English), "검토", "review"}, {someView(i18n.English), "IN PROGRESS", "in_progress"}, {someView(i18n.English), "in_progress", "in_progress"}, {someView(i18n.English), "대기", ""},
		{someView(i18n.Korean), "대기", "waiting"}, {someView(i18n.Korean), "Waiting", "waiting"}, {someView(i18n.Korean), "elsewhere", ""},
		{everywhere, "Elsewhere", "elsewhere"},
	} {
		q := taskquery.Parse(taskquery.Query{}.With("status", c.name))
		filter, none := q.Filter(c.v.scope(teamtest.Team))
		if none != (c.want == "") || !none && (len(filter.Statuses) != 1 || filter.Statuses[0] != c.want) {
			t.Errorf("%q asks for %v, want %q", c.name, filter.Statuses, c.want)
		}
	}
}

func FuzzChips(f *testing.F) {
	for _, text := range []string{`a "b c" @mina #x !high due:<today label:"`, `due:<`, `due:>`, "is:open status:done is:what IS:OPEN", "\xff:\xff", `:`, `@"`, "priority:\u212a"} {
		f.Add(text)
	}
	views := []*view{someView(i18n.English), someView(i18n.Korean)}
	views[1].project = nil
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range views {
			q := taskquery.Parse(text)
			q.Filter(v.scope(teamtest.Team))
			for _, x := range q.Terms {
				if strings.Contains(v.chip(x), "filter.") && !strings.Contains(text, "filter.") {
					t.Errorf("%q has the chip %q", text, v.chip(x))
				}
			}
		}
	})
}
