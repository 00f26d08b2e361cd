// Package notifier owns the question who should learn of an event, and the
// mail that tells them.
//
// What enters: the task events of the log, through a durable consumer. What
// leaves: mails, handed to an SMTP server or kept as files, and a ledger that
// says for every event and recipient what became of it and why.
//
// Two stages, each a Watermill handler on a durable consumer of its own:
//
//	EVENTS ─▶ decide: who is concerned ─▶ NOTICES ─▶ deliver: mail ─▶ ledger
//
// A [Notice] is stored before its mail leaves, and the event is acknowledged
// only after all its notices are stored. A notice is acknowledged only after
// its outcome is in the ledger. So what holds after a crash of any process at
// any instant is: every notice is delivered, kept, suppressed or parked, never
// lost. A mail is handed over at least once; a second time only if the process
// ended between the server's answer and the ledger's, and then with the same
// Message-ID, derived from event and recipient. A repeated event, notice or
// acknowledgement makes no second mail: a stream holds at most one notice for
// an event and a recipient, and a notice whose outcome is final is not
// delivered again.
//
// The consumer of events is made when a notifier first starts and begins with
// what happens from then on, so that an old log does not mail everybody.
// Deleting it has the same effect: what happened in between is not told.
//
// Whoever may not read a project any more learns nothing of it: membership is
// folded from the project's own events, when the notice is decided on and again
// when its mail leaves.
//
// Several notifiers may run at once; they share the consumers and with them the
// work.
package notifier
