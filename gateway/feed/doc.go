// Package feed owns live updates: it delivers the log's events in log order,
// without gap or repetition, to the accounts that may see them now.
//
// Input: the log, followed once per process by the [Hub]. Result: [Event]
// values through any number of [Subscription]s. A subscription that begins in
// the past reads the log itself until it reaches the hub, and continues with
// the hub from there.
//
// The project's members in the log at delivery time, not at the start of the
// subscription, decide who may see an event: each event of a project
// invalidates what the hub has cached of it. So a new member sees all later
// events at once, and a removed member sees nothing after the removal itself.
//
// [events.Head.Accepts] fences events, as everywhere: an event that does not
// continue its aggregate's chain is delivered to no account.
//
// After a crash of a client or the process at any instant, resume at an event's
// position. Nothing is stored here.
package feed
