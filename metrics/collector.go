package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Timeout limits how long a source may take for one scrape; values that are not
// available by then are left out.
const Timeout = 2 * time.Second

// Collector returns a Prometheus collector of the table's metrics. The source
// is called once per scrape, so that its values are consistent, and must return
// when its context ends. While it fails, its metrics are absent.
func (t Table[T]) Collector(source func(context.Context) (T, error)) prometheus.Collector {
	c := &collector[T]{source: source, table: t}
	for _, m := range t {
		c.descs = append(c.descs, prometheus.NewDesc(m.name, m.help, m.labels, nil))
	}
	return c
}

// Known adapts a source that never fails.
func Known[T any](source func() T) func(context.Context) (T, error) {
	return func(context.Context) (T, error) { return source(), nil }
}

// Asked adapts a source that itself leaves out what it does not know.
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
