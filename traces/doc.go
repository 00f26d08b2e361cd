// Package traces owns how the path of one request can be followed through
// everything that it leads to, and is the one place that knows OpenTelemetry.
//
// What enters: spans that rooms start and end. What leaves: the same, to a
// collector, in the background; what it does not take is dropped, and nobody
// waits for it. Nothing is kept, so nothing holds after a crash.
//
// A trace goes through the log as the event's trace parent (W3C Trace Context),
// and through a notice likewise. Spans carry routes, types, numbers and the ids
// of events, never what people wrote, who they are, or an error's text.
//
// While there is no collector, [Tracer] is its zero value and costs a
// comparison.
package traces
