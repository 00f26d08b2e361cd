package events_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/docketlog/docket/events"
)

func genID() *rapid.Generator[uuid.UUID] {
	return rapid.Custom(func(t *rapid.T) uuid.UUID {
		var id uuid.UUID
		copy(id[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		id[0] |= 1 // not the zero id, which stands for none
		return id
	})
}

func genEnvelope() *rapid.Generator[events.Envelope] {
	return rapid.Custom(func(t *rapid.T) events.Envelope {
		optional := rapid.OneOf(rapid.Just(uuid.Nil), genID())
		var prev events.Hash
		copy(prev[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "prevhash"))
		return events.Envelope{
			ID:          genID().Draw(t, "id"),
			Type:        events.Type(rapid.StringMatching(`[a-z]+(_[a-z]+)*`).Draw(t, "type")),
			Version:     rapid.IntRange(1, 1000).Draw(t, "version"),
			Aggregate:   events.Aggregate{Kind: rapid.SampledFrom(events.Kinds).Draw(t, "kind"), ID: genID().Draw(t, "aggregate")},
			Project:     optional.Draw(t, "project"),
			Revision:    rapid.Uint64().Draw(t, "revision"),
			PrevHash:    prev,
			Time:        time.UnixMicro(rapid.Int64Range(0, 1<<52).Draw(t, "time")).UTC(),
			Actor:       genID().Draw(t, "actor"),
			Command:     genID().Draw(t, "command"),
			Correlation: optional.Draw(t, "correlation"),
			Causation:   optional.Draw(t, "causation"),
			TraceParent: rapid.StringMatching(`(00-[0-9a-f]{32}-[0-9a-f]{16}-0[01])?`).Draw(t, "traceparent"),
			Payload:     rapid.SliceOf(rapid.Byte()).Draw(t, "payload"),
		}
	})
}

func TestHeadersRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := genEnvelope().Draw(t, "envelope")
		h := e.Headers()
		for name, values := range h {
			if len(values) != 1 || values[0] == "" {
				t.Fatalf("header %s is %q, want one value", name, values)
			}
		}
		for _, name := range []string{"ce-id", "Nats-Msg-Id", "_watermill_message_uuid"} {
			if first(h)(name) != e.ID.String() {
				t.Errorf("header %s is %q, want the event's id", name, h[name])
			}
		}
		got, err := events.ParseEnvelope(e.Aggregate.Subject(), first(h), e.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(e, got); d != "" {
			t.Errorf("envelope differs (-want +got):\n%s", d)
		}
		if e.Hash() != got.Hash() {
			t.Error("hash differs")
		}
	})
}

func exampleEnvelope(t testing.TB) events.Envelope {
	t.Helper()
	commit := exampleCommit(examples[events.TypeCommentAdded].event)
	sealed, err := commit.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return sealed[0]
}

