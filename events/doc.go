// Package events owns the facts: what may happen in Docket, how a fact is
// written down, and the seam through which facts are appended and read.
//
// What enters: a [Commit], the events one command decided on, based on the
// [Head] of one aggregate. What leaves: [Envelope] values in log order.
//
// What holds after a crash, of any process at any instant: an event that was
// acknowledged is in the log, exactly once, in the place its [Head] gave it. An
// event that was not acknowledged is either wholly there or wholly absent, and
// appending the same [Commit] again settles which.
//
// Revision and previous hash are the fence. The broker's expected-sequence
// check lives on the stream's leader only and a change of leader can let two
// writers through, so every reader that keeps state follows one rule, [Head.Accepts]:
// an event counts only if it is the next revision and names the hash of the
// one before. Everything else is ignored by everybody alike.
//
// The package knows no broker; package events/jetstream is the one place that
// does.
package events
