// Package fold turns events into rows: people, projects, tasks, comments,
// history and figures. Each has one or more tables and its own fold, behind the
// fence that decides which events count.
//
// It takes a [Fact], which is a decoded event, and the rows it needs, as loads
// of package schema. It gives changes to those rows.
//
// It is pure: it has no database, clock, input or output. The same events give
// the same rows, on every database and however the events are split into
// batches. A bad event affects only its own aggregate: it parks that aggregate,
// which stays as it was before, and an event that is not the next of its chain
// changes nothing.
//
// After a crash there is nothing to recover, because nothing is stored here.
// Rows that were not committed are folded again from the log.
//
// To add a projection, add a file with its tables and its fold, its caches in
// [Rows], and its entry in [Projections]. When a change affects what a fold
// makes of events, raise its version; the rows are then rebuilt.
package fold
