package notifier

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// change is a field of the task before and after, as a mail shows it: either
// short, From and To, or long, Lines. From is empty where there was no task.
type change struct {
	Label    string
	From, To string
	Lines    []line
}

// someone stands for a person whose data was erased.
const someone = "Someone"

// reader is the person a mail is written for, with what is needed to name
// people and statuses to them.
type reader struct {
	recipient uuid.UUID
	actor     uuid.UUID
	person    func(uuid.UUID) (Person, bool)
	project   *project
}

func (r *reader) name(account uuid.UUID) string {
	if person, ok := r.person(account); ok {
		if name := shorten(oneLine(person.Name), 80); name != "" {
			return name
		}
	}
	return someone
}

// names enumerates accounts in a sentence about the actor to the recipient,
// the recipient first.
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
	return enumerate(names)
}

// changes tells an event's differences as a mail shows them.
func (r *reader) changes(s *story) []change {
	_, created := s.event.(events.TaskCreated)
	var all []change
	for _, d := range events.Differences(s.event) {
		c := change{Label: label(d.Field)}
		switch d.Field {
		case "rank":
			continue
		case "assignees":
			// The event names those who came or went, a mail everybody.
			c.From, c.To = r.short(d.Field, s.before), r.short(d.Field, s.task.assignees)
		case "description", "comment":
			from, to := r.value(d.Field, d.From), r.value(d.Field, d.To)
			if d.From == nil {
				c.Lines = quote(to)
			} else {
				c.Lines = compare(from, to)
			}
		default:
			c.From, c.To = r.short(d.Field, d.From), r.short(d.Field, d.To)
		}
		if created {
			c.From = "" // there was nothing to change
		}
		all = append(all, c)
	}
	return all
}

func (r *reader) short(field string, v any) string {
	if text := shorten(oneLine(r.value(field, v)), 300); text != "" {
		return text
	}
	return nothing
}

// value writes a difference's value in words; "" stands for none.
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

// label is what people call a field of the task.
func label(field string) string {
	if field == "due" {
		return "Due date"
	}
	return capital(field)
}

// sentence says who did what.
func (r *reader) sentence(s *story) string {
	said := sentence{
		Actor: r.name(s.envelope.Actor),
		Title: shorten(oneLine(s.task.title), 200),
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
		said.Fields = enumerate(fields)
		if len(fields) == 1 && e.Title != nil {
			// The title it is known by is the one it had.
			said.Title = shorten(oneLine(e.Title.From), 200)
		}
	}
	return said.tell(rules[s.envelope.Type].sentence)
}
