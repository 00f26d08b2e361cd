package web

import (
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

// difference is a field before and after an event, in words.
type difference struct {
	Field    string
	From, To string
	// Lines compares a text of several lines, line by line.
	Lines []diffLine
}

// diffLine is a line that was removed (-), was added (+) or is unchanged.
type diffLine struct{ Kind, Text string }

// sentence says what an entry's actor did, where the task is clear from
// context.
func (v *view) sentence(e projections.Entry) string {
	if e.Concerns != uuid.Nil {
		return v.T("event."+deed(e), v.personName(e.Concerns))
	}
	return v.T("event." + deed(e))
}

// sentenceAround says what an entry's actor did to a task: the text before and
// after the task's title.
func (v *view) sentenceAround(e projections.Entry) (before, after string) {
	return v.language.Around("activity." + deed(e))
}

// deed returns what an entry's actor did, as the suffix of a phrase key.
func deed(e projections.Entry) string {
	switch {
	case e.Type == events.TypeMemberRemoved && e.Concerns == e.Actor:
		return "member_left"
	case e.Type == events.TypeTaskMoved && strings.Contains(string(e.Differences), `"rank"`):
		return "task_placed"
	}
	return string(e.Type)
}

// differences returns what the entry changed, in the reader's language. It
// leaves out the position within a column, which means nothing to people.
func (v *view) differences(e projections.Entry) []difference {
	var all []events.Difference
	if err := json.Unmarshal(e.Differences, &all); err != nil {
		return nil
	}
	shown := make([]difference, 0, len(all))
	for _, d := range all {
		switch d.Field {
		case "rank":
			continue
		case "description", "comment":
			from, to := v.anyText(d.Field, d.From), v.anyText(d.Field, d.To)
			shown = append(shown, difference{Field: d.Field, Lines: diffLines(from, to)})
		default:
			shown = append(shown, difference{Field: d.Field, From: v.anyText(d.Field, d.From), To: v.anyText(d.Field, d.To)})
		}
	}
	return shown
}

// anyText returns a value of a difference as text for people.
func (v *view) anyText(field string, value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return v.valueText(field, value)
	case []any:
		parts := make([]string, 0, len(value))
		for _, one := range value {
			switch one := one.(type) {
			case string:
				parts = append(parts, v.valueText(field, one))
			case map[string]any:
				name, _ := one["name"].(string)
				parts = append(parts, name)
			}
		}
		return strings.Join(parts, ", ")
	}
	return ""
}

// valueText returns one value of a field as text for people.
func (v *view) valueText(field, value string) string {
	switch field {
	case "status":
		return v.statusName(value)
	case "priority":
		return v.T("priority." + value)
	case "due":
		if value == "" {
			return v.T("due.none")
		}
		return v.Day(events.Date(value))
	case "role":
		return v.T("role." + value)
	case "assignees":
		if id, err := uuid.Parse(value); err == nil {
			return v.personName(id)
		}
	case "description", "comment":
		return v.plainText(value)
	}
	return value
}

// mayUndo reports whether to offer a button that undoes the change.
func (v *view) mayUndo(e projections.Entry) bool {
	switch {
	case e.Type == events.TypeProjectCreated:
		return false
	case e.Aggregate.Kind == events.KindProject:
		return v.owns()
	}
	return v.writes()
}

// maxDiffLines limits the texts that are compared line by line: the work grows
// with the product of both lengths.
const maxDiffLines = 400

// diffLines returns the line differences of two texts, with up to two lines of
// context around each change.
func diffLines(from, to string) []diffLine {
	a, b := linesOf(from), linesOf(to)
	if len(a) > maxDiffLines || len(b) > maxDiffLines {
		a, b = a[:min(len(a), maxDiffLines)], b[:min(len(b), maxDiffLines)]
	}
	// longest[i][j] is the length of the longest common subsequence of a[i:]
	// and b[j:].
	longest := make([][]int, len(a)+1)
	for i := range longest {
		longest[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var all []diffLine
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			all = append(all, diffLine{"", a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			all = append(all, diffLine{"-", a[i]})
			i++
		default:
			all = append(all, diffLine{"+", b[j]})
			j++
		}
	}
	return nearChanges(all, 2)
}

func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimRight(text, "\n"), "\n")
}

// nearChanges leaves out unchanged lines that are far from any change.
func nearChanges(all []diffLine, around int) []diffLine {
	near := make([]bool, len(all))
	for i, l := range all {
		if l.Kind == "" {
			continue
		}
		for k := max(0, i-around); k <= min(len(all)-1, i+around); k++ {
			near[k] = true
		}
	}
	var kept []diffLine
	for i, l := range all {
		switch {
		case near[i]:
			kept = append(kept, l)
		case i > 0 && near[i-1]:
			kept = append(kept, diffLine{"", "…"})
		}
	}
	return kept
}
