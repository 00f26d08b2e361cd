package app

import (
	"context"
	"iter"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/metrics"
	"github.com/docketlog/docket/notifier"
	"github.com/docketlog/docket/projections"
)

// Metrics returns the name and meaning of every metric of the program, room by
// room. docs/operations/metrics.md repeats them; a test compares.
func Metrics() iter.Seq2[string, string] {
	return func(yield func(name, help string) bool) {
		for _, room := range []iter.Seq2[string, string]{
			buildMetrics.All(), jetstream.Metrics.All(), jetstream.AppendSeconds.All(), jetstream.SizeMetrics.All(),
			commands.Metrics.All(), accounts.Metrics.All(),
			projections.RowsMetrics.All(), projections.BatchEvents.All(), projections.TransactionSeconds.All(), projections.FiguresMetrics.All(),
			notifier.Metrics.All(), broker.Metrics.All(), projections.DatabaseMetrics.All(), projections.ReplicaMetrics.All(),
			certificateMetrics.All(), gateway.Figures(),
		} {
			for name, help := range room {
				if !yield(name, help) {
					return
				}
			}
		}
	}
}

// build identifies the program.
type build struct{ version, revision, runtime string }

var buildMetrics = metrics.Table[build]{
	metrics.Gauges("docket_build_info", "Build information; always 1.", []string{"version", "revision", "go"}, func(b build, put metrics.Put) {
		put(1, b.version, b.revision, b.runtime)
	}),
}

// expiries holds when certificates expire, by their use.
type expiries map[string]time.Time

var certificateMetrics = metrics.Table[expiries]{
	metrics.Gauges("docket_certificate_expiry_timestamp_seconds", "Expiry time of a certificate, by use: https (gateway), nats_client (presented to NATS by this role), nats_server (presented by the connected NATS server).", []string{"use"}, func(all expiries, put metrics.Put) {
		for use, expiry := range all {
			put(float64(expiry.Unix()), use)
		}
	}),
}

// counts receives durations from the rooms.
type counts struct {
	appendSeconds, batchEvents, transactionSeconds prometheus.Histogram
}

func newCounts() *counts {
	return &counts{jetstream.AppendSeconds.Histogram(), projections.BatchEvents.Histogram(), projections.TransactionSeconds.Histogram()}
}

// acknowledged counts a commit that the log has accepted.
func (c *counts) acknowledged(took time.Duration) { c.appendSeconds.Observe(took.Seconds()) }

// applied counts a transaction of the rows.
func (c *counts) applied(events int, took time.Duration) {
	c.batchEvents.Observe(float64(events))
	c.transactionSeconds.Observe(took.Seconds())
}

// registry returns the metrics of everything this process has opened.
func (s *system) registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(s.everyProcess()...)
	if s.handler != nil {
		r.MustRegister(commands.Metrics.Collector(metrics.Known(s.handler.Stats)), s.counted.appendSeconds)
	}
	if s.handler != nil && s.accounts != nil {
		r.MustRegister(accounts.Metrics.Collector(metrics.Known(s.accounts.Stats)))
	}
	if s.projector != nil {
		r.MustRegister(projections.RowsMetrics.Collector(metrics.Asked(s.projector.Overview)), projections.FiguresMetrics.Collector(s.rows.Figures),
			s.counted.batchEvents, s.counted.transactionSeconds)
	}
	if s.notifier != nil {
		r.MustRegister(notifier.Metrics.Collector(metrics.Known(s.notifier.Status)))
	}
	switch {
	case s.rows != nil:
		r.MustRegister(projections.DatabaseMetrics.Collector(metrics.Asked(s.rows.Health)))
	case s.replicas != nil:
		r.MustRegister(projections.DatabaseMetrics.Collector(metrics.Asked(s.replicas.Health)), projections.ReplicaMetrics.Collector(metrics.Known(s.replicas.Replicas)))
	}
	return r
}

// everyProcess returns the collectors that all processes have.
func (s *system) everyProcess() []prometheus.Collector {
	return []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		buildMetrics.Collector(metrics.Known(func() build {
			version, revision := built()
			return build{version, revision, runtime.Version()}
		})),
		jetstream.Metrics.Collector(metrics.Known(s.log.Stats)), jetstream.SizeMetrics.Collector(s.log.Size),
		broker.Metrics.Collector(metrics.Asked(func(ctx context.Context) broker.Health { return broker.Check(ctx, s.nc, s.broker) })),
		certificateMetrics.Collector(metrics.Known(s.expiries)),
	}
}

// expiries returns when the certificates that this process presents and
// receives expire.
func (s *system) expiries() expiries {
	all := expiries{}
	if s.https != nil {
		all["https"] = s.https.Expiry()
	}
	if s.client != nil {
		all["nats_client"] = s.client.Expiry()
	}
	if at := broker.CertificateExpiry(s.nc); !at.IsZero() {
		all["nats_server"] = at
	}
	return all
}
