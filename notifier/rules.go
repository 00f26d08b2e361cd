package notifier

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// Reason says why a person gets a mail.
type Reason string

// The reasons. If several apply to a person, the mail gives the one that comes
// first in its rule.
const (
	Mentioned      Reason = "mentioned"
	BecameAssignee Reason = "became_assignee"
	CeasedAssignee Reason = "ceased_assignee"
	Assignee       Reason = "assignee"
	Creator        Reason = "creator"
	Commenter      Reason = "commenter"
)

// because completes "You received this email because …".
var because = map[Reason]string{
	Mentioned:      "you were mentioned",
	BecameAssignee: "the task was assigned to you",
	CeasedAssignee: "you were unassigned from the task",
	Assignee:       "the task is assigned to you",
	Creator:        "you created the task",
	Commenter:      "you commented on the task",
}

// A rule says whom an event concerns and describes the event in a sentence.
type rule struct {
	reasons  []Reason
	sentence string // placeholders are the fields of [sentence]
}

// rules defines every mail Docket sends: a line here, and the layout of a
// [letter]. The actor is never notified, and neither is anyone of an event
// without a visible change; see [concerned].
var rules = map[events.Type]rule{
	events.TypeTaskCreated:    {mails(Mentioned, BecameAssignee), "{actor} created “{title}”{assigned}"},
	events.TypeTaskAssigned:   {mails(BecameAssignee, Assignee, Creator, Commenter), "{actor} assigned “{title}” to {who}"},
	events.TypeTaskUnassigned: {mails(CeasedAssignee, Assignee, Creator, Commenter), "{actor} unassigned {who} from “{title}”"},
	events.TypeTaskMoved:      {mails(Assignee, Creator, Commenter), "{actor} moved “{title}” from {from} to {to}"},
	events.TypeTaskEdited:     {mails(Mentioned, Assignee, Creator, Commenter), "{actor} changed {fields} of “{title}”"},
	events.TypeTaskDeleted:    {mails(Assignee, Creator, Commenter), "{actor} moved “{title}” to the trash"},
	events.TypeTaskRestored:   {mails(Assignee, Creator, Commenter), "{actor} restored “{title}” from the trash"},
	events.TypeCommentAdded:   {mails(Mentioned, Assignee, Creator, Commenter), "{actor} commented on “{title}”"},
	events.TypeCommentEdited:  {mails(Mentioned, Assignee, Creator, Commenter), "{actor} edited a comment on “{title}”"},
	events.TypeCommentDeleted: {mails(Assignee, Creator, Commenter), "{actor} deleted a comment on “{title}”"},
	// A person notified of the deletion must be notified of the restoration.
	events.TypeCommentRestored: {mails(Assignee, Creator, Commenter), "{actor} restored a comment on “{title}”"},
}

func mails(reasons ...Reason) []Reason { return reasons }

// sentence holds the values for a rule's placeholders.
type sentence struct {
	Actor, Title, Who, Assigned, From, To, Fields string
}

// tell fills in the placeholders. It does not expand the values: a title may
// contain braces.
func (s sentence) tell(words string) string {
	return strings.NewReplacer("{actor}", s.Actor, "{title}", s.Title, "{who}", s.Who, "{assigned}", s.Assigned,
		"{from}", s.From, "{to}", s.To, "{fields}", s.Fields).Replace(words)
}

// concern is an account that an event concerns, and the reason.
type concern struct {
	account uuid.UUID
	reason  Reason
}

// concerned returns every account that the event concerns by the rules, once
// each, with the first reason that applies. t is the task after the event.
// concerned does not check read access.
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

// holders returns the accounts a reason applies to.
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

// mentioned returns the accounts that the event newly mentions. Editing other
// words of a text does not notify them again.
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

// without returns a new slice: list without the elements of gone.
func without(list, gone []uuid.UUID) []uuid.UUID {
	return slices.DeleteFunc(slices.Clone(list), func(id uuid.UUID) bool { return slices.Contains(gone, id) })
}

// with returns a new slice: list and the elements of more that it lacks.
func with(list []uuid.UUID, more ...uuid.UUID) []uuid.UUID {
	list = slices.Clone(list)
	for _, id := range more {
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}
