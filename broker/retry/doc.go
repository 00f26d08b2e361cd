// Package retry owns the pace of retries: pauses that double and have jitter,
// and a timeout for each attempt. It has no dependencies, so that it can be
// used wherever something may fail temporarily.
//
// The caller decides which errors to retry; for errors of NATS, package
// broker/transient does.
package retry
