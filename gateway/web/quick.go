package web

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
)

// maxQuick is how many tasks one paste makes at most.
const maxQuick = 200

// quickTask is a line of quick add, understood.
type quickTask struct {
	Title     string
	Assignees []accounts.Person
	Labels    []string
	Priority  events.Priority
	Due       events.Date
	// Unknown are the @ words that name nobody of the project; they stay in the
	// title.
	Unknown []string
	// Wrong is the key of a phrase that says why the line cannot be a task.
	Wrong string
}

var priorityWords = map[string]events.Priority{
	"urgent": events.PriorityUrgent, "u": events.PriorityUrgent, "1": events.PriorityUrgent, "긴급": events.PriorityUrgent,
	"high": events.PriorityHigh, "h": events.PriorityHigh, "2": events.PriorityHigh, "높음": events.PriorityHigh,
	"medium": events.PriorityMedium, "m": events.PriorityMedium, "3": events.PriorityMedium, "보통": events.PriorityMedium,
	"low": events.PriorityLow, "l": events.PriorityLow, "4": events.PriorityLow, "낮음": events.PriorityLow,
}

// quick understands one line: @person, #label, !priority anywhere, and a day
// among the last words. A backslash before a word keeps it as it is.
func quick(line string, members []accounts.Person, today time.Time) quickTask {
	t := quickTask{Priority: events.PriorityNone}
	var title []string
	for _, word := range strings.Fields(line) {
		rest := ""
		if len(word) > 1 {
			rest = word[1:]
		}
		switch {
		case word[0] == '\\' && rest != "":
			title = append(title, word)
			continue
		case word[0] == '@' && rest != "":
			if p, ok := findPerson(rest, members); ok {
				if !slices.ContainsFunc(t.Assignees, func(a accounts.Person) bool { return a.ID == p.ID }) {
					t.Assignees = append(t.Assignees, p)
				}
				continue
			}
			t.Unknown = append(t.Unknown, word)
		case word[0] == '#' && rest != "" && !allDigits(rest):
			if !slices.Contains(t.Labels, rest) {
				t.Labels = append(t.Labels, rest)
			}
			continue
		case word[0] == '!' && rest != "":
			if p, ok := priorityWords[strings.ToLower(rest)]; ok {
				t.Priority = p
				continue
			}
		}
		title = append(title, word)
	}
	for n := min(3, len(title)-1); n > 0; n-- {
		if day, ok := dayOf(title[len(title)-n:], today); ok {
			t.Due, title = day, title[:len(title)-n]
			break
		}
	}
	for i, word := range title {
		title[i] = strings.TrimPrefix(word, `\`)
	}
	t.Title = strings.Join(title, " ")
	switch {
	case t.Title == "":
		t.Wrong = "quick.empty"
	case utf8.RuneCountInString(t.Title) > commands.MaxTitle:
		t.Wrong = "quick.long"
	}
	return t
}

func allDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// bullets are what lists that people paste begin their lines with.
var bullets = []string{"- [ ] ", "- [x] ", "* [ ] ", "- ", "* ", "• ", "– "}

// quickLines understands a text: every line that is not empty is a task.
func quickLines(text string, members []accounts.Person, today time.Time) []quickTask {
	var tasks []quickTask
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, b := range bullets {
			if rest, ok := strings.CutPrefix(line, b); ok {
				line = strings.TrimSpace(rest)
				break
			}
		}
		if line != "" {
			tasks = append(tasks, quick(line, members, today))
		}
	}
	return tasks
}

// command is the command that makes the task.
func (t quickTask) command(project, id uuid.UUID, status string) commands.CreateTask {
	assignees := make([]uuid.UUID, len(t.Assignees))
	for i, p := range t.Assignees {
		assignees[i] = p.ID
	}
	return commands.CreateTask{
		Task: id, Project: project, Title: t.Title, Status: status, Priority: t.Priority, Due: t.Due, Labels: t.Labels, Assignees: assignees,
	}
}
