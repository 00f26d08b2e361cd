// Package jetstream keeps the log of package events in a NATS JetStream
// stream. It is the one place that knows NATS for the log.
//
// One stream holds every event, one literal subject each aggregate's. Nothing
// in it can be deleted or purged, so its sequences are contiguous: a follower
// that sees a number left out knows that it missed something.
//
// What holds after a crash: an append that returned is in the stream and part
// of its aggregate's chain, as durable as the servers' sync setting makes it.
// An append that did not return is settled by sending the same commit again,
// which finds what was written, or writes it.
//
// Acknowledgements are not enough for that. A retry after a lost one is answered
// as a conflict by a stream of one replica, as a duplicate by a replicated one,
// and by an error of its own for a batch; and right after a change of leader two
// writers can both be acknowledged. So every answer but plain success is
// settled by reading the aggregate's end, and on a replicated stream success is
// checked too.
package jetstream
