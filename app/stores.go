package app

import (
	"slices"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/notifier"
)

// Stores is all that the program keeps on the broker, in the order in which it is
// copied while people work. What may be newer comes after what it must not be
// older than (docs/decisions/0022-back-up-in-a-fixed-order.md).
func Stores() []broker.Store {
	return slices.Concat(
		// An answer that is remembered is of a command that is in the log.
		idempotency.Stores(),
		jetstream.Stores(),
		// Who is to be told of events that the consumer of the log, which is copied
		// with it, counts as decided.
		notifier.Stores(),
		// Whoever did something that is in the log is there; whoever was erased by
		// then is not.
		accounts.Stores(),
	)
}
