// Package schema says what tables and columns are, which rows are asked for and
// changed, and how values stand in them. It is what a fold and a dialect have in
// common: neither knows the other.
//
// Nothing enters and nothing leaves: there are descriptions here, and functions
// of their arguments. It imports nothing of Docket's.
package schema