// TestHashCoversEveryField changes each field of the envelope in turn.
func TestHashCoversEveryField(t *testing.T) {
	base := exampleEnvelope(t)
	change := map[string]func(*events.Envelope){
		"ID":          func(e *events.Envelope) { e.ID[15]++ },
		"Type":        func(e *events.Envelope) { e.Type = events.TypeCommentEdited },
		"Version":     func(e *events.Envelope) { e.Version++ },
		"Aggregate":   func(e *events.Envelope) { e.Aggregate.Kind = events.KindProject },
		"Project":     func(e *events.Envelope) { e.Project = uuid.Nil },
		"Revision":    func(e *events.Envelope) { e.Revision++ },
		"PrevHash":    func(e *events.Envelope) { e.PrevHash[31]++ },
		"Time":        func(e *events.Envelope) { e.Time = e.Time.Add(time.Microsecond) },
		"Actor":       func(e *events.Envelope) { e.Actor[0]++ },
		"Command":     func(e *events.Envelope) { e.Command[0]++ },
		"Correlation": func(e *events.Envelope) { e.Correlation[0]++ },
		"Causation":   func(e *events.Envelope) { e.Causation = uuid.Nil },
		"TraceParent": func(e *events.Envelope) { e.TraceParent = "" },
		"Payload":     func(e *events.Envelope) { e.Payload = append([]byte(nil), append(e.Payload, ' ')...) },
	}
	seen := map[events.Hash]string{base.Hash(): "the event itself"}
	for field := range reflect.TypeFor[events.Envelope]().Fields() {
		e := base
		if field.Name == "Position" {
			e.Position = events.Position{Incarnation: "abc", Sequence: 1}
			if e.Hash() != base.Hash() {
				t.Error("hash depends on the position, which the log assigns")
			}
			continue
		}
		if change[field.Name] == nil {
			t.Errorf("field %s: add a change of it to the table", field.Name)
			continue
		}
		change[field.Name](&e)
		if other, ok := seen[e.Hash()]; ok {
			t.Errorf("a changed %s gives the same hash as %s", field.Name, other)
		}
		seen[e.Hash()] = field.Name
	}
	// A value that moves to the next field changes the hash.
	a, b := base, base
	a.Causation, b.Correlation = uuid.Nil, uuid.Nil
	a.Correlation, b.Causation = id(20), id(20)
	if a.Hash() == b.Hash() {
		t.Error("the same id as correlation and as causation gives the same hash")
	}
}

func TestParseEnvelopeReportsMalformedHeaders(t *testing.T) {
	e := exampleEnvelope(t)
	for _, name := range []string{
		"ce-specversion", "ce-id", "ce-type", "ce-time", "ce-actor", "ce-commandid", "ce-revision", "ce-prevhash",
	} {
		for _, value := range []string{"", "x", strings.Repeat("9", 200)} {
			h := e.Headers()
			h[name] = []string{value}
			_, err := events.ParseEnvelope(e.Aggregate.Subject(), first(h), e.Payload)
			if !errors.Is(err, events.ErrMalformed) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s is %.20q: %v, want ErrMalformed with the header's name", name, value, err)
			}
		}
	}
	for _, name := range []string{"ce-project", "ce-correlationid", "ce-causationid"} {
		h := e.Headers()
		h[name] = []string{"x"}
		if _, err := events.ParseEnvelope(e.Aggregate.Subject(), first(h), e.Payload); !errors.Is(err, events.ErrMalformed) {
			t.Errorf("%s is not an id: %v, want ErrMalformed", name, err)
		}
	}
	// All problems are reported together, and header names are case-sensitive.
	upper := make(map[string][]string)
	for name, v := range e.Headers() {
		upper[strings.ToUpper(name)] = v
	}
	_, err := events.ParseEnvelope("elsewhere", first(upper), nil)
	for _, want := range []string{"elsewhere", "ce-id", "ce-type", "ce-prevhash"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not contain %s", err, want)
		}
	}
}

func TestSeal(t *testing.T) {
	c := exampleCommit(
		examples[events.TypeTaskMoved].event, examples[events.TypeCommentAdded].event, examples[events.TypeTaskDeleted].event,
	)
	sealed, err := c.Seal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sealed, again); d != "" {
		t.Errorf("sealed twice (-first +second):\n%s", d)
	}
	ids := make(map[uuid.UUID]bool)
	head := c.Head
	for i := range sealed {
		e := &sealed[i]
		if err := head.Accepts(e); err != nil {
			t.Errorf("event %d: %v", i, err)
		}
		head = head.After(e)
		ids[e.ID] = true
		if e.ID != events.EventID(c.Command, i) {
			t.Errorf("event %d has id %s, want that of command %s", i, e.ID, c.Command)
		}
		if e.Time.Nanosecond()%1000 != 0 || e.Time.Location() != time.UTC {
			t.Errorf("event %d has time %s, want whole microseconds in UTC", i, e.Time)
		}
		if e.Correlation != c.Correlation {
			t.Errorf("event %d has correlation %s, want %s", i, e.Correlation, c.Correlation)
		}
	}
	if len(ids) != 3 {
		t.Errorf("%d ids for 3 events", len(ids))
	}
	c.Correlation = uuid.Nil
	if sealed, err = c.Seal(); err != nil || sealed[0].Correlation != c.Command {
		t.Errorf("correlation is %s, %v; want the command's id", sealed[0].Correlation, err)
	}
}

