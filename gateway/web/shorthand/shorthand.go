package shorthand

import (
	"regexp"
	"strings"
	"time"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/i18n"
)

var priorityWords = map[string]events.Priority{
	"urgent": events.PriorityUrgent, "u": events.PriorityUrgent, "1": events.PriorityUrgent, "긴급": events.PriorityUrgent,
	"high": events.PriorityHigh, "h": events.PriorityHigh, "2": events.PriorityHigh, "높음": events.PriorityHigh,
	"medium": events.PriorityMedium, "m": events.PriorityMedium, "3": events.PriorityMedium, "보통": events.PriorityMedium,
	"low": events.PriorityLow, "l": events.PriorityLow, "4": events.PriorityLow, "낮음": events.PriorityLow,
}

// Priority returns the priority a word stands for: its name, first letter or
// rank. The priority "none" has no word.
func Priority(word string) (events.Priority, bool) {
	p, ok := priorityWords[strings.ToLower(word)]
	return p, ok
}

// Day returns the day that words stand for; see [i18n.ParseDay].
func Day(words []string, today time.Time) (events.Date, bool) {
	day, ok := i18n.ParseDay(words, today)
	if !ok {
		return "", false
	}
	return events.Date(day.Format(time.DateOnly)), true
}

// IsNumber reports whether a word after # is a task number rather than a label.
func IsNumber(word string) bool { return strings.Trim(word, "0123456789") == "" }

// Handle returns what to write after @ to mention the person of that name: the
// name without characters that would end the word.
func Handle(name string) string { return notHandle.ReplaceAllString(name, "") }

var notHandle = regexp.MustCompile(`[^\p{L}\p{N}_.-]+`)

// Person returns the one person a handle refers to: by full name, by the local
// part of an address, by first name if it is unique, or by the prefix of a name
// if it is unique.
func Person(handle string, people []accounts.Person) (accounts.Person, bool) {
	handle = strings.ToLower(handle)
	var first, begins []accounts.Person
	for _, p := range people {
		if p.Erased {
			continue
		}
		mine := strings.ToLower(Handle(p.Name))
		mailbox, _, _ := strings.Cut(p.Email, "@")
		if mine == handle || mailbox == handle {
			return p, true
		}
		name, _, _ := strings.Cut(strings.ToLower(p.Name), " ")
		if handle != "" && Handle(name) == handle {
			first = append(first, p)
		}
		if handle != "" && strings.HasPrefix(mine, handle) {
			begins = append(begins, p)
		}
	}
	if len(first) == 1 {
		return first[0], true
	}
	if len(begins) == 1 {
		return begins[0], true
	}
	return accounts.Person{}, false
}
