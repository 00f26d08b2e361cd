package events_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

func TestMentions(t *testing.T) {
	t.Parallel()
	named := func(n byte) string { return "<@" + id(n).String() + ">" }
	name := func(account uuid.UUID) string { return fmt.Sprintf("@%d", account[15]) }
	for text, c := range map[string]struct {
		want  []uuid.UUID
		shown string
	}{
		"":                                       {nil, ""},
		"none <@> <@jun> @jun <@01920000>":       {nil, "none <@> <@jun> @jun <@01920000>"},
		named(5):                                 {[]uuid.UUID{id(5)}, "@5"},
		"a" + named(6) + named(5) + "b":          {[]uuid.UUID{id(6), id(5)}, "a@6@5b"},
		named(5) + "\n" + named(6) + named(5):    {[]uuid.UUID{id(5), id(6)}, "@5\n@6@5"},
		strings.ToUpper(named(5)):                {[]uuid.UUID{id(5)}, "@5"},
		"<" + named(5) + ">":                     {[]uuid.UUID{id(5)}, "<@5>"},
		"<@ " + id(5).String() + ">":             {nil, "<@ " + id(5).String() + ">"},
		"<@" + id(5).String() + "0>":             {nil, "<@" + id(5).String() + "0>"},
		"<@{" + id(5).String() + "}>":            {nil, "<@{" + id(5).String() + "}>"},
		"<@urn:uuid:" + id(5).String() + ">":     {nil, "<@urn:uuid:" + id(5).String() + ">"},
		"<@" + id(5).String():                    {nil, "<@" + id(5).String()},
		"\xff" + named(5) + "\xff <script>" + "": {[]uuid.UUID{id(5)}, "\xff@5\xff <script>"},
	} {
		if d := cmp.Diff(c.want, events.Mentions(text)); d != "" {
			t.Errorf("%q mentions (-want +got):\n%s", text, d)
		}
		if shown := events.NameMentions(text, name); shown != c.shown {
			t.Errorf("%q is shown as %q, want %q", text, shown, c.shown)
		}
	}
	var tooMany strings.Builder
	for range events.MaxMentions + 1 {
		fmt.Fprintf(&tooMany, "<@%s>", uuid.New())
	}
	if got := len(events.Mentions(tooMany.String())); got != events.MaxMentions {
		t.Errorf("%d mentions count, want %d", got, events.MaxMentions)
	}
}
