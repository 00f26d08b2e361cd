package notifier

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
	"github.com/docketlog/docket/internal/testkit/smtptest"
)

func errReply(code int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 7, 1}, Message: text}
}

// TestTemporaryFailures makes the server fail in every possible way at every
// stage, and then recover. No notice is lost, and a mail comes twice only if
// the server had accepted it.
func TestTemporaryFailures(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"greeting", "mail", "rcpt", "data", "accept", "accepted"} {
		for name, trouble := range map[string]error{"451": errReply(451, "try later"), "421": errReply(421, "closing"), "hang up": smtptest.ErrHangUp} {
			t.Run(stage+" "+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				server := smtptest.Start(t, "")
				var times atomic.Int32
				server.Behave(func(at, _ string) error {
					if at == stage && times.Add(1) <= 5 {
						return trouble
					}
					return nil
				})
				n := w.notifier(w.options(server.URL()))
				w.run(n)
				_, created := w.creates(mina, "t", "Fix the tap", ann)
				if got := w.outcome(n, created, ann).Outcome; got != Delivered {
					t.Errorf("outcome %q, want delivered", got)
				}
				w.settled(n)
				mails := server.All()
				if len(mails) == 0 || len(mails) > 1 && stage != "accepted" {
					t.Fatalf("%d mails, want one", len(mails))
				}
				for _, m := range mails {
					if diff := cmp.Diff(string(mails[0].Raw), string(m.Raw)); diff != "" {
						t.Errorf("the repeated mail is another:\n%s", diff)
					}
				}
			})
		}
	}
}

// TestRefusedIsParkedAndResumed makes the server refuse permanently.
func TestRefusedIsParkedAndResumed(t *testing.T) {
	t.Parallel()
	for _, stage := range []string{"rcpt", "data", "accept"} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			server := smtptest.Start(t, "")
			server.Behave(func(at, to string) error {
				if at == stage && strings.HasPrefix(to, "Ann") {
					return errReply(550, "no mailbox <Ann@people.test> here")
				}
				return nil
			})
			var logged testkit.Buffer
			o := w.options(server.URL())
			o.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
			n := w.notifier(o)
			w.run(n)
			_, created := w.creates(mina, "t", "Fix the tap", ann, bob)

			e := w.outcome(n, created, ann)
			if e.Outcome != ParkedOutcome || e.Tries != 1 {
				t.Errorf("outcome %q after %d tries, want parked at once", e.Outcome, e.Tries)
			}
			if got := w.outcome(n, created, bob).Outcome; got != Delivered {
				t.Errorf("the other recipient's outcome is %q, want delivered", got)
			}
			if s := w.settled(n); s.Parked != 1 || s.ServerDown {
				t.Errorf("status %+v, want one parked and the server up", s)
			}
			parked, err := n.Parked(within(t))
			if err != nil || len(parked) != 1 {
				t.Fatalf("parked: %v, %v", parked, err)
			}
			if p := parked[0]; p.Notice.Recipient != ann || p.Notice.Event != created.ID || !strings.Contains(p.Cause, "550") || p.Since.IsZero() {
				t.Errorf("parked %+v", p)
			}
			for where, text := range map[string]string{"cause": parked[0].Cause, "ledger": e.Cause, "log": logged.String()} {
				if strings.Contains(text, "@people.test") || strings.Contains(text, "Example") {
					t.Errorf("the %s names a person: %s", where, text)
				}
			}

			if err := n.Resume(within(t), noticeID(created.ID, bob)); !errors.Is(err, ErrNotParked) {
				t.Errorf("resuming what is not parked: %v", err)
			}
			if err := n.Resume(within(t), "*.>"); !errors.Is(err, ErrNotParked) {
				t.Errorf("resuming a wildcard: %v", err)
			}
			// Resume it once in vain, then successfully.
			if err := n.Resume(within(t), parked[0].Notice.ID()); err != nil {
				t.Fatal(err)
			}
			testkit.Eventually(t, "it is parked again", func() (string, bool) {
				again, err := n.Parked(within(t))
				s := n.Status()
				return fmt.Sprintf("parked %+v, %v, status %+v", again, err, s), err == nil && len(again) == 1 && again[0].Since.After(parked[0].Since) && s.Waiting == 0
			})
			server.Behave(func(string, string) error { return nil })
			if count, err := n.ResumeAll(within(t)); count != 1 || err != nil {
				t.Errorf("resumed %d, %v", count, err)
			}
			explained(t, "the mail to be delivered", n, created.ID, ann, delivered)
			w.settled(n)
			if left, err := n.Parked(within(t)); err != nil || len(left) != 0 {
				t.Errorf("still parked: %v, %v", left, err)
			}
		})
	}
}

func TestAttemptsAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := smtptest.Start(t, "")
	server.Behave(func(at, _ string) error {
		if at == "rcpt" {
			return errReply(450, "busy")
		}
		return nil
	})
	o := w.options(server.URL())
	o.Tries = 4
	n := w.notifier(o)
	w.run(n)
	_, created := w.creates(mina, "t", "Fix the tap", ann)
	explained(t, "the mail to be parked after 4 tries, for a 450", n, created.ID, ann, func(e Entry) bool {
		return e.Outcome == ParkedOutcome && e.Tries == 4 && strings.Contains(e.Cause, "450")
	})
	w.settled(n)
	server.Behave(func(string, string) error { return nil })
	if count, err := n.ResumeAll(within(t)); count != 1 || err != nil {
		t.Fatalf("resumed %d, %v", count, err)
	}
	explained(t, "the mail to be delivered", n, created.ID, ann, delivered)
}

// TestServerThatStallsOrIsDown starts with no server at the address, then a
// server that accepts connections and never answers, then a real one.
func TestServerThatStallsOrIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	o := w.options("smtp://" + address)
	o.SendTimeout = 5 * time.Second // long enough for the real server, even on a busy machine
	n := w.notifier(o)
	w.run(n)
	_, created := w.creates(mina, "t", "Fix the tap", ann, bob)
	comes(t, "the server to be known as down", n, func(s Status) bool { return s.Failed >= 4 && s.ServerDown })

	if listener, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	var stalled sync.WaitGroup
	var held atomic.Int32
	stalled.Go(func() {
		var conns []net.Conn
		for {
			conn, err := listener.Accept()
			if err != nil {
				for _, c := range conns {
					_ = c.Close()
				}
				return
			}
			held.Add(1)
			conns = append(conns, conn)
		}
	})
	testkit.Eventually(t, "two mails to stall", func() (int32, bool) { n := held.Load(); return n, n >= 2 })
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	stalled.Wait()

	server := smtptest.Start(t, address)
	for _, person := range []uuid.UUID{ann, bob} {
		if got := w.outcome(n, created, person).Outcome; got != Delivered {
			t.Errorf("outcome %q, want delivered", got)
		}
	}
	w.settled(n)
	if got := len(server.All()); got != 2 {
		t.Errorf("%d mails, want 2", got)
	}
	if n.Status().ServerDown {
		t.Error("the server is still left alone")
	}
}

// TestFailingServerIsNotFlooded counts the requests to a failing server while many
// notices wait for it.
func TestFailingServerIsNotFlooded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := smtptest.Start(t, "")
	server.Behave(func(at, _ string) error {
		if at == "greeting" {
			return errReply(421, "down")
		}
		return nil
	})
	o := w.options(server.URL())
	o.Senders = 1
	n := w.notifier(o)
	n.circuit.pauses = backoff{time.Hour, time.Hour}
	w.run(n)
	task, _ := w.creates(mina, "t", "Fix the tap", ann)
	for i := range 10 {
		w.does(mina, task, events.CommentAdded{Comment: named(string(rune('a' + i))), Text: "Soon."})
	}
	comes(t, "notices to be tried often", n, func(s Status) bool { return s.Failed >= 40 })
	if got := server.Connections(); got != tolerated+1 {
		t.Errorf("the server was asked %d times, want %d", got, tolerated+1)
	}
	if parked, err := n.Parked(within(t)); err != nil || len(parked) != 0 {
		t.Errorf("parked: %v, %v", parked, err)
	}
}

