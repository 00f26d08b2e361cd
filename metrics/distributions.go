package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Distributions count how often something was how large or took how long. The
// rooms in which it happens are given its methods, which may be called
// concurrently and return at once.
type Distributions struct {
	append, batch, transaction prometheus.Histogram
}

// NewDistributions makes distributions of which nothing is known yet.
func NewDistributions() *Distributions {
	make := func(d distribution) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: d.name, Help: d.help, Buckets: d.bounds})
	}
	return &Distributions{append: make(appendSeconds), batch: make(batchEvents), transaction: make(transactionSeconds)}
}

// Acknowledged counts a commit that the log has taken.
func (d *Distributions) Acknowledged(took time.Duration) { d.append.Observe(took.Seconds()) }

// Applied counts a transaction of the rows.
func (d *Distributions) Applied(events int, took time.Duration) {
	d.batch.Observe(float64(events))
	d.transaction.Observe(took.Seconds())
}
