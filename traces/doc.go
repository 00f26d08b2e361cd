// Package traces follows a request through everything that it causes. It is the
// only package that uses OpenTelemetry.
//
// Input: spans that other packages start and end. Output: the same spans, sent to
// a collector in the background. Spans that the collector does not accept are
// dropped, and no caller waits for it. Nothing is stored, so there are no
// guarantees after a crash.
//
// A trace passes through the log in the event's trace parent (W3C Trace Context),
// and through a notice in the same way. Spans hold routes, types, numbers and the
// ids of events. They never hold people's texts, personal data or error texts.
//
// Without a collector, [Tracer] is its zero value and each call costs one
// comparison.
package traces
