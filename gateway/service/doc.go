// Package service owns the operations of Docket for callers of every interface:
// commands, reads, and operations of several steps, such as placing a task,
// undoing a change or leaving all projects before an account is erased. The
// JSON API and the pages both use it, and so apply the same rules.
//
// Input: a request in domain terms, in a context that carries the caller
// (package access) and the id of the command (package idempotency). Result:
// what package commands or package projections returned, and their errors, or a
// problem. It does not know JSON, pages, cookies or forms.
//
// A write is answered at once from the fold the command left. A read is
// answered from one snapshot of the rows that has reached the position the
// caller has seen. Permissions are decided by the commands and, for reads, by
// the queries, which run on behalf of the caller. Because the rows may be
// behind, the warm fold of the project must confirm that the caller is still a
// member. While the log is unavailable the rows decide alone.
//
// After a crash: only caches are kept here. An operation of several commands
// can be retried, and the retry completes it.
package service
