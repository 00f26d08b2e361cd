package events_test

import (
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// id returns a fixed id that ends in n.
func id(n byte) uuid.UUID { return uuid.UUID{0: 0x01, 1: 0x92, 6: 0x70, 8: 0x80, 15: n} }

// examples holds one event of every type with every field set, and the expected
// differences.
var examples = map[events.Type]struct {
	event       events.Event
	differences []events.Difference
	concerns    uuid.UUID
}{
	events.TypeAccountRegistered: {event: events.AccountRegistered{Administrator: true}},
	events.TypeAccountErased:     {event: events.AccountErased{}},
	events.TypeSessionBegun:      {event: events.SessionBegun{Session: id(8)}},
	events.TypeSessionEnded:      {event: events.SessionEnded{Session: id(8)}},
	events.TypePasswordChanged:   {event: events.PasswordChanged{}},
	events.TypeAddressChanged:    {event: events.AddressChanged{}},
	events.TypeTokenMade:         {event: events.TokenMade{Token: id(9), Scopes: []string{"read", "write"}}},
	events.TypeTokenRevoked:      {event: events.TokenRevoked{Token: id(9)}},

	events.TypeProjectCreated: {
		event:       events.ProjectCreated{Name: "Büro & Café", Statuses: events.DefaultStatuses()},
		differences: []events.Difference{{"name", nil, "Büro & Café"}},
	},
	events.TypeProjectRenamed: {
		event:       events.ProjectRenamed{From: "Office", To: "House"},
		differences: []events.Difference{{"name", "Office", "House"}},
	},
	events.TypeProjectArchived:   {event: events.ProjectArchived{}},
	events.TypeProjectUnarchived: {event: events.ProjectUnarchived{}},
	events.TypeMemberAdded: {
		event:       events.MemberAdded{Account: id(7), Role: events.RoleViewer},
		differences: []events.Difference{{"role", nil, "viewer"}},
		concerns:    id(7),
	},
	events.TypeMemberRoleChanged: {
		event:       events.MemberRoleChanged{Account: id(7), From: events.RoleViewer, To: events.RoleMember},
		differences: []events.Difference{{"role", "viewer", "member"}},
		concerns:    id(7),
	},
	events.TypeMemberRemoved: {
		event:       events.MemberRemoved{Account: id(7), Role: events.RoleMember},
		differences: []events.Difference{{"role", "member", nil}},
		concerns:    id(7),
	},
	events.TypeStatusesChanged: {
		event: events.StatusesChanged{
			From:    events.DefaultStatuses(),
			To:      events.DefaultStatuses()[1:],
			Retired: map[string]string{"waiting": "in_progress"},
		},
		differences: []events.Difference{{"statuses", events.DefaultStatuses(), events.DefaultStatuses()[1:]}},
	},

	events.TypeTaskCreated: {
		event: events.TaskCreated{
			Project: id(2), Title: "Water the plants", Description: "All of them.\n<b>Twice</b>.",
			Status: "waiting", Rank: "n", Priority: events.PriorityHigh, Due: "2026-05-03",
			Labels: []string{"home", "green"}, Assignees: []uuid.UUID{id(5), id(6)},
		},
		differences: []events.Difference{
			{"title", nil, "Water the plants"}, {"description", nil, "All of them.\n<b>Twice</b>."},
			{"status", nil, "waiting"}, {"priority", nil, "high"}, {"due", nil, "2026-05-03"},
			{"labels", nil, []string{"home", "green"}}, {"assignees", nil, []uuid.UUID{id(5), id(6)}},
		},
	},
	events.TypeTaskEdited: {
		event: events.TaskEdited{
			Title:       &events.Changed[string]{From: "Water", To: "Water the plants"},
			Description: &events.Changed[string]{From: "", To: "All of them"},
			Priority:    &events.Changed[events.Priority]{From: events.PriorityNone, To: events.PriorityUrgent},
			Due:         &events.Changed[events.Date]{From: "2026-05-03", To: ""},
			Labels:      &events.Changed[[]string]{From: []string{}, To: []string{"home"}},
		},
		differences: []events.Difference{
			{"title", "Water", "Water the plants"}, {"description", "", "All of them"},
			{"priority", "none", "urgent"}, {"due", "2026-05-03", nil}, {"labels", []string{}, []string{"home"}},
		},
	},
	events.TypeTaskMoved: {
		event: events.TaskMoved{
			Status: events.Changed[string]{From: "waiting", To: "done"},
			Rank:   events.Changed[string]{From: "n", To: "g"},
		},
		differences: []events.Difference{{"status", "waiting", "done"}},
	},
	events.TypeTaskAssigned: {
		event:       events.TaskAssigned{Accounts: []uuid.UUID{id(5)}},
		differences: []events.Difference{{"assignees", nil, []uuid.UUID{id(5)}}},
	},
	events.TypeTaskUnassigned: {
		event:       events.TaskUnassigned{Accounts: []uuid.UUID{id(5), id(6)}},
		differences: []events.Difference{{"assignees", []uuid.UUID{id(5), id(6)}, nil}},
	},
	events.TypeTaskDeleted:  {event: events.TaskDeleted{}},
	events.TypeTaskRestored: {event: events.TaskRestored{}},
	events.TypeCommentAdded: {
		event:       events.CommentAdded{Comment: id(8), Text: "Done “yesterday” ✓"},
		differences: []events.Difference{{"comment", nil, "Done “yesterday” ✓"}},
	},
	events.TypeCommentEdited: {
		event:       events.CommentEdited{Comment: id(8), From: "Done", To: "Undone"},
		differences: []events.Difference{{"comment", "Done", "Undone"}},
	},
	events.TypeCommentDeleted: {
		event:       events.CommentDeleted{Comment: id(8), Text: "Undone"},
		differences: []events.Difference{{"comment", "Undone", nil}},
	},
	events.TypeCommentRestored: {
		event: events.CommentRestored{
			Comment: id(8), Author: id(5), Text: "Undone",
			CreatedAt: time.Date(2026, 5, 2, 8, 0, 0, 123_456_000, time.UTC), EditedAt: time.Date(2026, 5, 2, 9, 30, 0, 0, time.UTC),
		},
		differences: []events.Difference{{"comment", nil, "Undone"}},
	},
}

// exampleCommit returns a commit of the given events, all of the same kind.
func exampleCommit(all ...events.Event) events.Commit {
	return events.Commit{
		Head: events.Head{
			Aggregate: events.Aggregate{Kind: events.Types[all[0].EventType()].Kind, ID: id(1)},
			Revision:  41, Hash: events.Hash{0: 0xab, 31: 0xcd}, Sequence: 1234,
		},
		Project: id(2), Command: id(3), Actor: id(4), Causation: id(9), Correlation: id(10),
		Time:        time.Date(2026, 5, 3, 12, 34, 56, 789_012_345, time.FixedZone("CEST", 7200)),
		TraceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		Events:      all,
	}
}

// first looks up the first value of a header, as readers of the log do.
func first(h map[string][]string) func(string) string {
	return func(name string) string {
		if v := h[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
}
