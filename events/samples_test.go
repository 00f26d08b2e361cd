package events_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/docketlog/docket/events"
)

var update = flag.Bool("update", false, "write missing frozen samples; existing ones are never changed")

// sample is an event as an earlier version stored it. Logs keep such events
// permanently, so the files never change: every later version of the program
// must read them the same way.
type sample struct {
	Subject string              `json:"subject"`
	Headers map[string][]string `json:"headers"`
	Payload string              `json:"payload"`
	Hash    string              `json:"hash"`
}

func sampleFile(t events.Type, version int) string {
	return filepath.Join("testdata", fmt.Sprintf("%s.v%d.json", t, version))
}

func TestEveryTypeHasAnExample(t *testing.T) {
	for name := range events.Types {
		if e, ok := examples[name]; !ok || e.event.EventType() != name {
			t.Errorf("event type %s has no example in fixture_test.go", name)
		}
	}
	for name := range examples {
		if _, ok := events.Types[name]; !ok {
			t.Errorf("fixture_test.go has an example of %s, which is not a registered type", name)
		}
	}
}

func TestRegistry(t *testing.T) {
	for name, r := range events.Types {
		if r.Version != len(r.Upcasters)+1 {
			t.Errorf("%s: version %d with %d upcasters", name, r.Version, len(r.Upcasters))
		}
		if _, err := events.ParseSubject(events.Aggregate{Kind: r.Kind, ID: id(1)}.Subject()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEveryVersionHasAFrozenSample also writes missing samples with -update.
func TestEveryVersionHasAFrozenSample(t *testing.T) {
	for name, r := range events.Types {
		for version := 1; version <= r.Version; version++ {
			file := sampleFile(name, version)
			_, err := os.Stat(file)
			if errors.Is(err, fs.ErrNotExist) && *update && version == r.Version {
				err = writeSample(file, examples[name].event)
			}
			if err != nil {
				t.Errorf("%s version %d has no frozen sample: go test ./events -update writes the newest version's: %v", name, version, err)
			}
		}
	}
}

func writeSample(file string, event events.Event) error {
	commit := exampleCommit(event)
	sealed, err := commit.Seal()
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(sample{
		Subject: sealed[0].Aggregate.Subject(), Headers: sealed[0].Headers(),
		Payload: string(sealed[0].Payload), Hash: sealed[0].Hash().String(),
	}, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// TestFrozenSamples reads every sample ever written.
func TestFrozenSamples(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var s sample
			if err := json.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			e, err := events.ParseEnvelope(s.Subject, first(s.Headers), []byte(s.Payload))
			if err != nil {
				t.Fatal(err)
			}
			if want := sampleFile(e.Type, e.Version); file != want {
				t.Errorf("the sample in %s belongs in %s", file, want)
			}
			if d := cmp.Diff(s.Headers, e.Headers()); d != "" {
				t.Errorf("headers differ when written again (-stored +now):\n%s", d)
			}
			if got := e.Hash().String(); got != s.Hash {
				t.Errorf("hash is %s, was %s: the chains in existing logs would break", got, s.Hash)
			}
			event, err := e.Event()
			if err != nil {
				t.Fatal(err)
			}
			if event.EventType() != e.Type {
				t.Errorf("decodes as %s, want %s", event.EventType(), e.Type)
			}
			if e.Version != events.Types[e.Type].Version {
				return // an older version must only decode
			}
			if d := cmp.Diff(examples[e.Type].event, event); d != "" {
				t.Errorf("decoded event differs (-want +got):\n%s", d)
			}
			payload, err := json.Marshal(event)
			if err != nil {
				t.Fatal(err)
			}
			if string(payload) != s.Payload {
				t.Errorf("payload is encoded as %s\nwant %s", payload, s.Payload)
			}
		})
	}
}

// TestStatusLimitIsOptional checks that a status without a limit is encoded as
// before limits existed, and that a limit is kept.
func TestStatusLimitIsOptional(t *testing.T) {
	for limit, want := range map[int]string{
		0: `{"name":"N","statuses":[{"key":"k","name":"K","category":"doing"}]}`,
		3: `{"name":"N","statuses":[{"key":"k","name":"K","category":"doing","limit":3}]}`,
	} {
		event := events.ProjectCreated{Name: "N", Statuses: []events.Status{{Key: "k", Name: "K", Category: events.CategoryDoing, Limit: limit}}}
		payload, err := json.Marshal(event)
		if err != nil || string(payload) != want {
			t.Errorf("limit %d is encoded as %s, %v", limit, payload, err)
		}
		read, err := events.Types.Decode(events.TypeProjectCreated, 1, payload)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(events.Event(event), read); d != "" {
			t.Errorf("limit %d is decoded differently (-want +got):\n%s", limit, d)
		}
	}
}

func TestDifferences(t *testing.T) {
	for name, e := range examples {
		if d := cmp.Diff(e.differences, events.Differences(e.event)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if got := events.Concerns(e.event); got != e.concerns {
			t.Errorf("%s concerns %s, want %s", name, got, e.concerns)
		}
	}
	for name, c := range map[string]struct {
		event events.Event
		want  []events.Difference
	}{
		"a task with a title only": {
			events.TaskCreated{Title: "T", Status: "waiting", Priority: events.PriorityNone},
			[]events.Difference{{"title", nil, "T"}, {"status", nil, "waiting"}},
		},
		"a move within a status": {
			events.TaskMoved{Status: events.Changed[string]{From: "done", To: "done"}, Rank: events.Changed[string]{From: "a", To: "b"}},
			[]events.Difference{{"rank", "a", "b"}},
		},
		"an edit of one field": {
			events.TaskEdited{Due: &events.Changed[events.Date]{To: "2026-05-03"}},
			[]events.Difference{{"due", nil, "2026-05-03"}},
		},
		"labels where there were none": {
			events.TaskEdited{Labels: &events.Changed[[]string]{To: []string{"x"}}},
			[]events.Difference{{"labels", []string{}, []string{"x"}}},
		},
		"an edit of nothing": {events.TaskEdited{}, nil},
	} {
		if d := cmp.Diff(c.want, events.Differences(c.event)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
