// Package projections is the read side: it folds the log into database rows,
// tracks how fresh they are, and answers queries from them.
//
// It takes [events.Batch] values, followed from an [events.Log], and gives
// answers, each read from one [Snapshot] that states which log position it
// reflects.
//
// The fold is pure: the same events give the same rows, on every database and
// however the events are split into batches. The engine does the rest, once for
// all databases: it takes a batch, moves the checkpoint by compare-and-set,
// loads the rows that the batch touches, folds, writes back what changed, and
// commits all of it as one transaction.
//
// After a crash of any process at any instant, rows and checkpoint agree: every
// event has been applied to the rows exactly once or not yet. Nothing here is
// the source of truth. Dropping the whole database costs the time of one
// [Rebuild] and loses no data.
//
// Rows live in a generation: tables whose names begin with g<N>_, and their own
// checkpoint. One pointer, in docket_read_model, names the generation that is
// read. Rows with another schema, and rebuilt rows, are built as the next
// generation beside it and compared if they must be the same; the pointer moves
// when they have caught up. There are no migrations.
//
// An unfinished generation stays. A process that claims it, by raising its
// epoch, continues it. The previously served generation is kept until the next
// switch, and [Rollback] serves it again.
//
// Three packages lie below this one. Package schema defines tables, columns and
// rows; package fold turns events into rows and does not know databases;
// package dialect stores rows in a database and does not know events. This
// package is the engine that joins them, with the queries. It is the only one
// that callers import.
package projections
