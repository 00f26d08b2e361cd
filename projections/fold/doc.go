// Package fold turns events into rows: people, projects, tasks, comments,
// history and figures, each a table or a few with a fold of their own, behind the
// fence that decides which events count.
//
// What enters: a [Fact], which is a decoded event, and the rows it looks at, as
// loads of package schema bring them. What leaves: changes of those rows.
//
// It is pure. There is no database here, no clock and no input or output: the
// same events give the same rows, on every database and in every partition into
// batches. A bad event harms nobody else: it parks its aggregate, which stands as
// it was before, and an event that is not the next of its chain changes nothing.
//
// What holds after a crash: nothing is kept here. Rows that were not committed
// are folded again from the log.
//
// A projection is one more file here with its tables and its fold, its caches in
// [Rows], and its line in [Projections]. Whoever changes what a fold makes of
// events raises its version, and the rows are built anew.
package fold
