package web

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/web/teamtest"
	"github.com/docketlog/docket/i18n"
	"github.com/docketlog/docket/projections"
)

func lines(all []diffLine) string {
	var b strings.Builder
	for _, l := range all {
		fmt.Fprintf(&b, "%s%s|", l.Kind, l.Text)
	}
	return b.String()
}

func TestDiffLines(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]string{
		{"", "", ""}, {"", "a\nb", "+a|+b|"}, {"a", "", "-a|"}, {"a", "a", ""}, {"a\nb\nc", "a\nx\nc", "a|-b|+x|c|"}, {"a", "b", "-a|+b|"},
		{"1\n2\n3\n4\n5\n6", "1\n2\n3\n4\n5\n7", "4|5|-6|+7|"}, {"0\n1\n2\n3\n4\n5\n6\n7\n8", "0\n1\n2\n3\nx\n5\n6\n7\n8", "2|3|-4|+x|5|6|…|"}, {"a\n", "a", ""},
	} {
		if got := lines(diffLines(c[0], c[1])); got != c[2] {
			t.Errorf("from %q to %q: %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

// TestDiffShowsEveryChange compares random texts: for each line, the removed
// and added copies account for the difference between the texts.
func TestDiffShowsEveryChange(t *testing.T) {
	t.Parallel()
	text := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", ""}), 1, 12)
	rapid.Check(t, func(t *rapid.T) {
		from, to := "x\n"+strings.Join(text.Draw(t, "from"), "\n")+"\ny", "x\n"+strings.Join(text.Draw(t, "to"), "\n")+"\ny"
		count := map[string]int{}
		for _, l := range strings.Split(from, "\n") {
			count[l]++
		}
		for _, l := range diffLines(from, to) {
			switch l.Kind {
			case "-":
				count[l.Text]--
			case "+":
				count[l.Text]++
			}
		}
		for _, l := range strings.Split(to, "\n") {
			count[l]--
		}
		for l, n := range count {
			if n != 0 {
				t.Fatalf("from %q to %q: %s leaves %d of %q", from, to, lines(diffLines(from, to)), n, l)
			}
		}
	})
}

// TestDiffOfLongTexts checks that comparing any texts ends soon.
func TestDiffOfLongTexts(t *testing.T) {
	t.Parallel()
	if got := len(diffLines(strings.Repeat("a\n", 60_000), strings.Repeat("b\n", 60_000))); got != 2*maxDiffLines {
		t.Errorf("%d lines", got)
	}
}

func TestHistoryInWords(t *testing.T) {
	t.Parallel()
	v := someView(i18n.English)
	for _, c := range []struct {
		kind        events.Type
		concerns    uuid.UUID
		differences any
		sentence    string
		shows       string
	}{
		{events.TypeTaskMoved, uuid.Nil, []m{{"field": "status", "from": "waiting", "to": "done"}}, "moved the task", "status: Waiting → Done"},
		{events.TypeTaskMoved, uuid.Nil, []m{{"field": "rank", "from": "a", "to": "b"}}, "moved the task within the column", ""},
		{events.TypeTaskEdited, uuid.Nil, []m{{"field": "priority", "from": "none", "to": "high"}, {"field": "due", "from": "", "to": "1999-05-03"}}, "edited the task", "priority: None → High, due: No due date → 3 May 1999"},
		{events.TypeTaskAssigned, uuid.Nil, []m{{"field": "assignees", "from": nil, "to": []string{teamtest.Jun.ID.String()}}}, "assigned the task", "assignees:  → Jun Lee"},
		{events.TypeMemberAdded, teamtest.Jun.ID, []m{{"field": "role", "from": nil, "to": "viewer"}}, "added Jun Lee", "role:  → Viewer"},
		{events.TypeMemberRemoved, teamtest.Jun.ID, nil, "removed Jun Lee", ""},
		{events.TypeMemberRemoved, teamtest.Mina.ID, nil, "left the project", ""},
		{events.TypeCommentAdded, uuid.Nil, []m{{"field": "comment", "from": nil, "to": "a <@" + teamtest.Jun.ID.String() + ">"}}, "commented", "comment: +a @JunLee|"},
		{events.TypeTaskEdited, uuid.Nil, "nonsense", "edited the task", ""},
	} {
		e := projections.Entry{Type: c.kind, Actor: teamtest.Mina.ID, Concerns: c.concerns}
		text, err := json.Marshal(c.differences)
		if err != nil {
			t.Fatal(err)
		}
		e.Differences = text
		if got := v.sentence(e); got != c.sentence {
			t.Errorf("%s: %q, want %q", c.kind, got, c.sentence)
		}
		var shown []string
		for _, d := range v.differences(e) {
			if d.Lines != nil {
				shown = append(shown, d.Field+": "+lines(d.Lines))
			} else {
				shown = append(shown, d.Field+": "+d.From+" → "+d.To)
			}
		}
		if got := strings.Join(shown, ", "); got != c.shows {
			t.Errorf("%s shows %q, want %q", c.kind, got, c.shows)
		}
	}
}

// TestActivityNamesTheTask says what was done to a task where several are
// shown: the title is where the language puts it.
func TestActivityNamesTheTask(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		language    i18n.Language
		kind        events.Type
		differences string
		want        string
	}{
		{i18n.English, events.TypeTaskDeleted, "[]", `moved "Print 5,000 leaflets" to the trash`},
		{i18n.Korean, events.TypeTaskDeleted, "[]", `님이 "Print 5,000 leaflets" 작업을 휴지통에 넣었습니다`},
		{i18n.English, events.TypeTaskMoved, `[{"field":"status"}]`, `moved "Print 5,000 leaflets"`},
		{i18n.English, events.TypeTaskMoved, `[{"field":"rank"}]`, `moved "Print 5,000 leaflets" within the column`},
		{i18n.Korean, events.TypeCommentAdded, "[]", `님이 "Print 5,000 leaflets" 작업에 댓글을 달았습니다`},
	} {
		before, after := someView(c.language).sentenceAround(projections.Entry{Type: c.kind, Differences: []byte(c.differences)})
		if got := before + "Print 5,000 leaflets" + after; got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.kind, c.language, got, c.want)
		}
	}
}

type m = map[string]any
