// Package commands owns the write side: what may be asked, and what is decided.
//
// What enters: a [Command], which asks for one change of one project or task,
// and who asks. What leaves: an [Outcome], the events that were appended to the
// log and the aggregate as it now stands, or a [Rejection] that says why not.
//
// Deciding is pure. A command's decision looks at the folded aggregate, the
// project that governs it, the actor and the time, and gives events or a
// rejection; authorisation is part of it. A command that would change nothing
// gives no events and is not an error. The read model takes no part.
//
// What holds after a crash: a command either happened wholly or not at all,
// and sending it again under the same id has the same outcome, the events once.
package commands
