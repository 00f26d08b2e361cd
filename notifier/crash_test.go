package notifier

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/events"
	eventlog "github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/smtptest"
)

// The environment of the process that is killed.
const (
	victimFolder = "DOCKET_NOTIFIER_VICTIM_FOLDER"
	victimSMTP   = "DOCKET_NOTIFIER_VICTIM_SMTP"
)

// brief shortens the timeouts, so that the work of a killed notifier is soon
// redelivered, but not so much that a notifier on a busy machine seems dead.
func brief(o Options) Options {
	o.grace, o.takeover = 5*time.Second, 5*time.Second
	return o
}

// victim runs a notifier on the parent process's broker until it is killed.
func victim() {
	ctx := context.Background()
	dial := func() (*nats.Conn, error) { return broker.DialRunning(ctx, os.Getenv(victimFolder)) }
	err := func() error {
		nc, err := dial()
		if err != nil {
			return err
		}
		log, err := eventlog.Open(ctx, nc, eventlog.Options{})
		if err != nil {
			return err
		}
		w := &world{folder: os.Getenv(victimFolder), log: log, people: newDirectory()}
		o := brief(w.optionsWithoutLog(os.Getenv(victimSMTP)))
		o.Conn = dial
		n, err := New(ctx, o)
		if err != nil {
			return err
		}
		return n.Run(ctx)
	}()
	fmt.Fprintln(os.Stderr, "victim ended by itself:", err)
	os.Exit(1)
}

// startVictim starts the victim. kill kills it and waits until it has exited.
func startVictim(t *testing.T, w *world, smtpURL string) (kill func()) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^$")
	command.Env = append(os.Environ(), victimFolder+"="+w.folder, victimSMTP+"="+smtpURL)
	command.Stderr = t.Output()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	t.Cleanup(kill)
	return kill
}

// TestKilledAtAnyInstant kills the process at each point between event, notice,
// mail, outcome and acknowledgement, and starts another one to finish the work.
func TestKilledAtAnyInstant(t *testing.T) {
	t.Parallel()
	instants := map[string]struct {
		subject string // kill when this is published
		stage   string // or when the mail server reaches this stage
		// repeats allows a second mail with the same Message-ID.
		repeats bool
	}{
		"a notice is stored and others are not":      {subject: dueSubjects + ">"},
		"the mail server is dialled":                 {stage: "greeting"},
		"the recipient is named":                     {stage: "rcpt"},
		"the mail is accepted and nobody knows":      {stage: "accepted", repeats: true},
		"the outcome is stored and not acknowledged": {subject: "$KV." + LedgerBucket + ".>", repeats: true},
	}
	for name, instant := range instants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			server := smtptest.Start(t, "")
			n := w.notifier(brief(w.options(server.URL())))

			var once sync.Once
			killed := make(chan struct{})
			armed := make(chan func(), 1)
			var struck string // the subject that triggered the kill
			strike := func(subject string) {
				once.Do(func() {
					(<-armed)()
					struck = subject
					close(killed)
				})
			}
			server.Behave(func(stage, _ string) error {
				if stage == instant.stage {
					strike("")
				}
				return nil
			})
			if instant.subject != "" {
				nc, err := w.dial()
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(nc.Close)
				if _, err := nc.Subscribe(instant.subject, func(m *nats.Msg) { strike(m.Subject) }); err != nil {
					t.Fatal(err)
				}
				if err := nc.Flush(); err != nil {
					t.Fatal(err)
				}
			}
			armed <- startVictim(t, w, server.URL())
			task, created := w.creates(mina, "t", "Fix the tap", ann, bob)
			moved := w.does(ann, task, events.TaskMoved{
				Status: events.Changed[string]{From: "waiting", To: "done"}, Rank: events.Changed[string]{From: "V", To: "V"},
			})
			testkit.Closed(t, "the instant to kill it at", killed)

			w.run(n)
			w.settled(n)
			want := []string{
				noticeID(created.ID, ann), noticeID(created.ID, bob),
				noticeID(moved.ID, mina), noticeID(moved.ID, bob),
			}
			got := map[string]int{}
			for _, m := range server.All() {
				got[strings.Trim(m.Message.Header.Get("Message-ID"), "<>")]++
			}
			twice := 0
			for _, id := range want {
				count := got[id+"@docket.test"]
				if count == 0 {
					t.Errorf("mail %s is lost", id)
				}
				if count > 1 {
					twice++
				}
			}
			if len(got) != len(want) {
				t.Errorf("got mails %v, want %v", got, want)
			}
			if twice > 0 && !instant.repeats {
				t.Errorf("mails were repeated: %v", got)
			}
			if id, recorded := strings.CutPrefix(struck, "$KV."+LedgerBucket+"."); recorded && got[id+"@docket.test"] != 1 {
				t.Errorf("mail %s was repeated though its outcome was known", id)
			}
			for _, e := range []struct {
				event events.Envelope
				to    Entry
			}{{created, w.outcome(n, created, ann)}, {moved, w.outcome(n, moved, bob)}} {
				if e.to.Outcome != Delivered {
					t.Errorf("outcome %q of event %s", e.to.Outcome, e.event.ID)
				}
			}
		})
	}
}
