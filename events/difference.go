package events

import "github.com/google/uuid"

// Difference is one field that an event changed. From is nil if the field had
// no value before, To is nil if it has none after. Values have the field's JSON
// type: string, []string, []uuid.UUID, or []Status.
type Difference struct {
	Field string `json:"field"`
	From  any    `json:"from"`
	To    any    `json:"to"`
}

// Differences lists the fields an event changed, with their values before and
// after, for history and mail. It is empty for an event without fields. A task
// that moved within its status has a difference in its rank.
func Differences(event Event) []Difference {
	var d []Difference
	add := func(field string, from, to any) { d = append(d, Difference{field, from, to}) }
	switch e := event.(type) {
	case ProjectCreated:
		add("name", nil, e.Name)
	case ProjectRenamed:
		add("name", e.From, e.To)
	case MemberAdded:
		add("role", nil, string(e.Role))
	case MemberRoleChanged:
		add("role", string(e.From), string(e.To))
	case MemberRemoved:
		add("role", string(e.Role), nil)
	case StatusesChanged:
		add("statuses", e.From, e.To)
	case TaskCreated:
		add("title", nil, e.Title)
		if e.Description != "" {
			add("description", nil, e.Description)
		}
		add("status", nil, e.Status)
		if e.Priority != PriorityNone {
			add("priority", nil, string(e.Priority))
		}
		if e.Due != "" {
			add("due", nil, string(e.Due))
		}
		if len(e.Labels) > 0 {
			add("labels", nil, e.Labels)
		}
		if len(e.Assignees) > 0 {
			add("assignees", nil, e.Assignees)
		}
	case TaskEdited:
		if c := e.Title; c != nil {
			add("title", c.From, c.To)
		}
		if c := e.Description; c != nil {
			add("description", c.From, c.To)
		}
		if c := e.Priority; c != nil {
			add("priority", string(c.From), string(c.To))
		}
		if c := e.Due; c != nil {
			add("due", optional(string(c.From)), optional(string(c.To)))
		}
		if c := e.Labels; c != nil {
			add("labels", list(c.From), list(c.To))
		}
	case TaskMoved:
		if e.Status.From != e.Status.To {
			add("status", e.Status.From, e.Status.To)
		} else {
			add("rank", e.Rank.From, e.Rank.To)
		}
	case TaskAssigned:
		add("assignees", nil, e.Accounts)
	case TaskUnassigned:
		add("assignees", e.Accounts, nil)
	case CommentAdded:
		add("comment", nil, e.Text)
	case CommentEdited:
		add("comment", e.From, e.To)
	case CommentDeleted:
		add("comment", e.Text, nil)
	case CommentRestored:
		add("comment", nil, e.Text)
	}
	return d
}

// Concerns returns the account a membership event is about, or the zero id.
func Concerns(event Event) uuid.UUID {
	switch e := event.(type) {
	case MemberAdded:
		return e.Account
	case MemberRoleChanged:
		return e.Account
	case MemberRemoved:
		return e.Account
	}
	return uuid.Nil
}

func optional(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func list(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}
