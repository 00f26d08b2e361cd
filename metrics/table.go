package metrics

import (
	"iter"
	"math"

	"github.com/prometheus/client_golang/prometheus"
)

// Table is the metrics of one source, which gives a T whenever it is asked.
type Table[T any] []Metric[T]

// Metric is a line of a table: its name, its meaning, and what it is in a T.
type Metric[T any] struct {
	name, help string
	labels     []string
	// collect gives the values there are now; none if they are not known.
	collect func(of T, desc *prometheus.Desc, out chan<- prometheus.Metric)
}

// Put gives a value of a metric, with one for each of its labels. NaN is none.
type Put func(value float64, labels ...string)

// Counter is what only grows, from the start of the process on.
func Counter[T any](name, help string, value func(T) float64) Metric[T] {
	return single(prometheus.CounterValue, name, help, value)
}

// Gauge is what grows and shrinks; NaN is none.
func Gauge[T any](name, help string, value func(T) float64) Metric[T] {
	return single(prometheus.GaugeValue, name, help, value)
}

// Counters are a counter for each of a few labels.
func Counters[T any](name, help string, labels []string, each func(T, Put)) Metric[T] {
	return family(prometheus.CounterValue, name, help, labels, each)
}

// Gauges are a gauge for each of a few labels.
func Gauges[T any](name, help string, labels []string, each func(T, Put)) Metric[T] {
	return family(prometheus.GaugeValue, name, help, labels, each)
}

// Histogram is a distribution that its source keeps: read gives how many there
// are, their sum, and by upper bound how many are up to it.
func Histogram[T any](name, help string, read func(T) (count uint64, sum float64, buckets map[float64]uint64)) Metric[T] {
	return Metric[T]{name, help, nil, func(of T, desc *prometheus.Desc, out chan<- prometheus.Metric) {
		count, sum, buckets := read(of)
		out <- prometheus.MustNewConstHistogram(desc, count, sum, buckets)
	}}
}

func single[T any](kind prometheus.ValueType, name, help string, value func(T) float64) Metric[T] {
	return family(kind, name, help, nil, func(of T, put Put) { put(value(of)) })
}

func family[T any](kind prometheus.ValueType, name, help string, labels []string, each func(T, Put)) Metric[T] {
	return Metric[T]{name, help, labels, func(of T, desc *prometheus.Desc, out chan<- prometheus.Metric) {
		each(of, func(v float64, labels ...string) {
			if !math.IsNaN(v) {
				out <- prometheus.MustNewConstMetric(desc, kind, v, labels...)
			}
		})
	}}
}

// All gives every metric of the table and its meaning, in the table's order.
func (t Table[T]) All() iter.Seq2[string, string] {
	return func(yield func(name, help string) bool) {
		for _, m := range t {
			if !yield(m.name, m.help) {
				return
			}
		}
	}
}

// Distribution is a histogram of what a room tells as it happens.
type Distribution struct {
	Name, Help string
	Bounds     []float64
}

// All gives the distribution's name and meaning.
func (d Distribution) All() iter.Seq2[string, string] {
	return func(yield func(name, help string) bool) { yield(d.Name, d.Help) }
}

// Histogram counts, beginning with nothing.
func (d Distribution) Histogram() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: d.Name, Help: d.Help, Buckets: d.Bounds})
}

// UnlessZero is the value, or none if it is 0.
func UnlessZero(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

// OneIf is 1 for true and 0 for false.
func OneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
