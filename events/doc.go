// Package events defines the events of Docket, their stored format, and the
// [Log] interface through which they are appended and read.
//
// Input: a [Commit], the events one command decided on, based on the [Head] of
// one aggregate. Output: [Envelope] values in log order.
//
// Guarantee after a crash of any process at any time: an event that was
// acknowledged is in the log, exactly once, at the place its [Head] gave it. A
// commit that was not acknowledged is stored completely or not at all, and
// appending the same [Commit] again determines which.
//
// Revision and previous hash fence off conflicting writers. Only the stream's
// leader checks the expected sequence, and a change of leader can allow two
// writers to succeed. Every reader that keeps state therefore follows one rule,
// [Head.Accepts]: an event counts only if it has the next revision and the hash
// of the event before it. All readers ignore every other event.
//
// The package does not depend on a broker. Package events/jetstream is the one
// place that does.
package events
