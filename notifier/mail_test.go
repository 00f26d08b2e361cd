package notifier

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

var update = flag.Bool("update", false, "write the golden mails")

// legible formats a mail for review: the headers sorted by name and both parts,
// all decoded.
func legible(t *testing.T, raw []byte) string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var names []string
	for name := range m.Header {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, value := range m.Header[name] {
			decoded, err := new(mime.WordDecoder).DecodeHeader(value)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s: %s\n", name, decoded)
		}
	}
	kind, parameters, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("content type %q: %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, parameters["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return b.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "\n=== %s\n%s", part.Header.Get("Content-Type"), strings.ReplaceAll(string(body), "\r\n", "\n"))
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "mails", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(readFile(t, path)), got); diff != "" {
		t.Errorf("%s (-golden +got; -update writes it):\n%s", path, diff)
	}
}

// TestMails sends every kind of event to everyone it concerns, through the
// whole notifier, and compares each mail with its golden file.
func TestMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := w.notifier(w.options(""))
	w.run(n)

	task := events.Task(named("tap"))
	edited := func(from, to string) *events.Changed[string] { return &events.Changed[string]{From: from, To: to} }
	cases := []struct {
		name  string
		actor uuid.UUID
		event events.Event
		told  []uuid.UUID
	}{
		{"created", mina, events.TaskCreated{
			Project: projectID, Title: "Fix the tap", Description: "It drips.\nThe washer is worn.", Status: "waiting", Rank: "V",
			Priority: events.PriorityHigh, Due: "2026-04-03", Labels: []string{"kitchen", "water"}, Assignees: []uuid.UUID{ann, mina},
		}, []uuid.UUID{ann}},
		{"assigned", mina, events.TaskAssigned{Accounts: []uuid.UUID{bob}}, []uuid.UUID{bob, ann}},
		{"moved", ann, events.TaskMoved{
			Status: events.Changed[string]{From: "waiting", To: "in_progress"}, Rank: events.Changed[string]{From: "V", To: "W"},
		}, []uuid.UUID{mina, bob}},
		{"moved-within", ann, events.TaskMoved{
			Status: events.Changed[string]{From: "in_progress", To: "in_progress"}, Rank: events.Changed[string]{From: "W", To: "X"},
		}, nil},
		{"edited", ann, events.TaskEdited{
			Description: edited("It drips.\nThe washer is worn.", "It drips.\nThe washer is worn through.\nSize 15."),
			Priority:    &events.Changed[events.Priority]{From: events.PriorityHigh, To: events.PriorityNone},
			Due:         &events.Changed[events.Date]{From: "2026-04-03"},
			Labels:      &events.Changed[[]string]{From: []string{"kitchen", "water"}, To: []string{"kitchen"}},
		}, []uuid.UUID{mina, bob}},
		{"renamed", mina, events.TaskEdited{Title: edited("Fix the tap", "Mend the tap")}, []uuid.UUID{ann, bob}},
		{"unassigned", mina, events.TaskUnassigned{Accounts: []uuid.UUID{bob, mina}}, []uuid.UUID{bob, ann}},
		{"commented", bob, events.CommentAdded{Comment: named("comment"), Text: "I have a washer.\n\n<b>Size 15</b> & new."}, []uuid.UUID{ann, mina}},
		{"comment-edited", bob, events.CommentEdited{Comment: named("comment"), From: "I have a washer.", To: "I have two washers."}, []uuid.UUID{ann, mina}},
		{"comment-deleted", mina, events.CommentDeleted{Comment: named("comment"), Text: "I have two washers."}, []uuid.UUID{ann, bob}},
		{"deleted", ann, events.TaskDeleted{}, []uuid.UUID{mina, bob}},
		{"restored", mina, events.TaskRestored{}, []uuid.UUID{ann, bob}},
		{"hostile", ann, events.TaskEdited{
			Title:       edited("Mend the tap", "Tap\r\nBcc: eve@people.test\r\n\r\n<script>alert(1)</script> \u202etxt.exe"),
			Description: edited("", "<img src=x onerror=alert(1)>\r\n.\r\nQUIT"),
		}, []uuid.UUID{mina, bob}},
		{"comment-restored", mina, events.CommentRestored{
			Comment: named("comment"), Author: bob, Text: "I have two washers.", CreatedAt: start, EditedAt: start.Add(time.Minute),
		}, []uuid.UUID{ann, bob}},
		{"mentioned", bob, events.CommentAdded{
			Comment: named("mention"), Text: "Ask <@" + eve.String() + ">, <@" + ann.String() + "> or <@" + gone.String() + ">:\n<@nobody> & <@" + bob.String() + ">",
		}, []uuid.UUID{ann, mina}},
		// Only newly mentioned accounts; not Eve, who has no access.
		{"mentioned-later", bob, events.CommentEdited{
			Comment: named("mention"), From: "<@" + ann.String() + ">", To: "<@" + ann.String() + "> <@" + mina.String() + "> <@" + eve.String() + ">",
		}, []uuid.UUID{mina, ann}},
		{"mentioned-in-description", ann, events.TaskEdited{
			Description: edited("for <@"+bob.String()+">", "for <@"+bob.String()+"> and <@"+mina.String()+">"),
		}, []uuid.UUID{mina, bob}},
	}
	// A name must not become markup of the page.
	w.people.people[eve] = Person{eve, "Eve <b>\r\n\u202eMallory", "eve@people.test"}
	names := map[uuid.UUID]string{mina: "mina", ann: "ann", bob: "bob"}
	seen := map[events.Type]bool{}
	mails := 0
	for _, c := range cases {
		event := w.does(c.actor, task, c.event)
		seen[event.Type] = true
		w.settled(n)
		for _, person := range c.told {
			mails++
			if got := w.outcome(n, event, person).Outcome; got != Kept {
				t.Fatalf("%s: outcome for %s is %q", c.name, names[person], got)
			}
			path := filepath.Join(w.folder, "mail", event.Time.Format("20060102T150405.000000Z-")+noticeID(event.ID, person)+".eml")
			golden(t, c.name+"-"+names[person], legible(t, readFile(t, path)))
		}
	}
	if got := len(w.files()); got != mails {
		t.Errorf("%d mails were kept, want %d: somebody was told who should not be", got, mails)
	}
	for kind, registered := range events.Types {
		if registered.Kind == events.KindTask && !seen[kind] {
			t.Errorf("no golden mail for %s", kind)
		}
	}
}

