package quickadd

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/web/shorthand"
)

// Max is the maximum number of tasks that one paste creates.
const Max = 200

// Task is a parsed line.
type Task struct {
	Title     string
	Assignees []accounts.Person
	Labels    []string
	Priority  events.Priority
	Due       events.Date
	// Unknown are the @ words that match no member; they stay in the title.
	Unknown []string
	// Wrong is the key of the phrase that says why the line cannot become a
	// task, "" if it can.
	Wrong string
}

// Line parses one line: @person, #label, !priority anywhere, and a day among
// the last words. A backslash before a word keeps the word literally.
func Line(line string, members []accounts.Person, today time.Time) Task {
	t := Task{Priority: events.PriorityNone}
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
			if p, ok := shorthand.Person(rest, members); ok {
				if !slices.ContainsFunc(t.Assignees, func(a accounts.Person) bool { return a.ID == p.ID }) {
					t.Assignees = append(t.Assignees, p)
				}
				continue
			}
			t.Unknown = append(t.Unknown, word)
		case word[0] == '#' && rest != "" && !shorthand.IsNumber(rest):
			if !slices.Contains(t.Labels, rest) {
				t.Labels = append(t.Labels, rest)
			}
			continue
		case word[0] == '!' && rest != "":
			if p, ok := shorthand.Priority(rest); ok {
				t.Priority = p
				continue
			}
		}
		title = append(title, word)
	}
	for n := min(3, len(title)-1); n > 0; n-- {
		if day, ok := shorthand.Day(title[len(title)-n:], today); ok {
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

// bullets are the prefixes of lines in pasted lists.
var bullets = []string{"- [ ] ", "- [x] ", "* [ ] ", "- ", "* ", "• ", "– "}

// Lines parses a text: every line that is not empty is a task.
func Lines(text string, members []accounts.Person, today time.Time) []Task {
	var tasks []Task
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, b := range bullets {
			if rest, ok := strings.CutPrefix(line, b); ok {
				line = strings.TrimSpace(rest)
				break
			}
		}
		if line != "" {
			tasks = append(tasks, Line(line, members, today))
		}
	}
	return tasks
}

// Command returns the command that creates the task.
func (t Task) Command(project, id uuid.UUID, status string) commands.CreateTask {
	assignees := make([]uuid.UUID, len(t.Assignees))
	for i, p := range t.Assignees {
		assignees[i] = p.ID
	}
	return commands.CreateTask{
		Task: id, Project: project, Title: t.Title, Status: status, Priority: t.Priority, Due: t.Due, Labels: t.Labels, Assignees: assignees,
	}
}
