// Package service owns what a caller may ask of Docket, whatever the door they
// came through: commands, reads, and what takes several of them, such as placing
// a task, undoing a change or leaving all projects before an account is erased.
// The JSON API and the pages are doors to it and hold callers to the same rules.
//
// What enters: a request in the words of the domain, in a context that carries
// the caller (package access) and the id of the command (package idempotency).
// What leaves: what package commands or package projections answered, and their
// errors, or a problem. It knows no JSON, no page, no cookie and no form.
//
// A write is answered from the fold the command left, at once. A read is answered
// from one snapshot of the rows, which has reached the position that the caller
// has seen. Who may do what is decided by the commands and, for reads, by the
// queries, which are asked in the caller's name. The rows may be behind, so what
// they grant is also put to the warm fold of the project: is the caller still a
// member? While the log cannot be reached the rows decide alone.
//
// What holds after a crash: nothing is kept here but what memory makes faster.
// What takes several commands can be asked again, and is completed by it.
package service
