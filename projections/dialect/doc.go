// Package dialect stores rows in SQLite, Postgres, and MySQL or MariaDB. It
// knows how to open each of them, their column types, how they report a missing
// table, and the fastest way to write.
//
// It takes a URL for [Open], and tables, loads and changes of package schema.
// It gives connection pools, and a [Database] with its [Session], which is all
// that the engine knows of the differences. It does not know what the tables
// are for.
//
// After a crash, a session's transaction is applied as a whole or not at all,
// with its guard. If the machine or the database server crashes, the last
// transactions may be undone, newest first; the log still has what they lost.
//
// To add a database, add a file with a [Database], with its own way of writing
// if none of the three fits, and its entry in the table of [Open].
package dialect
