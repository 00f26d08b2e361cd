package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Timeout bounds what a source is asked for one scrape; what is not known by then
// is left out of it.
const Timeout = 2 * time.Second

// Collector gives the table's metrics to a Prometheus registry. The source is
// asked once at every scrape, so that what it gives agrees, and must end with its
// context. While it fails, its metrics are absent.
func (t Table[T]) Collector(source func(context.Context) (T, error)) prometheus.Collector {
	c := &collector[T]{source: source, table: t}
	for _, m := range t {
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, m.labels, nil))
	}
	return c
}

// Known is a source that can always say.
func Known[T any](source func() T) func(context.Context) (T, error) {
	return func(context.Context) (T, error) { return source(), nil }
}

// Asked is a source that says of itself what it does not know.
func Asked[T any](source func(context.Context) T) func(context.Context) (T, error) {
	return func(ctx context.Context) (T, error) { return source(ctx), nil }
}

type collector[T any] struct {
	source func(context.Context) (T, error)
	table  Table[T]
	descs  []*prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector[T]) Describe(out chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector[T]) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	of, err := c.source(ctx)
	if err != nil {
		return
	}
	for i, m := range c.table {
		m.collect(of, c.descs[i], out)
	}
}
