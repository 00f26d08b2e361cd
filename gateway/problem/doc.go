// Package problem owns how the gateway says no: every error of every room
// becomes a problem document (RFC 9457) with a code for programs, a sentence
// for people and, where fields are at fault, their names.
//
// What enters: an error of commands, accounts, projections or events. What
// leaves: a [Problem], through one table that gives each [Code] its HTTP status.
// An error that the table does not know is a fault of Docket: the caller is
// given its number, the log its text.
package problem
