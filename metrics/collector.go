package metrics

import (
	"iter"

	"github.com/prometheus/client_golang/prometheus"
)

// Collector gives the table's metrics to a Prometheus registry.
type Collector struct {
	sources Sources
	lines   []line
}

type line struct {
	metric
	desc *prometheus.Desc
}

// New makes a collector of the metrics of the given sources.
func New(sources Sources) *Collector {
	c := &Collector{sources: sources}
	add := func(present bool, table []metric) {
		for _, m := range table {
			if present {
				c.lines = append(c.lines, line{m, prometheus.NewDesc(m.name, m.help, nil, nil)})
			}
		}
	}
	add(sources.Log != nil, logTable)
	add(sources.Commands != nil, commandTable)
	add(sources.Rows != nil, rowsTable)
	add(sources.Notices != nil, noticeTable)
	return c
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(out chan<- *prometheus.Desc) {
	for _, l := range c.lines {
		out <- l.desc
	}
}

// Collect implements prometheus.Collector: it reads every source once.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	s := snapshot{
		log: read(c.sources.Log), commands: read(c.sources.Commands),
		rows: read(c.sources.Rows), notices: read(c.sources.Notices),
	}
	for _, l := range c.lines {
		out <- prometheus.MustNewConstMetric(l.desc, l.kind, l.value(&s))
	}
}

func read[T any](source func() T) *T {
	if source == nil {
		return nil
	}
	v := source()
	return &v
}

// All gives every metric of the table and its meaning, in the table's order.
func All() iter.Seq2[string, string] {
	return func(yield func(name, help string) bool) {
		for _, table := range [][]metric{logTable, commandTable, rowsTable, noticeTable} {
			for _, m := range table {
				if !yield(m.name, m.help) {
					return
				}
			}
		}
	}
}
