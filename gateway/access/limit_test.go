package access

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/gateway/problem"
)

func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ada, ben := uuid.New(), uuid.New()
		l := NewLimit(10)
		take := func(account uuid.UUID, address string) bool {
			t.Helper()
			err := l.Take(account, address)
			var p *problem.Problem
			if err != nil && (!errors.As(err, &p) || p.Code != problem.TooManyRequests || p.GetHeaders().Get("Retry-After") == "") {
				t.Fatalf("refused with %v", err)
			}
			return err == nil
		}
		drain := func(account uuid.UUID, address string) (n int) {
			for take(account, address) {
				n++
			}
			return n
		}
		if n := drain(ada, "192.0.2.1:5"); n != 50 {
			t.Errorf("%d at once, want 50", n)
		}
		if take(ada, "198.51.100.7:5") {
			t.Error("another address gives the same person more")
		}
		if !take(ben, "192.0.2.1:5") {
			t.Error("one person uses up what is another's at the same address")
		}
		time.Sleep(time.Second)
		if n := drain(ada, "192.0.2.1:5"); n != 10 {
			t.Errorf("%d after a second, want 10", n)
		}
		if n := drain(uuid.Nil, "[2001:db8::1]:5"); n != 50 {
			t.Errorf("%d of somebody unknown, want 50", n)
		}
		if take(uuid.Nil, "[2001:db8::2]:6") {
			t.Error("a neighbour in the same subnet is taken for somebody else")
		}
		if !take(uuid.Nil, "[2001:db8:0:1::1]:5") || !take(uuid.Nil, "192.0.2.1:5") {
			t.Error("who has asked nothing yet is refused")
		}
	})
	none := NewLimit(0)
	for range 10_000 {
		if err := none.Take(uuid.Nil, "192.0.2.1:5"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLimitForgetsWhoIsQuiet uses more callers than the limit tracks.
func TestLimitForgetsWhoIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimit(1)
		for range maxLimited {
			_ = l.Take(uuid.New(), "")
		}
		time.Sleep(time.Minute)
		busy := uuid.New()
		for l.Take(busy, "") == nil {
		}
		for range maxLimited / 2 {
			_ = l.Take(uuid.New(), "")
		}
		if l.Take(busy, "") == nil {
			t.Error("who is busy was forgotten together with those who are quiet")
		}
		if n := len(l.callers); n > maxLimited {
			t.Errorf("%d are remembered, want at most %d", n, maxLimited)
		}
	})
}
