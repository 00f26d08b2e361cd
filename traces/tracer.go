package traces

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Tracer starts spans. The zero Tracer starts none. Its methods may be called
// concurrently.
type Tracer struct{ tracer trace.Tracer }

// Span is a part of a trace. The zero Span is none, and all its methods do
// nothing. Who starts a span ends it.
type Span struct{ span trace.Span }

// Kind says what a span is to its neighbours.
type Kind = trace.SpanKind

// The kinds.
const (
	Serving   = trace.SpanKindServer   // answers a request
	Asking    = trace.SpanKindClient   // asks another program and waits
	Producing = trace.SpanKindProducer // leaves something for others
	Consuming = trace.SpanKindConsumer // takes up what was left
	Inside    = trace.SpanKindInternal
)

// On reports whether there is anybody to tell.
func (t Tracer) On() bool { return t.tracer != nil }

// Begin starts a span under a trace parent that came from elsewhere, or a new
// trace if that is none.
func (t Tracer) Begin(ctx context.Context, parent, name string, kind Kind) (context.Context, Span) {
	if t.tracer == nil {
		return ctx, Span{}
	}
	return t.start(under(ctx, parent), name, trace.WithSpanKind(kind))
}

// Continue starts a span under a trace parent that was stored; if that is none,
// so is the span.
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

// Start starts a span under that of ctx; if there is none, so is the span.
func (t Tracer) Start(ctx context.Context, name string, kind Kind) (context.Context, Span) {
	if t.tracer == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, Span{}
	}
	return t.start(ctx, name, trace.WithSpanKind(kind))
}

// maxLinks bounds the traces that one span points at.
const maxLinks = 128

// Gather starts a span of what is done at once for several traces, a trace of
// its own that points at theirs. If none of them is recorded, it is none.
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

// under is ctx with a trace parent from elsewhere; what is none changes
// nothing.
func under(ctx context.Context, parent string) context.Context {
	if parent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
}

// Parent is the trace parent by which others can continue the span of ctx,
// empty if there is none.
func Parent(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// Rename gives the span the name that was not known when it began.
func (s Span) Rename(name string) {
	if s.span != nil {
		s.span.SetName(name)
	}
}

// Text notes a word about the span: a type, a route, an id.
func (s Span) Text(key, value string) {
	if s.span != nil && value != "" {
		s.span.SetAttributes(attribute.String(key, value))
	}
}

// Number notes a number about the span.
func (s Span) Number(key string, value int64) {
	if s.span != nil {
		s.span.SetAttributes(attribute.Int64(key, value))
	}
}

// End ends the span. That it failed is told, and not how: an error's text may
// hold anything.
func (s Span) End(failed bool) {
	if s.span == nil {
		return
	}
	if failed {
		s.span.SetStatus(codes.Error, "")
	}
	s.span.End()
}
