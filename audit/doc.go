// Package audit reads the log again to show and to prove: what happened
// ([Replay]), that every aggregate's chain of events is whole ([Chains]), and
// that the rows people are shown are what the log says ([Drift]).
//
// It writes nothing but scratch files. What it finds does not depend on when
// it runs: an answer is about the log up to a position, and that part of the
// log never changes.
package audit
