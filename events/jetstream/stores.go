package jetstream

import "github.com/docketlog/docket/broker"

// Stores are what the log is kept in.
func Stores() []broker.Store { return []broker.Store{{Stream: DefaultStream}} }
