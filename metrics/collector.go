package metrics

import (
	"context"
	"iter"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Collector gives the table's metrics to a Prometheus registry.
type Collector struct {
	sources       Sources
	lines         []line
	distributions []prometheus.Histogram
}

// line is a metric of the table that this process has.
type line struct {
	desc *prometheus.Desc
	// collect gives the values there are now; none if they are not known.
	collect func(*snapshot, *prometheus.Desc, chan<- prometheus.Metric)
}

// New makes a collector of the metrics of the given sources.
func New(sources Sources) *Collector {
	c := &Collector{sources: sources}
	add := func(present bool, tables ...[]entry) {
		for _, table := range tables {
			for _, e := range table {
				if present {
					c.lines = append(c.lines, e.line())
				}
			}
		}
	}
	add(true, buildTable)
	add(sources.Log != nil, logTable)
	add(sources.Size != nil, sizeTable)
	add(sources.Commands != nil, commandTable)
	add(sources.Accounts != nil, accountTable)
	add(sources.Rows != nil, rowsTable)
	add(sources.Figures != nil, figuresTable)
	add(sources.Notices != nil, noticeTable)
	add(sources.Broker != nil, brokerTable)
	add(sources.Database != nil, databaseTable)
	add(sources.Replicas != nil, replicaTable)
	add(sources.Certificates != nil, certificateTable)
	if d := sources.Distributions; d != nil {
		if sources.Commands != nil {
			c.distributions = append(c.distributions, d.append)
		}
		if sources.Rows != nil {
			c.distributions = append(c.distributions, d.batch, d.transaction)
		}
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, l := range c.lines {
		out <- l.desc
	}
	for _, d := range c.distributions {
		d.Describe(out)
	}
}

// patience bounds what is asked of the log and the database for one scrape;
// what is not known by then is left out of it.
const patience = 2 * time.Second

// Collect implements prometheus.Collector: it reads every source once.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s := snapshot{
		build: c.sources.Build,
		log:   read(c.sources.Log), commands: read(c.sources.Commands), accounts: read(c.sources.Accounts),
		rows: ask(ctx, c.sources.Rows), notices: read(c.sources.Notices),
		broker: ask(ctx, c.sources.Broker), database: ask(ctx, c.sources.Database), replicas: read(c.sources.Replicas),
		size: try(ctx, c.sources.Size), figures: try(ctx, c.sources.Figures), certificates: certificates(c.sources.Certificates),
	}
	for _, l := range c.lines {
		l.collect(&s, l.desc, out)
	}
	for _, d := range c.distributions {
		d.Collect(out)
	}
}

func certificates(source func() map[string]time.Time) map[string]time.Time {
	if source == nil {
		return nil
	}
	return source()
}

func read[T any](source func() T) *T {
	if source == nil {
		return nil
	}
	v := source()
	return &v
}

func ask[T any](ctx context.Context, source func(context.Context) T) *T {
	if source == nil {
		return nil
	}
	return read(func() T { return source(ctx) })
}

// try is nil if the source fails.
func try[T any](ctx context.Context, source func(context.Context) (T, error)) *T {
	if source == nil {
		return nil
	}
	v, err := source(ctx)
	if err != nil {
		return nil
	}
	return &v
}

// entry is a line of the table as it is written down.
type entry interface {
	told() (name, help string)
	line() line
}

func (m metric) told() (name, help string) { return m.name, m.help }

func (m metric) line() line {
	return line{prometheus.NewDesc(m.name, m.help, nil, nil), func(s *snapshot, desc *prometheus.Desc, out chan<- prometheus.Metric) {
		if v := m.value(s); !math.IsNaN(v) {
			out <- prometheus.MustNewConstMetric(desc, m.kind, v)
		}
	}}
}

func (f family) told() (name, help string) { return f.name, f.help }

func (f family) line() line {
	return line{prometheus.NewDesc(f.name, f.help, f.labels, nil), func(s *snapshot, desc *prometheus.Desc, out chan<- prometheus.Metric) {
		f.each(s, func(v float64, labels ...string) {
			if !math.IsNaN(v) {
				out <- prometheus.MustNewConstMetric(desc, f.kind, v, labels...)
			}
		})
	}}
}

func (d distribution) told() (name, help string) { return d.name, d.help }

// line is for a distribution that is read from somewhere. The others are
// counted by [Distributions].
func (d distribution) line() line {
	return line{prometheus.NewDesc(d.name, d.help, nil, nil), func(s *snapshot, desc *prometheus.Desc, out chan<- prometheus.Metric) {
		if count, sum, buckets, ok := d.read(s); ok {
			out <- prometheus.MustNewConstHistogram(desc, count, sum, buckets)
		}
	}}
}

// All gives every metric of the table and its meaning, in the table's order.
func All() iter.Seq2[string, string] {
	return func(yield func(name, help string) bool) {
		for _, table := range [][]entry{
			buildTable, logTable, {appendSeconds}, sizeTable, commandTable, accountTable,
			rowsTable, {batchEvents, transactionSeconds}, figuresTable, noticeTable, brokerTable, databaseTable, replicaTable, certificateTable,
		} {
			for _, e := range table {
				if !yield(e.told()) {
					return
				}
			}
		}
	}
}
