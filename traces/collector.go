package traces

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// Options say where spans go and whose they are.
type Options struct {
	// Endpoint is a collector's address for OTLP over HTTP, such as
	// http://127.0.0.1:4318. Required.
	Endpoint string
	// Role and Version are told with every span.
	Role, Version string
	// Logger hears that spans are lost, once a minute; nil means nobody does.
	Logger *slog.Logger
}

// Collector takes spans to where they are collected.
type Collector struct{ provider *sdk.TracerProvider }

// Check reports what is wrong with a collector's address.
func Check(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("want http:// or https:// and a host, without query or fragment, have %q", endpoint)
	}
	return nil
}

// Open makes a collector; it does not matter whether anybody listens there yet.
// The usual variables of OpenTelemetry say the rest: OTEL_TRACES_SAMPLER and
// its argument, OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES,
// OTEL_SERVICE_NAME. The caller closes it.
func Open(ctx context.Context, o Options) (*Collector, error) {
	if err := Check(o.Endpoint); err != nil {
		return nil, fmt.Errorf("open traces: %w", err)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimRight(o.Endpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("open traces: %w", err)
	}
	whose, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", "docket"), attribute.String("service.version", o.Version),
			attribute.String("docket.role", o.Role),
		),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("open traces: %w", err)
	}
	// The library reports lost spans to the whole process, and would write to
	// standard error.
	var last atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		now := time.Now().Unix()
		if before := last.Load(); now-before >= 60 && last.CompareAndSwap(before, now) {
			o.Logger.Warn("spans are lost: the collector does not take them", slog.Any("err", err))
		}
	}))
	return &Collector{sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(whose))}, nil
}

// Tracer gives the collector spans.
func (c *Collector) Tracer() Tracer { return Tracer{c.provider.Tracer("github.com/docketlog/docket")} }

// closePatience bounds the farewell of a collector that does not answer.
const closePatience = 5 * time.Second

// Close sends what is waiting, for five seconds at most.
func (c *Collector) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closePatience)
	defer cancel()
	_ = c.provider.Shutdown(ctx)
}
