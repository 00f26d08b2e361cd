package notifier

import (
	"bytes"
	"slices"
	"text/template"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// Reason says why somebody gets a mail.
type Reason string

// The reasons. A person to whom several apply is told the one that its rule
// names first.
const (
	Mentioned      Reason = "mentioned"
	BecameAssignee Reason = "became_assignee"
	CeasedAssignee Reason = "ceased_assignee"
	Assignee       Reason = "assignee"
	Creator        Reason = "creator"
	Commenter      Reason = "commenter"
)

// because completes "You get this mail because …".
var because = map[Reason]string{
	Mentioned:      "you were mentioned",
	BecameAssignee: "the task was assigned to you",
	CeasedAssignee: "the task was assigned to you until now",
	Assignee:       "the task is assigned to you",
	Creator:        "you created the task",
	Commenter:      "you commented on the task",
}

// A rule says whom an event concerns and how it is told in a sentence.
type rule struct {
	reasons  []Reason
	sentence *template.Template
}

// rules is every mail Docket sends: a line here, and the layout in templates.
// The one who did it is never told, nor is anybody of an event in which nothing
// changed that a person would call a change; see [concerned].
var rules = map[events.Type]rule{
	events.TypeTaskCreated:    {mails(Mentioned, BecameAssignee), told("{{.Actor}} created “{{.Title}}”{{with .Who}} and assigned it to {{.}}{{end}}")},
	events.TypeTaskAssigned:   {mails(BecameAssignee, Assignee, Creator, Commenter), told("{{.Actor}} assigned “{{.Title}}” to {{.Who}}")},
	events.TypeTaskUnassigned: {mails(CeasedAssignee, Assignee, Creator, Commenter), told("{{.Actor}} took {{.Who}} off “{{.Title}}”")},
	events.TypeTaskMoved:      {mails(Assignee, Creator, Commenter), told("{{.Actor}} moved “{{.Title}}” from {{.From}} to {{.To}}")},
	events.TypeTaskEdited:     {mails(Mentioned, Assignee, Creator, Commenter), told("{{.Actor}} changed {{.Fields}} of “{{.Title}}”")},
	events.TypeTaskDeleted:    {mails(Assignee, Creator, Commenter), told("{{.Actor}} put “{{.Title}}” in the trash")},
	events.TypeTaskRestored:   {mails(Assignee, Creator, Commenter), told("{{.Actor}} took “{{.Title}}” out of the trash")},
	events.TypeCommentAdded:   {mails(Mentioned, Assignee, Creator, Commenter), told("{{.Actor}} commented on “{{.Title}}”")},
	events.TypeCommentEdited:  {mails(Mentioned, Assignee, Creator, Commenter), told("{{.Actor}} edited a comment on “{{.Title}}”")},
	events.TypeCommentDeleted: {mails(Assignee, Creator, Commenter), told("{{.Actor}} deleted a comment on “{{.Title}}”")},
	// Who was told that it is gone must be told that it is not.
	events.TypeCommentRestored: {mails(Assignee, Creator, Commenter), told("{{.Actor}} restored a comment on “{{.Title}}”")},
}

func mails(reasons ...Reason) []Reason { return reasons }

func told(sentence string) *template.Template {
	return template.Must(template.New("sentence").Option("missingkey=error").Parse(sentence))
}

// sentence is what a rule's template may say.
type sentence struct {
	Actor, Title, Who, From, To, Fields string
}

func (r rule) tell(s sentence) (string, error) {
	var b bytes.Buffer
	err := r.sentence.Execute(&b, s)
	return b.String(), err
}

// concern is somebody whom an event concerns, and why.
type concern struct {
	account uuid.UUID
	reason  Reason
}

// concerned lists everybody whom the event concerns by the rules, once each,
// with the first of their reasons. t is the task after the event. Whether they
// may still read it is not asked here.
func concerned(envelope *events.Envelope, event events.Event, t *task) []concern {
	if moved, ok := event.(events.TaskMoved); ok && moved.Status.From == moved.Status.To {
		return nil
	}
	var all []concern
	seen := map[uuid.UUID]bool{uuid.Nil: true, envelope.Actor: true}
	for _, reason := range rules[envelope.Type].reasons {
		for _, account := range holders(reason, event, t) {
			if !seen[account] {
				seen[account] = true
				all = append(all, concern{account, reason})
			}
		}
	}
	return all
}

// holders lists the accounts a reason applies to.
func holders(reason Reason, event events.Event, t *task) []uuid.UUID {
	switch reason {
	case Mentioned:
		return mentioned(event)
	case BecameAssignee:
		switch e := event.(type) {
		case events.TaskCreated:
			return e.Assignees
		case events.TaskAssigned:
			return e.Accounts
		}
	case CeasedAssignee:
		if e, ok := event.(events.TaskUnassigned); ok {
			return e.Accounts
		}
	case Assignee:
		return t.assignees
	case Creator:
		return []uuid.UUID{t.creator}
	case Commenter:
		return t.commenters
	}
	return nil
}

// mentioned lists whom the event names who was not named before: to change a
// word elsewhere in a text tells nobody again.
func mentioned(event events.Event) []uuid.UUID {
	switch e := event.(type) {
	case events.TaskCreated:
		return events.Mentions(e.Description)
	case events.TaskEdited:
		if d := e.Description; d != nil {
			return without(events.Mentions(d.To), events.Mentions(d.From))
		}
	case events.CommentAdded:
		return events.Mentions(e.Text)
	case events.CommentEdited:
		return without(events.Mentions(e.To), events.Mentions(e.From))
	}
	return nil
}

// without is list less those in gone, a new slice.
func without(list, gone []uuid.UUID) []uuid.UUID {
	return slices.DeleteFunc(slices.Clone(list), func(id uuid.UUID) bool { return slices.Contains(gone, id) })
}

// with is list and those of more that it lacks, a new slice.
func with(list []uuid.UUID, more ...uuid.UUID) []uuid.UUID {
	list = slices.Clone(list)
	for _, id := range more {
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}
