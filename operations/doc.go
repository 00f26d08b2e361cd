// Package operations answers what machines that watch over a process ask it: does
// it live, can it work, and what does it measure. Every role answers the same way,
// the gateway on the listener people use, the others on one of their own.
//
// It knows no room: who is watched says what keeps it from its work.
package operations
