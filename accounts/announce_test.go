package accounts

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/events"
)

// TestRestoreAppendsMissingAccountEvents opens buckets that were copied after the
// log. Exactly the accounts that were registered or erased while the copy was
// made get the missing events, once.
func TestRestoreAppendsMissingAccountEvents(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	c := newClock()
	before := newRecord()
	a, err := Open(t.Context(), nc, before, Options{Argon2: cheap, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	register := func(email string) {
		t.Helper()
		if _, err := a.Register(within(t), Registration{Email: email, Name: "Somebody", Password: adaPassword}); err != nil {
			t.Fatal(err)
		}
	}
	register(ada)
	c.advance(24 * time.Hour)
	copied := c.Now()
	register(bob)
	register("eve@example.org")
	eve, err := a.ByEmail(within(t), "eve@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Erase(within(t), eve.ID); err != nil {
		t.Fatal(err)
	}
	c.advance(24 * time.Hour)
	register("kim@example.org")
	a.Close()

	// The log ends where the copy began, so all accounts are missing from it.
	log := newRecord()
	for range 2 {
		again, err := Open(t.Context(), nc, log, Options{Argon2: cheap, CopiedFrom: copied, CopiedTo: copied})
		if err != nil {
			t.Fatal(err)
		}
		again.announceCopied(within(t))
		again.Close()
	}
	want := map[events.Type]int{events.TypeAccountRegistered: 2, events.TypeAccountErased: 1}
	got := map[events.Type]int{}
	for _, e := range log.events {
		got[e.Type]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("appended events (-want +got):\n%s", diff)
	}
}
