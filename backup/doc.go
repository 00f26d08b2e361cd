// Package backup owns the copy of all that Docket keeps on its broker: which
// streams and buckets these are and in which order they are copied while people
// work, the one file the copies are in, and how they come back.
//
// What enters: a connection to a broker, and to [Take] a writer, to [Open] a
// reader. What leaves: a file, or a broker filled from one. The file is a tar
// that is written in one go, each stream as the server's own snapshot of it, with
// a checksum over everything at its end.
//
// What holds of a file: [Open] gives one that was finished and is, to the bit,
// what was written. Whatever a crash, a full disk or a careless copy leaves of
// one is [ErrCut] or [ErrDamaged]. In it is every command that was acknowledged before it
// was begun, and of those sent meanwhile what came before some moment of it; who did
// something that is in it is in it too. Nobody is in it who was erased before it
// was begun.
//
// What holds of a broker: [Restore] touches none that has anything of the file's
// already. What it could not finish it takes away again, as far as it may, and
// says what it could not. If the process is killed, what it had made is left: the
// next Restore refuses that broker until somebody empties it. The log comes back
// in another life, see [github.com/docketlog/docket/events/jetstream.RestoredConfig].
package backup
