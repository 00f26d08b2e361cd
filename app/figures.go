package app

import (
	"context"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/metrics"
	"github.com/docketlog/docket/projections"
)

// sources adds to what is a role's own what every process with these rooms can
// tell.
func (s *system) sources(own metrics.Sources) metrics.Sources {
	version, revision := built()
	own.Build = metrics.Build{Version: version, Revision: revision, Go: runtime.Version()}
	own.Log, own.Size, own.Distributions = s.log.Stats, s.log.Size, s.counted
	own.Broker = func(ctx context.Context) broker.Health { return broker.Check(ctx, s.nc, s.broker) }
	own.Certificates = s.expiries
	switch {
	case s.rows != nil:
		own.Database = s.rows.Health
	case s.replicas != nil:
		own.Database, own.Replicas = s.replicas.Health, s.replicas.Replicas
	}
	if s.accounts != nil && own.Commands != nil {
		// A notifier only looks people up.
		own.Accounts = s.accounts.Stats
	}
	return own
}

// expiries are when the certificates run out that this process shows and is
// shown.
func (s *system) expiries() map[string]time.Time {
	all := map[string]time.Time{}
	if s.https != nil {
		all["https"] = s.https.expiry()
	}
	if s.client != nil {
		all["nats_client"] = s.client.expiry()
	}
	if at := broker.CertificateExpiry(s.nc); !at.IsZero() {
		all["nats_server"] = at
	}
	return all
}

// registry holds the figures of this process.
func registry(sources metrics.Sources) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(metrics.New(sources), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

func (s *system) newProjector() *projections.Projector {
	return projections.NewProjector(s.rows, s.log, projections.ProjectorOptions{Logger: s.logger, Applied: s.counted.Applied, Tracer: s.tracer})
}
