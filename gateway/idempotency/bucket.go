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

// Remembered is how long answers are.
const Remembered = 24 * time.Hour

// Bucket is the name of the bucket that remembers answers.
const Bucket = "docket_idempotency"

// Stores are what answers are kept in.
func Stores() []broker.Store { return []broker.Store{broker.Bucket(Bucket)} }

// BucketConfig describes the bucket that remembers answers, on as many brokers
// as replicas says.
func BucketConfig(replicas int) jetstream.KeyValueConfig {
	return jetstream.KeyValueConfig{
		Bucket:      Bucket,
		Description: "Answers to requests that carried an Idempotency-Key",
		TTL:         Remembered,
		History:     1,
		Storage:     jetstream.FileStorage,
		Replicas:    max(1, replicas),
	}
}

// Open finds the bucket, or makes it.
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

// Setup makes the bucket, or brings the one that is there to so many replicas.
func Setup(ctx context.Context, js jetstream.JetStream, replicas int) error {
	config := BucketConfig(replicas)
	if _, err := js.CreateOrUpdateKeyValue(ctx, config); err != nil {
		return fmt.Errorf("set up bucket %s: %w", config.Bucket, err)
	}
	return nil
}

// record is what is remembered. Status is 0 where the request succeeded and its
// answer is a [SecretAnswer]: then only that is, and the answer is made anew.
type record struct {
	Request []byte      `json:"request"`
	Status  int         `json:"status,omitempty"`
	Header  http.Header `json:"header,omitempty"`
	Body    []byte      `json:"body,omitempty"`
}

func (r record) is(request [sha256.Size]byte) bool { return slices.Equal(r.Request, request[:]) }

// bucketKey names no account and no key, so that nothing can be read off it.
func bucketKey(account uuid.UUID, key string) string {
	digest := sha256.New()
	digest.Write(account[:])
	digest.Write([]byte(key))
	return hex.EncodeToString(digest.Sum(nil))
}

// recall gives what is remembered under the key, false if nothing is.
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
		return record{}, false, fmt.Errorf("recall an answer: %w", err)
	}
	var r record
	if err := json.Unmarshal(entry.Value(), &r); err != nil {
		return record{}, false, fmt.Errorf("recall an answer: %w", err)
	}
	return r, true, nil
}

// remember keeps r unless something is kept under the key already, which is
// given instead.
func (k *Keeper) remember(ctx context.Context, key string, r record) (earlier record, found bool, err error) {
	value, err := json.Marshal(r)
	if err == nil {
		_, err = k.bucket.Create(ctx, key, value)
	}
	if errors.Is(err, jetstream.ErrKeyExists) {
		return k.recall(ctx, key)
	}
	if err != nil {
		return record{}, false, fmt.Errorf("remember an answer: %w", err)
	}
	return record{}, false, nil
}
