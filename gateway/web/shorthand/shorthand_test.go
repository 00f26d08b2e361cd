package shorthand

import (
	"testing"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/web/teamtest"
)

func TestPerson(t *testing.T) {
	t.Parallel()
	for handle, want := range map[string]uuid.UUID{
		"mina": teamtest.Mina.ID, "MinaPark": teamtest.Mina.ID, "mina.park": teamtest.Mina.ID, "m": teamtest.Mina.ID,
		"jun": teamtest.Jun.ID, "jl": teamtest.Jun.ID, "june": teamtest.June.ID, "ray": teamtest.June.ID, "김유나": teamtest.Yuna.ID, "김": teamtest.Yuna.ID,
		"ju": uuid.Nil, "nobody": uuid.Nil, "": uuid.Nil, Handle(teamtest.Gone.Name): uuid.Nil,
	} {
		p, ok := Person(handle, teamtest.Team)
		if p.ID != want || ok != (want != uuid.Nil) {
			t.Errorf("%q is %s", handle, p.Name)
		}
	}
	for _, p := range teamtest.Team[:4] {
		if found, ok := Person(Handle(p.Name), teamtest.Team); !ok || found.ID != p.ID {
			t.Errorf("the handle of %s is that of %s", p.Name, found.Name)
		}
	}
}

func TestPriority(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]events.Priority{
		"urgent": events.PriorityUrgent, "H": events.PriorityHigh, "3": events.PriorityMedium, "낮음": events.PriorityLow, "none": "", "": "", "5": "", "loud": "",
	} {
		if p, ok := Priority(word); p != want || ok != (want != "") {
			t.Errorf("%q is %q", word, p)
		}
	}
}

func TestDay(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]events.Date{"friday": "2026-11-27", "내일": "2026-11-25", "someday": ""} {
		if d, ok := Day([]string{word}, teamtest.Tuesday); d != want || ok != (want != "") {
			t.Errorf("%q is %q", word, d)
		}
	}
}

func TestIsNumber(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]bool{"12": true, "1a": false, "shop": false} {
		if IsNumber(word) != want {
			t.Errorf("%q", word)
		}
	}
}
