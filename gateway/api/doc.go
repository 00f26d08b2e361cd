// Package api owns the HTTP JSON interface: its routes, and the shapes of what
// is asked and answered. The OpenAPI document is made from the same code.
//
// What enters: a request that package access has let in. What leaves: a command
// handed to package commands, or a query put to package projections, and the
// answer as JSON with the position of the log it rests on.
//
// A write is answered from the fold the command left (package commands), at
// once; only a task's number needs the rows. A read is answered from one
// snapshot of the rows. The two shapes are the same, so that a client cannot
// tell them apart.
//
// Who may do what is decided by the commands and, for reads, by the queries,
// which are asked in the caller's name. The rows may be behind, so a read of
// what they grant also asks the warm fold of the project whether the caller is
// still a member; while the log cannot be reached the rows decide alone.
package api
