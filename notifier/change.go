package notifier

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/notifier/text"
)

// change is a changed field of the task as a mail shows it: short values in
// From and To, or long text in Lines. From is empty for a new task.
type change struct {
	Label    string
	From, To string
	Lines    []text.Line
}

// someone replaces the name of a person whose data was erased.
const someone = "Someone"

// reader is the recipient of a mail, with what is needed to name people and
// statuses.
type reader struct {
	recipient uuid.UUID
	actor     uuid.UUID
	person    func(uuid.UUID) (Person, bool)
	project   *project
}

func (r *reader) name(account uuid.UUID) string {
	if person, ok := r.person(account); ok {
		if name := text.Shorten(text.OneLine(person.Name), 80); name != "" {
			return name
		}
	}
	return someone
}

// names lists accounts for a sentence about the actor, the recipient first.
func (r *reader) names(accounts []uuid.UUID) string {
	var names []string
	for _, account := range accounts {
		switch account {
		case r.recipient:
			names = slices.Insert(names, 0, "you")
		case r.actor:
			names = append(names, "themselves")
		default:
			names = append(names, r.name(account))
		}
	}
	return text.Enumerate(names)
}

// changes returns an event's differences as a mail shows them.
func (r *reader) changes(s *story) []change {
	_, created := s.event.(events.TaskCreated)
	var all []change
	for _, d := range events.Differences(s.event) {
		c := change{Label: label(d.Field)}
		switch d.Field {
		case "rank":
			continue
		case "assignees":
			// The event names only the accounts added or removed; the mail
			// lists all assignees.
			c.From, c.To = r.short(d.Field, s.before), r.short(d.Field, s.task.assignees)
		case "description", "comment":
			from, to := r.value(d.Field, d.From), r.value(d.Field, d.To)
			if d.From == nil {
				c.Lines = text.Quote(to)
			} else {
				c.Lines = text.Compare(from, to)
			}
		default:
			c.From, c.To = r.short(d.Field, d.From), r.short(d.Field, d.To)
		}
		if created {
			c.From = "" // there was no task before
		}
		all = append(all, c)
	}
	return all
}

func (r *reader) short(field string, v any) string {
	if shown := text.Shorten(text.OneLine(r.value(field, v)), 300); shown != "" {
		return shown
	}
	return nothing
}

// value formats a difference's value for people. "" means no value.
func (r *reader) value(field string, v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		switch field {
		case "status":
			return r.project.status(v)
		case "priority":
			return priority(v)
		case "due":
			return day(v)
		case "description", "comment":
			return events.NameMentions(v, func(account uuid.UUID) string { return "@" + r.name(account) })
		}
		return v
	case []string:
		return strings.Join(v, ", ")
	case []uuid.UUID:
		names := make([]string, len(v))
		for i, account := range v {
			names[i] = r.name(account)
		}
		return strings.Join(names, ", ")
	}
	return fmt.Sprint(v)
}

// label returns the name of a task field as shown to people.
func label(field string) string {
	if field == "due" {
		return "Due date"
	}
	return capital(field)
}

// sentence describes the event: the actor and the action.
func (r *reader) sentence(s *story) string {
	said := sentence{
		Actor: r.name(s.envelope.Actor),
		Title: text.Shorten(text.OneLine(s.task.title), 200),
	}
	switch e := s.event.(type) {
	case events.TaskCreated:
		if who := r.names(e.Assignees); who != "" {
			said.Assigned = " and assigned it to " + who
		}
	case events.TaskAssigned:
		said.Who = r.names(e.Accounts)
	case events.TaskUnassigned:
		said.Who = r.names(e.Accounts)
	case events.TaskMoved:
		said.From, said.To = r.short("status", e.Status.From), r.short("status", e.Status.To)
	case events.TaskEdited:
		var fields []string
		for _, d := range events.Differences(e) {
			fields = append(fields, "the "+strings.ToLower(label(d.Field)))
		}
		said.Fields = text.Enumerate(fields)
		if len(fields) == 1 && e.Title != nil {
			// Recipients know the task by its old title.
			said.Title = text.Shorten(text.OneLine(e.Title.From), 200)
		}
	}
	return said.tell(rules[s.envelope.Type].sentence)
}

// day formats a date for people. It returns invalid dates unchanged.
func day(d string) string {
	t, err := time.Parse(time.DateOnly, d)
	if err != nil {
		return d
	}
	return t.Format("2 January 2006")
}

// capital returns s with its first letter in upper case. The first letter of
// all our own texts is ASCII.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// priority returns the name of a priority as shown to people.
func priority(p string) string {
	if p == string(events.PriorityNone) {
		return nothing
	}
	return capital(p)
}

// nothing stands for a field without a value.
const nothing = "none"
