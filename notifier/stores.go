package notifier

import "github.com/docketlog/docket/broker"

// Stores are what notifiers keep, in the order in which it is copied.
func Stores() []broker.Store {
	return []broker.Store{{Stream: Stream}, broker.Bucket(LedgerBucket)}
}
