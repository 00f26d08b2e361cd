package commands

import (
	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// RestoreComment restores a deleted comment unchanged, with its author and
// times. Allowed for its author and for owners of the project. Text is the last
// text of the comment; any other text is refused, so that no one can put words
// into an author's mouth. Restoring a comment that is not deleted changes
// nothing.
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
		return nil, reject(CodeNotFound, "The comment does not exist.")
	}
	said := t.Comments[i]
	switch {
	case said.Author != a.actor && p.Role(a.actor) != events.RoleOwner:
		return nil, reject(CodeForbidden, "Only the author or a project owner can restore a comment.")
	case said.Text != c.Text:
		return nil, rejectField(CodeChanged, "text", "The text of the comment has changed.")
	case !said.Deleted:
		return nil, nil
	}
	return []events.Event{events.CommentRestored{
		Comment: said.ID, Author: said.Author, Text: said.Text, CreatedAt: said.CreatedAt, EditedAt: said.EditedAt,
	}}, nil
}
