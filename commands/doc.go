// Package commands owns the write side: which changes can be requested, and how
// they are decided.
//
// It takes a [Command], which requests one change of one project or task, and
// the actor. It returns an [Outcome], with the events appended to the log and
// the aggregate as it is now, or a [Rejection] that gives the reason.
//
// Deciding is pure. A command's decision uses the folded aggregate, the project
// that governs it, the actor and the time, and returns events or a rejection;
// authorisation is part of it. A command that would change nothing returns no
// events and is not an error. The read model is not used.
//
// After a crash, a command has either happened completely or not at all.
// Sending it again with the same id has the same outcome and appends its events
// only once.
package commands
