// Package problem owns the gateway's error answers: every error of every
// package becomes a problem document (RFC 9457) with a code for programs, a
// sentence for people and the names of any invalid fields.
//
// Input: an error of commands, accounts, projections or events. Result: a
// [Problem], through one table that maps each [Code] to its HTTP status. An
// error that is not in the table is a fault of Docket: the caller receives its
// number, the log its text.
package problem
