package traces

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func kept(t *testing.T) (Tracer, *tracetest.InMemoryExporter) {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(exporter))
	t.Cleanup(func() { _ = provider.Shutdown(context.WithoutCancel(t.Context())) })
	return Tracer{provider.Tracer("test")}, exporter
}

const (
	outside   = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
	unsampled = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-00"
)

func TestStoredParentContinuesTrace(t *testing.T) {
	t.Parallel()
	tracer, exporter := kept(t)
	ctx, request := tracer.Begin(t.Context(), outside, "request", Serving)
	inner, span := tracer.Start(ctx, "append", Producing)
	stored := Parent(inner)
	span.End(false)
	request.End(true)

	// Continue the trace from the stored parent, without the context.
	_, later := tracer.Continue(t.Context(), stored, "decide", Consuming)
	later.End(false)

	spans := map[string]tracetest.SpanStub{}
	for _, s := range exporter.GetSpans() {
		spans[s.Name] = s
		if id := s.SpanContext.TraceID().String(); id != outside[3:35] {
			t.Errorf("span %s belongs to trace %s, want %s", s.Name, id, outside[3:35])
		}
	}
	if got, want := spans["decide"].Parent.SpanID(), spans["append"].SpanContext.SpanID(); got != want {
		t.Errorf("parent of span decide is %s, want span append %s", got, want)
	}
	if spans["request"].Status.Code != codes.Error || spans["append"].Status.Code == codes.Error {
		t.Errorf("statuses: request %v, append %v", spans["request"].Status, spans["append"].Status)
	}
}

func TestNoSpanWithoutParent(t *testing.T) {
	t.Parallel()
	tracer, exporter := kept(t)
	for _, parent := range []string{"", "nonsense", "00-" + strings.Repeat("0", 32) + "-0123456789abcdef-01"} {
		ctx, span := tracer.Continue(t.Context(), parent, "decide", Consuming)
		span.End(false)
		if Parent(ctx) != "" {
			t.Errorf("parent %q gives %q, want none", parent, Parent(ctx))
		}
	}
	_, span := tracer.Start(t.Context(), "append", Producing)
	span.End(false)
	_, span = tracer.Gather(t.Context(), []string{"", "nonsense", unsampled}, "fold")
	span.End(false)
	if spans := exporter.GetSpans(); len(spans) != 0 {
		t.Errorf("spans without a parent: %v, want none", spans)
	}
	// Begin with an invalid parent starts a new trace.
	_, span = tracer.Begin(t.Context(), "nonsense", "request", Serving)
	span.End(false)
	if spans := exporter.GetSpans(); len(spans) != 1 || !spans[0].SpanContext.IsValid() || spans[0].Parent.IsValid() {
		t.Errorf("Begin with an invalid parent: %v, want one span without a parent", spans)
	}
}

func TestGatherLinksToEachTrace(t *testing.T) {
	t.Parallel()
	tracer, exporter := kept(t)
	other := strings.Replace(outside, "abcdef-01", "abcdee-01", 1)
	_, span := tracer.Gather(t.Context(), []string{outside, "", outside, other, unsampled}, "fold")
	span.End(false)
	spans := exporter.GetSpans()
	if len(spans) != 1 || len(spans[0].Links) != 2 || spans[0].Parent.IsValid() {
		t.Fatalf("spans %+v, want one without a parent and with two links", spans)
	}
	many := make([]string, 1000)
	for i := range many {
		many[i] = outside[:36] + strings.Repeat("0", 12) + string([]byte{"0123456789abcdef"[i/256%16], "0123456789abcdef"[i/16%16], "0123456789abcdef"[i%16], '1'}) + "-01"
	}
	exporter.Reset()
	_, span = tracer.Gather(t.Context(), many, "fold")
	span.End(false)
	if n := len(exporter.GetSpans()[0].Links); n != maxLinks {
		t.Errorf("%d links, want %d", n, maxLinks)
	}
}

func TestZeroTracerDoesNotAllocate(t *testing.T) {
	var tracer Tracer
	ctx := t.Context()
	allocations := testing.AllocsPerRun(100, func() {
		ctx, span := tracer.Begin(ctx, outside, "request", Serving)
		ctx, inner := tracer.Start(ctx, "append", Producing)
		inner.Text("key", "value")
		inner.Number("key", 1)
		inner.End(false)
		if Parent(ctx) != "" {
			t.Error("the zero Tracer gives a trace parent")
		}
		span.End(false)
	})
	if allocations != 0 {
		t.Errorf("%v allocations with the zero Tracer, want 0", allocations)
	}
}
