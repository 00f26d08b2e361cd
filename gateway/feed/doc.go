// Package feed owns what is told as it happens: the log's events, each to those
// who may see it now, in log order, without gap or repetition.
//
// What enters: the log, followed once for the whole process by the [Hub]. What
// leaves: [Event] values through any number of [Subscription]s. A subscription
// that begins in the past reads the log by itself up to where the hub is and
// goes on with the hub from there.
//
// Who may see an event is decided by the project's members as the log has them
// when the event is told, not when the subscription began: the hub forgets what
// it knew of a project with every event of it. So a new member sees what
// follows at once, and a removed one nothing more but the removal itself.
//
// Events are fenced by [events.Head.Accepts], like everywhere: what does not
// continue its aggregate's chain is told to nobody.
//
// What holds after a crash, of a client or the process at any instant: an
// event's position is where to go on. Nothing is kept here.
package feed
