// Package jetstream implements [events.Log] in a NATS JetStream stream. It is
// the only package that uses NATS for the log.
//
// One stream holds every event, and each aggregate has its own literal subject.
// No message can be deleted or purged, so the sequences are contiguous: a
// follower that sees a gap knows that it missed a message.
//
// Guarantee after a crash: an append that returned is in the stream and part of
// its aggregate's chain, as durable as the servers' sync setting makes it. An
// append that did not return is settled by retrying the same commit, which finds
// the written events or writes them.
//
// Acknowledgements alone are not sufficient. A retry after a lost
// acknowledgement is answered as a conflict by a stream with one replica, as a
// duplicate by a replicated stream, and with a separate error for a batch. Right
// after a change of leader, two writers can both be acknowledged. Therefore every
// answer except plain success is settled by reading the aggregate's end, and on a
// replicated stream success is verified too.
package jetstream
