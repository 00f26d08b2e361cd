package notifier

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// TestMentions checks who is notified, for which reason, and who is not.
func TestMentions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.notifier(w.options(""))
	w.run(n)
	at := func(accounts ...uuid.UUID) string {
		var b strings.Builder
		for _, account := range accounts {
			b.WriteString("<@" + account.String() + "> ")
		}
		return b.String()
	}
	task, comment := events.Task(named("t")), named("c")
	none := Reason("")
	for _, c := range []struct {
		name  string
		actor uuid.UUID
		event events.Event
		want  map[uuid.UUID]Reason
	}{
		{"a description", mina, events.TaskCreated{
			Project: projectID, Title: "Fix the tap", Description: at(ann, eve, mina, gone), Status: "waiting", Rank: "V", Priority: events.PriorityNone,
		}, map[uuid.UUID]Reason{ann: Mentioned, bob: none, mina: none}},
		{"no mention", mina, events.TaskAssigned{Accounts: []uuid.UUID{ann}}, map[uuid.UUID]Reason{ann: BecameAssignee}},
		{"a comment", ann, events.CommentAdded{Comment: comment, Text: at(bob, bob)}, map[uuid.UUID]Reason{bob: Mentioned, mina: Creator, ann: none}},
		{"the same again", ann, events.CommentEdited{Comment: comment, From: at(bob, bob), To: at(bob) + "!"}, map[uuid.UUID]Reason{bob: none, mina: Creator}},
		{"another", ann, events.CommentEdited{Comment: comment, From: at(bob), To: at(mina, bob)}, map[uuid.UUID]Reason{bob: none, mina: Mentioned}},
		{"a title that only looks like it", mina, events.TaskEdited{Title: &events.Changed[string]{From: "Fix the tap", To: at(bob)}}, map[uuid.UUID]Reason{bob: none, ann: Assignee}},
		{"a description that stays", mina, events.TaskEdited{
			Description: &events.Changed[string]{From: at(ann), To: "x " + at(ann)},
		}, map[uuid.UUID]Reason{ann: Assignee, bob: none}},
		{"a description that names more", mina, events.TaskEdited{
			Description: &events.Changed[string]{From: at(ann), To: at(ann, bob)},
		}, map[uuid.UUID]Reason{ann: Assignee, bob: Mentioned}},
		{"what goes", mina, events.CommentDeleted{Comment: comment, Text: at(bob)}, map[uuid.UUID]Reason{bob: none, ann: Assignee}},
		{"what comes back", mina, events.CommentRestored{Comment: comment, Author: ann, Text: at(bob), CreatedAt: start}, map[uuid.UUID]Reason{bob: none, ann: Assignee}},
	} {
		event := w.does(c.actor, task, c.event)
		// Each event notifies at least one person. The decision on the others
		// is made at the same time.
		for account, want := range c.want {
			if want == none {
				continue
			}
			entry := w.outcome(n, event, account)
			if entry.Reason != want || entry.Outcome != Kept {
				t.Errorf("%s: %+v, want %s", c.name, entry, want)
				continue
			}
			raw := legible(t, readFile(t, filepath.Join(w.folder, "mail", event.Time.Format("20060102T150405.000000Z-")+noticeID(event.ID, account)+".eml")))
			if want == Mentioned && !strings.Contains(raw, "You received this email because you were mentioned.") {
				t.Errorf("%s: the mail does not say why:\n%s", c.name, raw)
			}
			if event.Type == events.TypeTaskCreated && (!strings.Contains(raw, "Mina Example created “Fix the tap”.") || strings.Contains(raw, "<@")) {
				t.Errorf("%s:\n%s", c.name, raw)
			}
		}
		if event.Type == events.TypeTaskCreated {
			for _, account := range []uuid.UUID{eve, gone} {
				if entry := w.outcome(n, event, account); entry.Outcome != Suppressed || entry.Cause != causeNoMember {
					t.Errorf("%s names who may not read it: %+v", c.name, entry)
				}
			}
		}
		for account, want := range c.want {
			if want != none {
				continue
			}
			if entry, err := n.Explain(t.Context(), event.ID, account); !errors.Is(err, ErrNoNotice) {
				t.Errorf("%s: %v is told: %+v, %v", c.name, account, entry, err)
			}
		}
	}
	if want := 12; len(w.files()) != want {
		t.Errorf("%d mails, want %d", len(w.files()), want)
	}
}
