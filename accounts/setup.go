package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// bucketKind holds the configuration of a bucket.
type bucketKind struct {
	name    string
	history int
	ttl     time.Duration // 0 means no expiry
}

const day = 24 * time.Hour

// The buckets' names. The package comment describes their contents.
const (
	PeopleBucket      = "docket_people"
	CredentialsBucket = "docket_credentials"
	FiltersBucket     = "docket_filters"
	SessionsBucket    = "docket_sessions"
	TokensBucket      = "docket_tokens"
	AttemptsBucket    = "docket_attempts"
	InstanceBucket    = "docket_instance"
)

var (
	peopleBucket      = bucketKind{PeopleBucket, keyHistory, 0}
	credentialsBucket = bucketKind{CredentialsBucket, keyHistory, 0}
	filtersBucket     = bucketKind{FiltersBucket, keyHistory, 0}
	sessionsBucket    = bucketKind{SessionsBucket, keyHistory, SessionLifetime + day}
	tokensBucket      = bucketKind{TokensBucket, keyHistory, MaxTokenLifetime + day}
	attemptsBucket    = bucketKind{AttemptsBucket, 1, MaxWindow}
	instanceBucket    = bucketKind{InstanceBucket, 1, 0}

	bucketKinds = []bucketKind{
		peopleBucket, credentialsBucket, filtersBucket, sessionsBucket, tokensBucket, attemptsBucket, instanceBucket,
	}
)

func (k bucketKind) stream() string { return "KV_" + k.name }

func (k bucketKind) config(replicas int) jetstream.StreamConfig {
	duplicates := 2 * time.Minute
	if k.ttl > 0 {
		duplicates = min(duplicates, k.ttl)
	}
	return jetstream.StreamConfig{
		Name:              k.stream(),
		Subjects:          []string{subjectPrefix(k.name) + ">"},
		MaxMsgsPerSubject: int64(k.history),
		MaxMsgs:           -1,
		MaxBytes:          -1,
		MaxMsgSize:        maxValue,
		MaxAge:            k.ttl,
		Duplicates:        duplicates,
		Discard:           jetstream.DiscardNew,
		Storage:           jetstream.FileStorage,
		Replicas:          max(replicas, 1),
		AllowRollup:       true,
	}
}

// Setup creates missing buckets and updates existing ones to the given number of
// replicas and to the configuration of this version. It is for a user with
// permissions that the user of [Open] does not need. It may be repeated.
func Setup(ctx context.Context, js jetstream.JetStream, replicas int) error {
	for _, kind := range bucketKinds {
		if _, err := js.CreateOrUpdateStream(ctx, kind.config(replicas)); err != nil {
			return fmt.Errorf("set up bucket %s: %w", kind.name, err)
		}
	}
	return nil
}