// TestHeadAccepts covers the rule by which every reader decides which events
// count.
func TestHeadAccepts(t *testing.T) {
	c := exampleCommit(examples[events.TypeTaskMoved].event)
	sealed, err := c.Seal()
	if err != nil {
		t.Fatal(err)
	}
	next := sealed[0]
	next.Position.Sequence = c.Head.Sequence + 5
	for name, change := range map[string]func(*events.Envelope){
		"another aggregate": func(e *events.Envelope) { e.Aggregate.ID[0]++ },
		"another kind":      func(e *events.Envelope) { e.Aggregate.Kind = events.KindProject },
		"same revision":     func(e *events.Envelope) { e.Revision-- },
		"skipped revision":  func(e *events.Envelope) { e.Revision++ },
		"other prevhash":    func(e *events.Envelope) { e.PrevHash[0]++ },
	} {
		e := next
		change(&e)
		if err := c.Head.Accepts(&e); !errors.Is(err, events.ErrForked) {
			t.Errorf("%s: %v, want ErrForked", name, err)
		}
	}
	if err := c.Head.Accepts(&next); err != nil {
		t.Error(err)
	}
	want := events.Head{Aggregate: c.Head.Aggregate, Revision: 42, Hash: next.Hash(), Sequence: 1239}
	if got := c.Head.After(&next); got != want {
		t.Errorf("After gives head %v, want %v", got, want)
	}
	want = c.Head
	want.Sequence = 1300
	if got := c.Head.Past(1300); got != want {
		t.Errorf("Past gives head %v, want %v", got, want)
	}
	if got := c.Head.Past(3); got != c.Head {
		t.Errorf("Past of an earlier sequence gives %v, want no change", got)
	}
}

func FuzzParseEnvelope(f *testing.F) {
	e := exampleEnvelope(f)
	h := first(e.Headers())
	f.Add(e.Aggregate.Subject(), h("ce-id"), h("ce-type"), h("ce-time"), h("ce-revision"), h("ce-prevhash"), h("ce-project"), h("ce-traceparent"), string(e.Payload))
	f.Add("events.task.", "", "docket..v0", "2026-13-01T00:00:00.000000Z", "-1", "00", "x", "", "{")
	f.Fuzz(func(t *testing.T, subject, eventID, wireType, at, revision, prev, project, trace, payload string) {
		e := exampleEnvelope(t)
		h := e.Headers()
		for name, value := range map[string]string{
			"ce-id": eventID, "ce-type": wireType, "ce-time": at, "ce-revision": revision,
			"ce-prevhash": prev, "ce-project": project, "ce-traceparent": trace,
		} {
			h[name] = []string{value}
		}
		parsed, err := events.ParseEnvelope(subject, first(h), []byte(payload))
		if err != nil {
			if !errors.Is(err, events.ErrMalformed) {
				t.Fatalf("%v is not ErrMalformed", err)
			}
			return
		}
		// An accepted envelope survives being written and parsed again.
		again, err := events.ParseEnvelope(parsed.Aggregate.Subject(), first(parsed.Headers()), parsed.Payload)
		if err != nil {
			t.Fatalf("parse the headers written from it: %v", err)
		}
		if d := cmp.Diff(fmt.Sprint(parsed), fmt.Sprint(again)); d != "" || parsed.Hash() != again.Hash() {
			t.Fatalf("envelope differs after a round trip (-first +second):\n%s", d)
		}
		_, _ = parsed.Event() // must not panic
	})
}
