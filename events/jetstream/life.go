package jetstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// metadataCopied is the stream's metadata that says, of a log that came back from
// a copy, between which two moments the copy was made.
const metadataCopied = "docket-copied"

// NewLife gives the configuration of the log's stream, as JSON, another
// incarnation and so many replicas, notes when it was copied, and leaves all else
// as it is. It is for a log that comes back from a copy: positions of before may
// lie beyond its end, and are refused rather than taken for those of other events
// once it has grown past them.
func NewLife(config json.RawMessage, replicas int, from, to time.Time) (json.RawMessage, error) {
	var fields map[string]any
	if err := json.Unmarshal(config, &fields); err != nil {
		return nil, fmt.Errorf("configuration of the log: %w", err)
	}
	metadata, ok := fields["metadata"].(map[string]any)
	if !ok || metadata[metadataIncarnation] == nil {
		return nil, errors.New("configuration of the log: it names no incarnation")
	}
	metadata[metadataIncarnation] = newIncarnation()
	metadata[metadataCopied] = from.UTC().Format(time.RFC3339) + "/" + to.UTC().Format(time.RFC3339)
	fields["num_replicas"] = max(replicas, 1)
	return json.Marshal(fields)
}

// copied reads what NewLife noted; both are zero for a log that never was a copy.
func copied(metadata map[string]string) (from, to time.Time) {
	first, last, _ := strings.Cut(metadata[metadataCopied], "/")
	from, err := time.Parse(time.RFC3339, first)
	if err != nil {
		return time.Time{}, time.Time{}
	}
	to, err = time.Parse(time.RFC3339, last)
	if err != nil {
		return time.Time{}, time.Time{}
	}
	return from, to
}

// Copied is between which two moments the copy was made that this log came back
// from, to a second. Both are zero for one that did not. What is kept beside the log may
// be from any moment between the two.
func (l *Log) Copied() (from, to time.Time) { return l.copiedFrom, l.copiedTo }
