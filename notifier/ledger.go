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

// Outcome is the outcome of a notice.
type Outcome string

// The outcomes. Delivered, Kept and Suppressed are final.
const (
	// Waiting: the notice is due or waits for a retry.
	Waiting Outcome = "waiting"
	// Delivered: the SMTP server accepted the mail.
	Delivered Outcome = "delivered"
	// Kept: the mail was written to the mail folder because no SMTP server is
	// configured.
	Kept Outcome = "kept"
	// Suppressed: the recipient has no access to the project or no account.
	Suppressed Outcome = "suppressed"
	// ParkedOutcome: delivery was given up until the notice is resumed.
	ParkedOutcome Outcome = "parked"
)

func (o Outcome) final() bool { return o == Delivered || o == Kept || o == Suppressed }

// Entry is the ledger's record of a notice: whether a person was notified of an
// event, and why.
type Entry struct {
	Event     uuid.UUID `json:"event"`
	Recipient uuid.UUID `json:"recipient"`
	Task      uuid.UUID `json:"task"`
	Reason    Reason    `json:"reason"`
	Outcome   Outcome   `json:"outcome"`
	// Cause says why a notice was suppressed or parked. It names no person.
	Cause string `json:"cause,omitempty"`
	// Tries is the number of delivery attempts.
	Tries int       `json:"tries,omitempty"`
	At    time.Time `json:"at"`
}

// ErrNoNotice reports that there is no notice of this event for this person, or
// that its record has expired.
var ErrNoNotice = errors.New("no notice of this event for this person")

// LedgerBucket is the name of the bucket that stores the outcomes of notices.
const LedgerBucket = "notice_ledger"

// ledger stores the latest outcome for each event and recipient. It holds only
// ids.
type ledger struct{ bucket jetstream.KeyValue }

func ledgerConfig(replicas int, keep time.Duration) jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{
		Bucket:      LedgerBucket,
		Description: "Docket: outcomes of notices",
		History:     1,
		TTL:         keep,
		Storage:     jetstream.FileStorage,
		Replicas:    replicas,
	}
}

func openLedger(ctx context.Context, js jetstream.JetStream, replicas int, keep time.Duration) (*ledger, error) {
	var bucket jetstream.KeyValue
	err := transient.Open(ctx, func(ctx context.Context) (err error) {
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

// record stores the outcome of a notice and returns once it is durable.
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

// entry returns the record of a notice, or nil if there is none.
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
