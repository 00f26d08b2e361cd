package commands

import (
	"strings"

	"github.com/docketlog/docket/events"
	"github.com/google/uuid"
)

// AddComment adds a comment to the task.
type AddComment struct {
	ofTask
	Task    uuid.UUID
	Comment uuid.UUID
	Text    string
}

func (c AddComment) Target() events.Aggregate { return events.Task(c.Task) }

func (c AddComment) check(p *problems) { p.comment(c.Text) }

func (c AddComment) decide(a asking, p Project, t Task) ([]events.Event, error) {
	if r := t.mayChange(a, p); r != nil {
		return nil, r
	}
	if t.comment(c.Comment) >= 0 {
		return nil, reject(CodeExists, "A comment with this ID already exists.")
	}
	if len(t.Comments) >= MaxComments {
		return nil, reject(CodeLimit, "A task can have at most %d comments.", MaxComments)
	}
	return []events.Event{events.CommentAdded{Comment: c.Comment, Text: c.Text}}, nil
}

// EditComment changes the text of a comment. Authors only. Seen, if not nil, is
// the text when the actor began to edit: if it has changed since, for example
// in another window, the command is refused with [CodeChanged].
type EditComment struct {
	ofTask
	Task    uuid.UUID
	Comment uuid.UUID
	Text    string
	Seen    *string
}

func (c EditComment) Target() events.Aggregate { return events.Task(c.Task) }

func (c EditComment) check(p *problems) { p.comment(c.Text) }

func (c EditComment) decide(a asking, p Project, t Task) ([]events.Event, error) {
	if r := t.mayChange(a, p); r != nil {
		return nil, r
	}
	said, ok := t.Comment(c.Comment)
	switch {
	case !ok:
		return nil, reject(CodeNotFound, "The comment does not exist.")
	case said.Author != a.actor:
		return nil, reject(CodeForbidden, "Only the author can edit a comment.")
	case said.Text == c.Text:
		return nil, nil
	}
	var overtaken meanwhile
	guard(&overtaken, "text", c.Seen, said.Text, c.Text)
	if r := overtaken.rejection(); r != nil {
		return nil, r
	}
	return []events.Event{events.CommentEdited{Comment: c.Comment, From: said.Text, To: c.Text}}, nil
}

// DeleteComment deletes a comment. Allowed for its author and for owners of the
// project.
type DeleteComment struct {
	ofTask
	Task    uuid.UUID
	Comment uuid.UUID
}

func (c DeleteComment) Target() events.Aggregate { return events.Task(c.Task) }

func (c DeleteComment) check(*problems) {}

func (c DeleteComment) decide(a asking, p Project, t Task) ([]events.Event, error) {
	if r := t.mayChange(a, p); r != nil {
		return nil, r
	}
	said, ok := t.Comment(c.Comment)
	switch {
	case t.comment(c.Comment) < 0:
		return nil, reject(CodeNotFound, "The comment does not exist.")
	case !ok:
		return nil, nil
	case said.Author != a.actor && p.Role(a.actor) != events.RoleOwner:
		return nil, reject(CodeForbidden, "Only the author or a project owner can delete a comment.")
	}
	return []events.Event{events.CommentDeleted{Comment: c.Comment, Text: said.Text}}, nil
}

func (p *problems) comment(text string) {
	if strings.TrimSpace(text) == "" {
		p.add("text", ReasonEmpty, "must not be empty")
		return
	}
	p.block("text", text, MaxComment)
}
