package jetstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// metadataCopied is the key of the stream's metadata that holds, for a log
// restored from a copy, the times between which the copy was made.
const metadataCopied = "docket-copied"

// RestoredConfig returns the configuration of the log's stream, as JSON, for a
// log restored from a copy that was made between two times. It sets a new
// incarnation and the number of replicas, records the times, and keeps all other
// settings. Earlier positions may be beyond the end of the restored log. The new
// incarnation makes the log reject them, even after it has grown past them.
func RestoredConfig(config json.RawMessage, replicas int, from, to time.Time) (json.RawMessage, error) {
	var fields map[string]any
	if err := json.Unmarshal(config, &fields); err != nil {
		return nil, fmt.Errorf("configuration of the log: %w", err)
	}
	metadata, ok := fields["metadata"].(map[string]any)
	if !ok || metadata[metadataIncarnation] == nil {
		return nil, errors.New("configuration of the log: metadata has no incarnation")
	}
	metadata[metadataIncarnation] = newIncarnation()
	metadata[metadataCopied] = from.UTC().Format(time.RFC3339) + "/" + to.UTC().Format(time.RFC3339)
	fields["num_replicas"] = max(replicas, 1)
	return json.Marshal(fields)
}

// copied returns the times that RestoredConfig recorded. Both are zero for a log
// that was not restored from a copy.
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

// Copied returns the times, to the second, between which the copy was made that
// this log was restored from. Both are zero if it was not restored. Data that was
// copied with the log may be from any time between the two.
func (l *Log) Copied() (from, to time.Time) { return l.copiedFrom, l.copiedTo }
