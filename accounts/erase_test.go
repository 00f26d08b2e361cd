package accounts

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/internal/testkit"
)

// readable looks for texts in every revision of every value in the streams, and
// returns the first one found.
func readable(t *testing.T, streams []jetstream.Stream, texts ...string) string {
	t.Helper()
	for _, s := range streams {
		info, err := s.Info(within(t))
		if err != nil {
			t.Fatal(err)
		}
		for sequence := max(1, info.State.FirstSeq); sequence <= info.State.LastSeq; sequence++ {
			m, err := s.GetMsg(within(t), sequence)
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range texts {
				if strings.Contains(m.Subject, text) || bytes.Contains(m.Data, []byte(text)) {
					return text + " in " + m.Subject
				}
			}
		}
	}
	return ""
}

func allStreams(a *Accounts) []jetstream.Stream {
	var all []jetstream.Stream
	for _, b := range []*bucket{a.people, a.claims, a.filters, a.sessions.bucket, a.tokens.bucket, a.attempts.bucket, a.instance.bucket} {
		all = append(all, b.stream)
	}
	return all
}

// onDisk looks for a text in every file below dir, and returns a file with it.
func onDisk(t *testing.T, dir, text string) string {
	t.Helper()
	found := ""
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			found = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestEraseOverwritesPersonalData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := brokertest.StartIn(t, dir)
	h := &fixture{nc: brokertest.Connect(t, b), log: newRecord(), clock: newClock()}
	a := h.open(t)
	register(t, a, "first@example.org")
	p := register(t, a, "earlier@example.org")

	// Everything that can be known of a person, each in more than one revision.
	if err := a.ChangeEmail(within(t), p.ID, adaPassword, ada); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Augusta Byron", "Ada Lovelace"} {
		if err := a.Rename(within(t), p.ID, name); err != nil {
			t.Fatal(err)
		}
	}
	secrets := []string{}
	for range 2 {
		s, err := a.SignIn(within(t), Credentials{Email: ada, Password: adaPassword, Address: "203.0.113.77", UserAgent: "Difference Engine"})
		if err != nil {
			t.Fatal(err)
		}
		h.clock.advance(touchEvery)
		if err := a.sessions.touch(within(t), p.ID, s.ID, h.clock.Now()); err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, s.Secret)
	}
	token, err := a.CreateToken(within(t), p.ID, TokenRequest{Name: "Analytical Engine", Scopes: allScopes})
	if err != nil {
		t.Fatal(err)
	}
	secrets = append(secrets, token.Secret)
	kept := filter(t, a, p.ID, SavedFilter{Name: "Bernoulli numbers", Query: "text=Ockham"})
	filter(t, a, p.ID, SavedFilter{Name: kept.Name, Query: "text=Diagram"})
	dropped := filter(t, a, p.ID, SavedFilter{Name: "Punched cards"})
	if err := a.DeleteFilter(within(t), p.ID, dropped.ID); err != nil {
		t.Fatal(err)
	}
	// One saved as a crash would leave it.
	crashedFilters, revision, err := get[filterRecord](within(t), a.filters, p.ID.String())
	if err != nil {
		t.Fatal(err)
	}
	crashedFilters.Filters[0].Query = "text=Menabrea"
	if _, err := a.filters.update(within(t), p.ID.String(), crashedFilters, revision); err != nil {
		t.Fatal(err)
	}
	c, _, err := get[claim](within(t), a.claims, a.instance.addressKey(ada))
	if err != nil {
		t.Fatal(err)
	}
	// A revoked session, and one signed out as a crash would leave it.
	revoked := signIn(t, a, ada)
	if err := a.RevokeSession(within(t), p.ID, revoked.ID); err != nil {
		t.Fatal(err)
	}
	crashed, err := a.SignIn(within(t), Credentials{Email: ada, Password: adaPassword, UserAgent: "Jacquard Loom"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.sessions.bucket.kv.Delete(within(t), credentialKey(p.ID, crashed.ID)); err != nil {
		t.Fatal(err)
	}

	known := []string{ada, "Ada Lovelace", "203.0.113.77", "Difference Engine", "Analytical Engine", "Jacquard Loom", c.Password, "Bernoulli numbers", "text=Diagram", "text=Menabrea"}
	past := []string{"earlier@example.org", "Augusta Byron", "text=Ockham", "Punched cards"}
	for _, text := range known {
		if readable(t, allStreams(a), text) == "" {
			t.Errorf("%q is not stored before the erasure, so the test proves nothing", text)
		}
	}
	if found := readable(t, allStreams(a), past...); found != "" {
		t.Errorf("a replaced value is still readable: %s", found)
	}

	position, err := a.Erase(within(t), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	if want, _ := h.log.End(within(t)); position != want {
		t.Errorf("position %v, want %v", position, want)
	}
	if found := readable(t, allStreams(a), append(known, past...)...); found != "" {
		t.Errorf("still readable: %s", found)
	}
	for _, secret := range secrets {
		refused(t, a, secret)
	}
	if err := try(t, a, ada, adaPassword, ""); !errors.Is(err, ErrCredentials) {
		t.Errorf("sign-in: want %v, have %v", ErrCredentials, err)
	}
	want := Person{ID: p.ID, Name: ErasedName, Erased: true}
	if q, ok := a.Person(p.ID); !ok || q != want {
		t.Errorf("person %v, want %v", q, want)
	}
	if _, err := a.ByEmail(within(t), ada); !errors.Is(err, ErrNotFound) {
		t.Errorf("by address: %v", err)
	}
	for name, err := range map[string]error{
		"rename":   a.Rename(within(t), p.ID, "Ada"),
		"address":  a.ChangeEmail(within(t), p.ID, adaPassword, bob),
		"password": a.ChangePassword(within(t), Identity{Account: p.ID}, adaPassword, "a better password"),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s of an erased person: %v", name, err)
		}
	}
	if _, err := a.CreateToken(within(t), p.ID, TokenRequest{Name: "n", Scopes: allScopes}); !errors.Is(err, ErrNotFound) {
		t.Errorf("token for an erased person: %v", err)
	}
	if _, err := a.SaveFilter(within(t), p.ID, SavedFilter{Name: "n"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("filter for an erased person: %v", err)
	}
	if filters, err := a.Filters(within(t), p.ID); err != nil || len(filters) != 0 {
		t.Errorf("filters of an erased person: %v, %v", filters, err)
	}
	if again, err := a.Erase(within(t), p.ID); err != nil || again != position {
		t.Errorf("erasing again: %v %v, want %v", again, err, position)
	}
	wantLog := []events.Event{events.AccountRegistered{}, events.AccountErased{}}
	if diff := cmp.Diff(wantLog, h.log.lifecycle(t, p.ID)); diff != "" {
		t.Errorf("log (-want +have):\n%s", diff)
	}

	// Search the files after the broker has stopped.
	a.Close()
	b.Stop()
	if onDisk(t, dir, "first@example.org") == "" {
		t.Error("the other person is not on disk, so the test proves nothing")
	}
	for _, text := range append(known, past...) {
		if path := onDisk(t, dir, text); path != "" {
			t.Errorf("%q is still in %s", text, path)
		}
	}
}

func TestErasedAddressCanBeRegistered(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	p := register(t, a, ada)
	if _, err := a.Erase(within(t), p.ID); err != nil {
		t.Fatal(err)
	}
	q := register(t, a, ada)
	if q.ID == p.ID || q.Administrator {
		t.Errorf("the next person with the address is %+v", q)
	}
	// A late repetition of the erasure leaves the new person alone.
	if _, err := a.Erase(within(t), p.ID); err != nil {
		t.Fatal(err)
	}
	if err := a.releaseClaim(within(t), a.instance.addressKey(ada), p.ID); err != nil {
		t.Fatal(err)
	}
	signIn(t, a, ada)
	if _, err := a.Erase(within(t), uuid.New()); !errors.Is(err, ErrNotFound) {
		t.Errorf("erasing nobody: %v", err)
	}
}

func TestErasureReachesOtherProcesses(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a, b := h.open(t), h.open(t)
	p := register(t, a, ada)
	s := signIn(t, a, ada)
	admitted(t, b, s.Secret)
	if _, err := a.Erase(within(t), p.ID); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the other process knows", func() (string, bool) {
		_, err := b.Authenticate(within(t), s.Secret)
		q, ok := b.Person(p.ID)
		return fmt.Sprintf("the session: %v, the person: %+v (known %t)", err, q, ok), errors.Is(err, ErrUnauthenticated) && ok && q.Erased
	})
}

