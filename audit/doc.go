// Package audit replays the log. It lists events ([Replay]), verifies that every
// aggregate's chain of events is intact ([Chains]), and verifies that the served
// rows match the log ([Drift]).
//
// It writes only scratch files. A result covers the log up to a position. That
// part of the log never changes, so the result does not depend on when the audit
// runs.
package audit
