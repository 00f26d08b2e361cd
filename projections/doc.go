// Package projections owns the read side: it folds the log into rows of a
// database, knows how fresh they are, and answers queries from them.
//
// What enters: [events.Batch] values, followed from an [events.Log]. What
// leaves: answers, each read from one [Snapshot] that says which position of
// the log it reflects.
//
// The fold is pure: the same events give the same rows, on every database and
// in every partition into batches. The engine does the rest, once for all
// databases: it takes a batch, moves the checkpoint by compare-and-set, loads
// the rows that the batch touches, folds, writes back what changed, and commits
// all of it as one transaction.
//
// What holds after a crash, of any process at any instant: rows and checkpoint
// agree, so every event has had its effect on the rows exactly once or not yet.
// Nothing here is the truth. Dropping the whole database costs the time of one
// [Rebuild] and no fact.
//
// Rows live in a generation: tables whose names begin with g<N>_, and a
// checkpoint of their own. One pointer, in docket_read_model, names the
// generation that is read. Rows of another shape, or rows made anew, are built
// as the next generation beside it, compared if they must be the same, and the
// pointer is moved when they have caught up. There is nothing to migrate.
//
// A generation that is not finished stays, and whoever claims it by raising its
// epoch goes on with it. The one that was read before is kept until the next
// switch, and [Rollback] serves it again.
//
// Three rooms stand below this one. Package schema says what tables, columns and
// rows are; package fold makes rows of events and knows no database; package
// dialect keeps rows in a database and knows no events. This package is the engine
// that joins them, with the queries: whoever asks of the rows imports it alone.
package projections
