package idempotency

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/transient"
)

// Remembered is how long answers are kept.
const Remembered = 24 * time.Hour

// Bucket is the name of the bucket that stores answers.
const Bucket = "docket_idempotency"

// Stores returns the stores that hold answers.
func Stores() []broker.Store { return []broker.Store{broker.Bucket(Bucket)} }

// BucketConfig returns the configuration of the bucket with the given number of
// replicas.
func BucketConfig(replicas int) jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{
		Bucket:      Bucket,
		Description: "Docket: responses to requests with an Idempotency-Key",
		TTL:         Remembered,
		History:     1,
		Storage:     jetstream.FileStorage,
		Replicas:    max(1, replicas),
	}
}

// Open opens the bucket, and creates it if it does not exist.
func Open(ctx context.Context, js jetstream.JetStream, replicas int) (jetstream.KeyValue, error) {
	config := BucketConfig(replicas)
	var bucket jetstream.KeyValue
	err := transient.Open(ctx, func(ctx context.Context) (err error) {
		bucket, err = js.KeyValue(ctx, config.Bucket)
		if errors.Is(err, jetstream.ErrBucketNotFound) {
			bucket, err = js.CreateKeyValue(ctx, config)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", config.Bucket, err)
	}
	return bucket, nil
}

// Setup creates the bucket, or changes the existing one to the given number of
// replicas.
func Setup(ctx context.Context, js jetstream.JetStream, replicas int) error {
	config := BucketConfig(replicas)
	if _, err := js.CreateOrUpdateKeyValue(ctx, config); err != nil {
		return fmt.Errorf("set up bucket %s: %w", config.Bucket, err)
	}
	return nil
}

// record is a stored answer. Status is 0 if the request succeeded and its
// answer is a [SecretAnswer]: then only the success is stored, and the answer
// is made again.
type record struct {
	Request []byte      `json:"request"`
	Status  int         `json:"status,omitempty"`
	Header  http.Header `json:"header,omitempty"`
	Body    []byte      `json:"body,omitempty"`
}

func (r record) is(request [sha256.Size]byte) bool { return slices.Equal(r.Request, request[:]) }

// bucketKey returns a bucket key that reveals neither the account nor the key.
func bucketKey(account uuid.UUID, key string) string {
	digest := sha256.New()
	digest.Write(account[:])
	digest.Write([]byte(key))
	return hex.EncodeToString(digest.Sum(nil))
}

// recall returns the record under the key, false if there is none.
func (k *Keeper) recall(ctx context.Context, key string) (record, bool, error) {
	var entry jetstream.KeyValueEntry
	err := transient.Retry(ctx, func(ctx context.Context) (err error) {
		entry, err = k.bucket.Get(ctx, key)
		return err
	})
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return record{}, false, nil
	}
	if err != nil {
		return record{}, false, fmt.Errorf("look up response: %w", err)
	}
	var r record
	if err := json.Unmarshal(entry.Value(), &r); err != nil {
		return record{}, false, fmt.Errorf("look up response: %w", err)
	}
	return r, true, nil
}

// remember stores r unless the key already has a record, which it then returns.
func (k *Keeper) remember(ctx context.Context, key string, r record) (earlier record, found bool, err error) {
	value, err := json.Marshal(r)
	if err == nil {
		_, err = k.bucket.Create(ctx, key, value)
	}
	if errors.Is(err, jetstream.ErrKeyExists) {
		return k.recall(ctx, key)
	}
	if err != nil {
		return record{}, false, fmt.Errorf("store response: %w", err)
	}
	return record{}, false, nil
}
