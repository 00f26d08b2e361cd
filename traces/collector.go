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

// Options configure a [Collector].
type Options struct {
	// Endpoint is a collector's address for OTLP over HTTP, such as
	// http://127.0.0.1:4318. Required.
	Endpoint string
	// Role and Version are attributes of every span.
	Role, Version string
	// Logger receives a warning at most once a minute while spans are lost;
	// nothing is logged if it is nil.
	Logger *slog.Logger
}

// Collector sends spans to an OpenTelemetry collector. Create it with [Open].
type Collector struct{ provider *sdk.TracerProvider }

// Check returns an error if a collector's address is invalid.
func Check(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("must be http:// or https:// and a host, without query or fragment; got %q", endpoint)
	}
	return nil
}

// Open creates a collector. The collector does not need to be reachable yet. The
// environment variables of OpenTelemetry configure the rest: OTEL_TRACES_SAMPLER
// and its argument, OTEL_EXPORTER_OTLP_HEADERS, OTEL_RESOURCE_ATTRIBUTES,
// OTEL_SERVICE_NAME. The caller must close it.
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
	attributes, err := resource.New(ctx,
		resource.WithAttributes(
			attribute.String("service.name", "docket"), attribute.String("service.version", o.Version),
			attribute.String("docket.role", o.Role),
		),
		resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("open traces: %w", err)
	}
	// The library reports lost spans to a handler of the whole process, which
	// writes to standard error by default.
	var last atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		now := time.Now().Unix()
		if before := last.Load(); now-before >= 60 && last.CompareAndSwap(before, now) {
			o.Logger.Warn("spans lost: the collector does not accept them", slog.Any("err", err))
		}
	}))
	return &Collector{sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(attributes))}, nil
}

// Tracer returns a tracer that sends its spans to the collector.
func (c *Collector) Tracer() Tracer { return Tracer{c.provider.Tracer("github.com/docketlog/docket")} }

// closeTimeout limits Close if the collector does not answer.
const closeTimeout = 5 * time.Second

// Close sends the remaining spans. It takes at most five seconds.
func (c *Collector) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = c.provider.Shutdown(ctx)
}
