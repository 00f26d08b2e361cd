package events_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/docketlog/docket/events"
)

func TestPosition(t *testing.T) {
	p := events.Position{Incarnation: "k3v9", Sequence: 7}
	if p.String() != "k3v9-7" || p.IsZero() || !(events.Position{}).IsZero() || p.At(0).IsZero() {
		t.Errorf("%s: String or IsZero is wrong", p)
	}
	for sequence, want := range map[uint64]bool{0: true, 6: true, 7: true, 8: false} {
		if got, err := p.Reached(p.At(sequence)); err != nil || got != want {
			t.Errorf("%s reached %d: %v, %v; want %v", p, sequence, got, err, want)
		}
	}
	if _, err := p.Reached(events.Position{Incarnation: "other", Sequence: 1}); !errors.Is(err, events.ErrIncarnation) {
		t.Errorf("position of another incarnation: %v, want ErrIncarnation", err)
	}
	for _, text := range []string{
		"", "-", "7", "k3v9", "k3v9-", "-7", "K3v9-7", "k3v9-7-7", "k3v9-x", "k3v9--7", "k3 v9-7", "ä-7",
		"k3v9-18446744073709551616", strings.Repeat("k", 70) + "-7",
	} {
		if p, err := events.ParsePosition(text); err == nil {
			t.Errorf("%q parses as %v, want an error", text, p)
		}
	}
}

func TestPositionRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := events.Position{
			Incarnation: rapid.StringMatching(`[a-z0-9]{1,16}`).Draw(t, "incarnation"),
			Sequence:    rapid.Uint64().Draw(t, "sequence"),
		}
		if got, err := events.ParsePosition(p.String()); err != nil || got != p {
			t.Errorf("%s parses as %s, %v", p, got, err)
		}
	})
}

func FuzzParsePosition(f *testing.F) {
	f.Add("k3v9-7")
	f.Add("k3v9-007")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := events.ParsePosition(text)
		if err != nil {
			return
		}
		if again, err := events.ParsePosition(p.String()); err != nil || again != p {
			t.Fatalf("%q parses as %v, which parses as %v, %v", text, p, again, err)
		}
	})
}

func TestParseSubjectIsCanonical(t *testing.T) {
	for _, a := range []events.Aggregate{events.Account(id(1)), events.Project(id(2)), events.Task(id(3))} {
		if got, err := events.ParseSubject(a.Subject()); err != nil || got != a {
			t.Errorf("%s parses as %s, %v", a.Subject(), got, err)
		}
	}
	text := uuid.MustParse("0192abcd-ef01-7000-8000-00000000000a").String()
	for _, subject := range []string{
		"", "events", "events.task", "events.task.", "events.task." + text + ".x", "event.task." + text,
		"events.label." + text, "events.Task." + text, "Events.task." + text,
		"events.task." + strings.ToUpper(text),
		"events.task." + strings.ReplaceAll(text, "-", ""),
		"events.task.{" + text + "}",
		"events.task.urn:uuid:" + text,
		"events.task." + text + " ", "events..task." + text, "events.task.*", "events.>",
	} {
		if a, err := events.ParseSubject(subject); err == nil {
			t.Errorf("%q parses as %s, want an error", subject, a)
		}
	}
}

func FuzzParseSubject(f *testing.F) {
	f.Add(events.Task(id(1)).Subject())
	f.Add("events.task.{01920000-0000-7000-8000-000000000001}")
	f.Fuzz(func(t *testing.T, subject string) {
		a, err := events.ParseSubject(subject)
		if err == nil && a.Subject() != subject {
			t.Fatalf("%q parses as %s, want an error", subject, a.Subject())
		}
	})
}
