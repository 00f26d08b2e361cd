// Package schema defines tables and columns, which rows are requested and
// changed, and how values are stored in them. It is what fold and dialect have
// in common; neither of them knows the other.
//
// It holds only descriptions and functions of their arguments, and has no input
// or output. It imports no other package of Docket.
package schema