func TestMailGoesEncryptedAndSignedIn(t *testing.T) {
	t.Parallel()
	type want struct {
		delivered, encrypted bool
		user                 string
	}
	cases := map[string]struct {
		offersTLS, trusts bool
		login, query      string
		want              want
	}{
		"required, trusted, signed in":           {true, true, "docket:s3cret@", "?tls=required", want{true, true, "docket"}},
		"required, not trusted":                  {true, false, "docket:s3cret@", "?tls=required", want{}},
		"required, not offered":                  {false, true, "", "?tls=required", want{}},
		"loopback takes what is offered":         {true, false, "docket:s3cret@", "", want{true, true, "docket"}},
		"loopback goes without if there is none": {false, false, "docket:s3cret@", "", want{true, false, "docket"}},
		"off":                                    {true, false, "", "?tls=off", want{true, false, ""}},
		"wrong password":                         {true, false, "docket:wrong@", "", want{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var options []smtptest.Option
			if c.offersTLS {
				options = append(options, smtptest.WithTLS(t))
			}
			server := smtptest.Start(t, "", options...)
			w := newWorld(t)
			o := w.options("smtp://" + c.login + server.Address + c.query)
			if c.trusts {
				o.RootCAs = server.Roots
			}
			n := w.notifier(o)
			w.run(n)
			_, created := w.creates(mina, "t", "Fix the tap", ann)
			if !c.want.delivered {
				comes(t, "it to fail a few times", n, func(s Status) bool { return s.Failed >= 5 })
				e, err := n.Explain(t.Context(), created.ID, ann)
				if err != nil || e.Outcome != Waiting || len(server.All()) != 0 {
					t.Errorf("outcome %q, %v, %d mails; want it to wait", e.Outcome, err, len(server.All()))
				}
				return
			}
			w.outcome(n, created, ann)
			mails := server.All()
			if len(mails) != 1 {
				t.Fatalf("%d mails, want one", len(mails))
			}
			if got := (want{true, mails[0].Encrypted, mails[0].User}); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestImplicitTLS(t *testing.T) {
	t.Parallel()
	plain := smtptest.Start(t, "", smtptest.WithTLS(t))
	listener, err := tls.Listen("tcp", "127.0.0.1:0", plain.SMTP.TLSConfig)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); _ = plain.SMTP.Serve(listener) }()
	t.Cleanup(func() { _ = listener.Close(); <-served })

	w := newWorld(t)
	o := w.options("smtps://docket:s3cret@" + listener.Addr().String())
	o.RootCAs = plain.Roots
	n := w.notifier(o)
	w.run(n)
	_, created := w.creates(mina, "t", "Fix the tap", ann)
	if got := w.outcome(n, created, ann).Outcome; got != Delivered {
		t.Errorf("outcome %q, want delivered", got)
	}
	if mails := plain.All(); len(mails) != 1 || !mails[0].Encrypted || mails[0].User != "docket" {
		t.Errorf("mails %+v, want one, encrypted and signed in", mails)
	}
}

func TestCircuitAllowsOneAttempt(t *testing.T) {
	t.Parallel()
	c := &circuit{pauses: backoff{time.Nanosecond, time.Nanosecond}}
	for range tolerated + 1 {
		if !c.enter() {
			t.Fatal("closed circuit lets nobody in")
		}
		c.leave(true)
	}
	testkit.Eventually(t, "one to be let in", func() (string, bool) { in := c.enter(); return fmt.Sprintf("open %t", c.open()), in })
	if c.enter() {
		t.Error("a second one is let in while the first tries")
	}
	if _, closed := c.leave(false); !closed || c.open() || !c.enter() || !c.enter() {
		t.Error("success does not close the circuit")
	}
}

func TestPausesGrowAndAreBounded(t *testing.T) {
	t.Parallel()
	b := backoff{time.Second, time.Minute}
	for n, want := range map[uint64]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 7: time.Minute, 1 << 62: time.Minute} {
		got := b.WaitTime(n)
		if got < want-want/5 || got > want+want/5+1 {
			t.Errorf("pause %d is %s, want about %s", n, got, want)
		}
	}
}
