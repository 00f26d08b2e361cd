package notifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/transient"
)

// Outcome is what became of a notice.
type Outcome string

// The outcomes. Delivered, Kept and Suppressed are final.
const (
	// Waiting is due or about to be tried again.
	Waiting Outcome = "waiting"
	// Delivered was accepted by the SMTP server.
	Delivered Outcome = "delivered"
	// Kept was written to the mail folder, as no SMTP server is configured.
	Kept Outcome = "kept"
	// Suppressed concerned somebody who may not or cannot be told.
	Suppressed Outcome = "suppressed"
	// ParkedOutcome was given up until it is resumed.
	ParkedOutcome Outcome = "parked"
)

func (o Outcome) final() bool { return o == Delivered || o == Kept || o == Suppressed }

// Entry is the ledger's answer to "why did I get this, why did I not".
type Entry struct {
	Event     uuid.UUID `json:"event"`
	Recipient uuid.UUID `json:"recipient"`
	Task      uuid.UUID `json:"task"`
	Reason    Reason    `json:"reason"`
	Outcome   Outcome   `json:"outcome"`
	// Cause says why a notice was suppressed or parked, without naming a person.
	Cause string `json:"cause,omitempty"`
	// Tries is how often delivery was tried.
	Tries int       `json:"tries,omitempty"`
	At    time.Time `json:"at"`
}

// ErrNoNotice reports that nobody decided to tell that person of that event,
// or so long ago that it is no longer known.
var ErrNoNotice = errors.New("no notice of that event for that person")

// LedgerBucket is the name of the bucket that remembers what became of notices.
const LedgerBucket = "notice_ledger"

// ledger remembers outcomes, one for an event and a recipient, the last one
// written. It holds ids only.
type ledger struct{ bucket jetstream.KeyValue }

func ledgerConfig(replicas int, keep time.Duration) jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{
		Bucket:      LedgerBucket,
		Description: "Docket: what became of notices",
		History:     1,
		TTL:         keep,
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
	}
}

func openLedger(ctx context.Context, js jetstream.JetStream, replicas int, keep time.Duration) (*ledger, error) {
	var bucket jetstream.KeyValue
	err := transient.Retry(ctx, func(ctx context.Context) (err error) {
		bucket, err = js.KeyValue(ctx, LedgerBucket)
		if errors.Is(err, jetstream.ErrBucketNotFound) {
			bucket, err = js.CreateKeyValue(ctx, ledgerConfig(replicas, keep))
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", LedgerBucket, err)
	}
	return &ledger{bucket}, nil
}

// record writes the outcome of a notice and returns once it is durable.
func (l *ledger) record(ctx context.Context, n *Notice, outcome Outcome, cause string, tries int) error {
	value, err := json.Marshal(Entry{
		Event: n.Event, Recipient: n.Recipient, Task: n.Task, Reason: n.Reason,
		Outcome: outcome, Cause: cause, Tries: tries, At: time.Now().UTC(),
	})
	if err == nil {
		err = transient.Retry(ctx, func(ctx context.Context) error {
			_, err := l.bucket.Put(ctx, n.ID(), value)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("record outcome of notice %s: %w", n.ID(), err)
	}
	return nil
}

// entry is what is known of a notice, nil if nothing is.
func (l *ledger) entry(ctx context.Context, id string) (*Entry, error) {
	var value jetstream.KeyValueEntry
	err := transient.Retry(ctx, func(ctx context.Context) (err error) {
		value, err = l.bucket.Get(ctx, id)
		return err
	})
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up outcome of notice %s: %w", id, err)
	}
	var e Entry
	if err := json.Unmarshal(value.Value(), &e); err != nil {
		return nil, fmt.Errorf("decode outcome of notice %s: %w", id, err)
	}
	return &e, nil
}
