package app

import (
	"slices"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/notifier"
)

// Stores returns everything that the program keeps on the broker, in the order
// in which it is copied during operation. A store that may be newer comes after
// those that it must not be older than
// (docs/decisions/0022-back-up-in-a-fixed-order.md).
func Stores() []broker.Store {
	return slices.Concat(
		// A remembered response belongs to a command that is in the log.
		idempotency.Stores(),
		jetstream.Stores(),
		// Notices for events that the consumer of the log, which is copied with
		// the log, counts as decided.
		notifier.Stores(),
		// Every account that did something in the log is included; an account
		// that was erased by then is not.
		accounts.Stores(),
	)
}
