package metrics

import (
	"iter"
	"math"

	"github.com/prometheus/client_golang/prometheus"
)

// Table lists the metrics of one source, which provides a T on request.
type Table[T any] []Metric[T]

// Metric is a line of a table: a name, a meaning, and how to read the value
// from a T.
type Metric[T any] struct {
	name, help string
	labels     []string
	// collect sends the current values; none if they are not known.
	collect func(of T, desc *prometheus.Desc, out chan<- prometheus.Metric)
}

// Put sets a value of a metric, with one value for each of its labels. NaN
// means no value.
type Put func(value float64, labels ...string)

// Counter returns a metric that only grows, from the start of the process.
func Counter[T any](name, help string, value func(T) float64) Metric[T] {
	return single(prometheus.CounterValue, name, help, value)
}

// Gauge returns a metric that can grow and shrink; NaN means no value.
func Gauge[T any](name, help string, value func(T) float64) Metric[T] {
	return single(prometheus.GaugeValue, name, help, value)
}

// Counters returns a counter with labels.
func Counters[T any](name, help string, labels []string, each func(T, Put)) Metric[T] {
	return family(prometheus.CounterValue, name, help, labels, each)
}

// Gauges returns a gauge with labels.
func Gauges[T any](name, help string, labels []string, each func(T, Put)) Metric[T] {
	return family(prometheus.GaugeValue, name, help, labels, each)
}

// Histogram returns a distribution that its source maintains: read returns the
// count, the sum, and by upper bound how many values are at or below it.
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

// All returns the name and meaning of every metric, in the table's order.
func (t Table[T]) All() iter.Seq2[string, string] {
	return func(yield func(name, help string) bool) {
		for _, m := range t {
			if !yield(m.name, m.help) {
				return
			}
		}
	}
}

// Distribution describes a histogram of values that a room reports as they
// occur.
type Distribution struct {
	Name, Help string
	Bounds     []float64
}

// All returns the name and meaning of the distribution.
func (d Distribution) All() iter.Seq2[string, string] {
	return func(yield func(name, help string) bool) { yield(d.Name, d.Help) }
}

// Histogram returns a new, empty histogram.
func (d Distribution) Histogram() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{Name: d.Name, Help: d.Help, Buckets: d.Bounds})
}

// UnlessZero returns the value, or no value (NaN) if it is 0.
func UnlessZero(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

// OneIf returns 1 for true and 0 for false.
func OneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
