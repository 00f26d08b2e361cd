// Package backup owns the copy of everything that Docket keeps on its broker:
// which streams and buckets these are, in which order they are copied during
// operation, the single file that holds the copies, and how they are restored.
//
// It takes a connection to a broker, and for [Take] a writer, for [Open] a
// reader. It produces a file, or a broker filled from one. The file is a tar
// written in one pass, with each stream as the server's own snapshot and a
// checksum over everything at the end.
//
// Guarantees for a file: [Open] returns only a file that was finished and is
// identical, to the bit, to what was written. Whatever a crash, a full disk or
// an incomplete copy leaves is [ErrCut] or [ErrDamaged]. It contains every
// command acknowledged before the backup began and, of those sent during it,
// those before some moment; every account that did something in the file is
// in it too. It contains no account that was erased before it began.
//
// Guarantees for a broker: [Restore] changes no broker that already has any of
// the file's streams. If it cannot finish, it deletes what it created, as far
// as it is permitted to, and reports what it could not delete. If the process
// is killed, what it created remains: the next Restore refuses that broker
// until it is emptied. The log is restored as another incarnation, see
// [github.com/docketlog/docket/events/jetstream.RestoredConfig].
package backup
