package backup

import (
	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/notifier"
)

// store is a stream, or the stream of a bucket, that Docket keeps.
type store struct {
	stream string
	// together has it copied again until none of those so marked has changed
	// while they were copied.
	together bool
}

// stores is all that Docket keeps on the broker, in the order in which it is
// copied while people work. What may be newer comes after what it must not be
// older than (docs/decisions/0022-back-up-in-a-fixed-order.md).
var stores = []store{
	// An answer that is remembered is of a command that is in the log.
	{bucketPrefix + idempotency.Bucket, false},
	{jetstream.DefaultStream, false},
	// Who is to be told of events that the consumer of the log, which is copied
	// with it, counts as decided.
	{notifier.Stream, false},
	{bucketPrefix + notifier.LedgerBucket, false},
	// Whoever did something that is in the log is there; whoever was erased by
	// then is not.
	{bucketPrefix + accounts.InstanceBucket, false},
	{people, true},
	{bucketPrefix + accounts.CredentialsBucket, true},
	{bucketPrefix + accounts.FiltersBucket, true},
	{bucketPrefix + accounts.TokensBucket, true},
	{bucketPrefix + accounts.SessionsBucket, false},
	{bucketPrefix + accounts.AttemptsBucket, false},
}

// bucketPrefix comes before a bucket's name in that of its stream, in every
// client of NATS.
const bucketPrefix = "KV_"

// people is the stream with a message for each account.
const people = bucketPrefix + accounts.PeopleBucket

// Streams are the names of all that is copied, in the order in which it is.
func Streams() []string {
	names := make([]string, len(stores))
	for i, one := range stores {
		names[i] = one.stream
	}
	return names
}
