package events_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/docketlog/docket/events"
)

// noted is an event whose shape changed twice: version 2 renamed note to text,
// and version 3 added loud.
type noted struct {
	Text string `json:"text"`
	Loud bool   `json:"loud"`
}

func (noted) EventType() events.Type { return "noted" }

var registry = events.Registry{
	"noted": events.Register[noted](events.KindTask,
		func(payload []byte) ([]byte, error) {
			if !bytes.Contains(payload, []byte(`"note":`)) {
				return nil, errors.New("note is missing")
			}
			return bytes.Replace(payload, []byte(`"note":`), []byte(`"text":`), 1), nil
		},
		func(payload []byte) ([]byte, error) {
			return bytes.Replace(payload, []byte(`}`), []byte(`,"loud":true}`), 1), nil
		},
	),
}

func TestUpcasting(t *testing.T) {
	for version, c := range map[int]struct {
		payload string
		want    noted
	}{
		1: {`{"note":"hi"}`, noted{"hi", true}},
		2: {`{"text":"hi"}`, noted{"hi", true}},
		3: {`{"text":"hi","loud":false}`, noted{"hi", false}},
	} {
		got, err := registry.Decode("noted", version, []byte(c.payload))
		if err != nil || got != c.want {
			t.Errorf("version %d: %+v, %v; want %+v", version, got, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		kind    events.Type
		version int
		payload string
		unknown bool
	}{
		"version of a newer program": {"noted", 4, `{}`, true},
		"version 0":                  {"noted", 0, `{}`, true},
		"type of a newer program":    {"shouted", 1, `{}`, true},
		"upcaster fails":             {"noted", 1, `{}`, false},
		"not JSON":                   {"noted", 3, `{`, false},
		"two values":                 {"noted", 3, `{}{}`, false},
		"not an object":              {"noted", 3, `[]`, false},
	} {
		_, err := registry.Decode(c.kind, c.version, []byte(c.payload))
		if err == nil || errors.Is(err, events.ErrUnknownType) != c.unknown {
			t.Errorf("%s: %v, want ErrUnknownType: %v", name, err, c.unknown)
		}
	}
}
