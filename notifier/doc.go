// Package notifier decides who is notified of an event, and mails them.
//
// It reads the task events of the log through a durable consumer. It writes
// mails, sent to an SMTP server or stored as files, and a ledger that records
// for every event and recipient the outcome and its reason.
//
// There are two stages, each a Watermill handler on its own durable consumer:
//
//	EVENTS ─▶ decide: who is concerned ─▶ NOTICES ─▶ deliver: mail ─▶ ledger
//
// A [Notice] is stored before its mail is sent, and the event is acknowledged
// only after all its notices are stored. A notice is acknowledged only after
// its outcome is in the ledger. So, after a crash of any process at any time,
// every notice is delivered, kept, suppressed or parked, never lost. A mail is
// sent at least once. It is sent twice only if the process ended after the
// server's answer and before the ledger recorded it, and then with the same
// Message-ID, which is derived from event and recipient. A repeated event,
// notice or acknowledgement causes no second mail: the stream holds at most one
// notice for an event and a recipient, and a notice with a final outcome is not
// delivered again.
//
// The consumer of events is created when a notifier first starts, and starts
// with the events after that, so that no mail is sent for an old log. Deleting
// it has the same effect: events between its deletion and its creation are not
// notified.
//
// An account that can no longer read a project receives nothing about it.
// Membership is folded from the project's events both when the notice is
// decided and when its mail is sent.
//
// Several notifiers may run at once. They share the consumers and so the work.
package notifier
