package backup

import "github.com/docketlog/docket/events/jetstream"

// store is a stream, or the stream of a bucket, that Docket keeps.
type store struct {
	stream string
	// together has it copied again until none of those so marked has changed
	// while they were copied.
	together bool
}

// stores is all that Docket keeps on the broker, in the order in which it is
// copied while people work. What may be newer comes after what it must not be
// older than (docs/decisions/0022-a-backup-is-made-in-an-order.md).
var stores = []store{
	// An answer that is remembered is of a command that is in the log.
	{"KV_docket_idempotency", false},
	{jetstream.DefaultStream, false},
	// Who is to be told of events that the consumer of the log, which is copied
	// with it, counts as decided.
	{"NOTICES", false},
	{"KV_notice_ledger", false},
	// Whoever did something that is in the log is there; whoever was erased by
	// then is not.
	{"KV_docket_instance", false},
	{people, true},
	{"KV_docket_credentials", true},
	{"KV_docket_filters", true},
	{"KV_docket_tokens", true},
	{"KV_docket_sessions", false},
	{"KV_docket_attempts", false},
}

// people is the stream with a message for each account.
const people = "KV_docket_people"

// Streams are the names of all that is copied, in the order in which it is.
func Streams() []string {
	names := make([]string, len(stores))
	for i, one := range stores {
		names[i] = one.stream
	}
	return names
}
