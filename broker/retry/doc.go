// Package retry owns the pace at which something is tried again: pauses that
// double and differ between callers, and a limit for each attempt. It depends on
// nothing, so that it can be used wherever something may fail for a moment.
//
// Which errors are worth another attempt is for the caller to say; for those of
// NATS, package broker/transient does.
package retry
