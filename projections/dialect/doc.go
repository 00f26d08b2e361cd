// Package dialect is how rows are kept in SQLite, Postgres, and MySQL or
// MariaDB: how each is opened, what it calls a column, how it says that a table
// is gone, and how it is written to fastest.
//
// What enters: a URL for [Open], and tables, loads and changes of package
// schema. What leaves: connection pools, and a [Database] with its [Session],
// which is all that the engine knows of the differences. What the tables are for
// is none of this package's business.
//
// What holds after a crash: a transaction of a session has happened as a whole
// or not at all, with its guard. The last ones may be undone where the machine
// or the database server crashes, in the order in which they were made; the log
// still has what they lost.
//
// A fourth database is one more file with a [Database] in it, its way of writing
// if none of the three does, and its line in the table of [Open].
package dialect
