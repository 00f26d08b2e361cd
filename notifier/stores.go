package notifier

import "github.com/docketlog/docket/broker"

// Stores returns the stores of notifiers, in the order in which a backup copies
// them.
func Stores() []broker.Store {
	return []broker.Store{{Stream: Stream}, broker.Bucket(LedgerBucket)}
}