func TestEveryTaskEventHasARule(t *testing.T) {
	t.Parallel()
	for kind, registered := range events.Types {
		r, ok := rules[kind]
		if ok != (registered.Kind == events.KindTask) {
			t.Errorf("%s: has a rule: %v", kind, ok)
		}
		for _, reason := range r.reasons {
			if because[reason] == "" {
				t.Errorf("%s: reason %s has no words", kind, reason)
			}
		}
	}
}

func TestMessageIDsOfAnAddress(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"http://localhost:8080": "localhost",
		"http://127.0.0.1:8080": "[127.0.0.1]",
		"http://[::1]:8080":     "[::1]",
		"https://docket.test/x": "docket.test",
	} {
		w, err := newWriter(newDirectory(), base, "docket@docket.test")
		if err != nil || w.domain != want {
			t.Errorf("%s: domain %q, %v, want %q", base, w.domain, err, want)
		}
	}
	for _, base := range []string{"", "docket.test", "ftp://docket.test", "http://"} {
		if _, err := newWriter(newDirectory(), base, "docket@docket.test"); err == nil {
			t.Errorf("base URL %q is accepted", base)
		}
	}
	if _, err := newWriter(newDirectory(), "http://docket.test", "nobody"); err == nil {
		t.Error("a sender that is no address is accepted")
	}
}
