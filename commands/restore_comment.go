package commands

import (
	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// RestoreComment puts a deleted comment back as it was, under its author's name
// and with its times. Its author may, and owners of the project. Text is what it
// said last; anything else is refused, so that nobody puts words into an
// author's mouth. Restoring what is there changes nothing.
type RestoreComment struct {
	ofTask
	Task    uuid.UUID
	Comment uuid.UUID
	Text    string
}

func (c RestoreComment) Target() events.Aggregate { return events.Task(c.Task) }

func (c RestoreComment) check(*problems) {}

func (c RestoreComment) decide(a asking, p Project, t Task) ([]events.Event, error) {
	if r := t.mayChange(a, p); r != nil {
		return nil, r
	}
	i := t.comment(c.Comment)
	if i < 0 {
		return nil, reject(CodeNotFound, "There is no such comment")
	}
	said := t.Comments[i]
	switch {
	case said.Author != a.actor && p.Role(a.actor) != events.RoleOwner:
		return nil, reject(CodeForbidden, "Only its author or an owner of the project may restore a comment")
	case said.Text != c.Text:
		return nil, rejectField(CodeChanged, "text", "The comment says something else")
	case !said.Deleted:
		return nil, nil
	}
	return []events.Event{events.CommentRestored{
		Comment: said.ID, Author: said.Author, Text: said.Text, CreatedAt: said.CreatedAt, EditedAt: said.EditedAt,
	}}, nil
}
