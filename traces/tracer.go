package traces

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Tracer starts spans. The zero Tracer starts none. All methods may be called
// concurrently.
type Tracer struct{ tracer trace.Tracer }

// Span is a part of a trace. The methods of the zero Span do nothing. The
// function that starts a span must end it.
type Span struct{ span trace.Span }

// Kind is the relation of a span to its parent and children.
type Kind = trace.SpanKind

// The kinds of spans.
const (
	Serving   = trace.SpanKindServer   // answers a request
	Asking    = trace.SpanKindClient   // calls another program and waits
	Producing = trace.SpanKindProducer // stores something for later processing
	Consuming = trace.SpanKindConsumer // processes something that was stored
	Inside    = trace.SpanKindInternal
)

// On reports whether the tracer starts spans.
func (t Tracer) On() bool { return t.tracer != nil }

// Begin starts a span under a trace parent from outside, or a new trace if the
// parent is empty or invalid.
func (t Tracer) Begin(ctx context.Context, parent, name string, kind Kind) (context.Context, Span) {
	if t.tracer == nil {
		return ctx, Span{}
	}
	return t.start(under(ctx, parent), name, trace.WithSpanKind(kind))
}

// Continue starts a span under a stored trace parent. It returns the zero Span if
// the parent is empty or invalid.
func (t Tracer) Continue(ctx context.Context, parent, name string, kind Kind) (context.Context, Span) {
	if t.tracer == nil || parent == "" {
		return ctx, Span{}
	}
	ctx = under(ctx, parent)
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, Span{}
	}
	return t.start(ctx, name, trace.WithSpanKind(kind))
}

// Start starts a span under the span of ctx. It returns the zero Span if ctx has
// none.
func (t Tracer) Start(ctx context.Context, name string, kind Kind) (context.Context, Span) {
	if t.tracer == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, Span{}
	}
	return t.start(ctx, name, trace.WithSpanKind(kind))
}

// maxLinks limits the number of traces that one span links to.
const maxLinks = 128

// Gather starts a span for work that is done once for several traces. It belongs
// to a new trace and links to the others. It returns the zero Span if none of the
// traces is sampled.
func (t Tracer) Gather(ctx context.Context, parents []string, name string) (context.Context, Span) {
	if t.tracer == nil {
		return ctx, Span{}
	}
	var links []trace.Link
	seen := map[string]bool{}
	for _, parent := range parents {
		if parent == "" || seen[parent] || len(links) == maxLinks {
			continue
		}
		seen[parent] = true
		if to := trace.SpanContextFromContext(under(context.Background(), parent)); to.IsSampled() {
			links = append(links, trace.Link{SpanContext: to})
		}
	}
	if len(links) == 0 {
		return ctx, Span{}
	}
	return t.start(ctx, name, trace.WithNewRoot(), trace.WithLinks(links...), trace.WithSpanKind(Consuming))
}

func (t Tracer) start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, Span) {
	ctx, span := t.tracer.Start(ctx, name, options...)
	return ctx, Span{span}
}

// under returns ctx with a trace parent. It returns ctx unchanged if the parent is
// empty or invalid.
func under(ctx context.Context, parent string) context.Context {
	if parent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
}

// Parent returns the trace parent with which the span of ctx can be continued, or
// an empty string if ctx has no span.
func Parent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// Rename changes the span's name, if it was not known at the start.
func (s Span) Rename(name string) {
	if s.span != nil {
		s.span.SetName(name)
	}
}

// Text sets a text attribute of the span: a type, a route or an id. It ignores an
// empty value.
func (s Span) Text(key, value string) {
	if s.span != nil && value != "" {
		s.span.SetAttributes(attribute.String(key, value))
	}
}

// Number sets a number attribute of the span.
func (s Span) Number(key string, value int64) {
	if s.span != nil {
		s.span.SetAttributes(attribute.Int64(key, value))
	}
}

// End ends the span and records whether it failed. It does not record the error's
// text, which could hold personal data.
func (s Span) End(failed bool) {
	if s.span == nil {
		return
	}
	if failed {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}