func TestErasureSurvivesCrash(t *testing.T) {
	t.Parallel()
	crash := errors.New("crash")
	finished := func(t *testing.T, h *fixture, a *Accounts, p Person) {
		t.Helper()
		testkit.Eventually(t, "the erasure is complete", func() (string, bool) {
			record, err := a.read(within(t), p.ID)
			return fmt.Sprintf("%+v, %v", record, err), err == nil && record.erased() && record.Erasing == ""
		})
		wantLog := []events.Event{events.AccountRegistered{Administrator: true}, events.AccountErased{}}
		if diff := cmp.Diff(wantLog, h.log.lifecycle(t, p.ID)); diff != "" {
			t.Errorf("log (-want +have):\n%s", diff)
		}
		if found := readable(t, allStreams(a), ada, "Punched cards"); found != "" {
			t.Errorf("still readable: %s", found)
		}
	}
	// begun writes only the record that decides an erasure.
	begun := func(t *testing.T, h *fixture, a *Accounts, p Person) {
		t.Helper()
		record, revision, err := a.readToChange(within(t), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		record = personRecord{
			Administrator: true, Registered: record.Registered,
			Erased: h.clock.Now(), Erasing: a.instance.addressKey(ada),
		}
		if _, err := a.people.update(within(t), p.ID.String(), record, revision); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("the next start completes it", func(t *testing.T) {
		t.Parallel()
		h := newFixture(t)
		a := h.open(t)
		p := register(t, a, ada)
		s := signIn(t, a, ada)
		filter(t, a, p.ID, SavedFilter{Name: "Punched cards"})
		begun(t, h, a, p)
		if readable(t, allStreams(a), ada) == "" {
			t.Error("the address is not stored, so the test proves nothing")
		}
		h.log.failWith(crash)
		b := h.open(t)
		testkit.Eventually(t, "what can be erased without the log is erased", func() (string, bool) {
			found := readable(t, allStreams(b), ada)
			return found, found == ""
		})
		b.Close()
		h.log.failWith(nil)
		b = h.open(t)
		finished(t, h, b, p)
		refused(t, b, s.Secret)
	})
	t.Run("a sign-in completes it", func(t *testing.T) {
		t.Parallel()
		h := newFixture(t)
		a := h.open(t)
		p := register(t, a, ada)
		begun(t, h, a, p)
		if err := try(t, a, ada, adaPassword, ""); !errors.Is(err, ErrCredentials) {
			t.Errorf("want %v, have %v", ErrCredentials, err)
		}
		finished(t, h, a, p)
	})
	t.Run("a retry after a failure of the log completes it", func(t *testing.T) {
		t.Parallel()
		h := newFixture(t)
		a := h.open(t)
		p := register(t, a, ada)
		h.log.failWith(crash)
		if _, err := a.Erase(within(t), p.ID); !errors.Is(err, crash) {
			t.Fatalf("want %v, have %v", crash, err)
		}
		if q, _ := a.Person(p.ID); !q.Erased {
			t.Error("the person is not erased although the erasure was decided")
		}
		h.log.failWith(nil)
		h.clock.advance(time.Hour)
		if _, err := a.Erase(within(t), p.ID); err != nil {
			t.Fatal(err)
		}
		finished(t, h, a, p)
	})
	t.Run("the registration is not in the log", func(t *testing.T) {
		t.Parallel()
		h := newFixture(t)
		a := h.open(t)
		h.log.failWith(crash)
		if _, err := a.Register(within(t), Registration{Email: ada, Name: "Ada", Password: adaPassword}); !errors.Is(err, crash) {
			t.Fatal(err)
		}
		h.log.failWith(nil)
		c, _, err := get[claim](within(t), a.claims, a.instance.addressKey(ada))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Erase(within(t), c.Account); err != nil {
			t.Fatal(err)
		}
		finished(t, h, a, Person{ID: c.Account})
	})
}
