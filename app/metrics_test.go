package app

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/docketlog/docket/broker/brokertest"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/config"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/projections"
)

// gathered returns what a scrape of a process finds.
func gathered(t *testing.T, s *system) map[string]*dto.MetricFamily {
	t.Helper()
	found, err := prometheus.Gatherer(s.registry()).Gather()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]*dto.MetricFamily{}
	for _, f := range found {
		named[f.GetName()] = f
	}
	return named
}

// TestDistributions: a process counts its own work, and reports nothing about
// the work of another process.
func TestDistributions(t *testing.T) {
	t.Parallel()
	nc := brokertest.Conn(t)
	log, err := jetstream.Open(t.Context(), nc, jetstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	counted := newCounts()
	counted.acknowledged(3 * time.Millisecond)
	counted.applied(40, 20*time.Millisecond)
	found := gathered(t, &system{nc: nc, log: log, counted: counted, handler: commands.NewHandler(log, commands.Options{})})
	if h := found["docket_log_append_seconds"].GetMetric()[0].GetHistogram(); h.GetSampleCount() != 1 || h.GetSampleSum() != .003 {
		t.Errorf("docket_log_append_seconds: %v", h)
	}
	if _, there := found["docket_rows_batch_events"]; there {
		t.Error("who writes no rows tells of batches")
	}
	s := &system{nc: nc, log: log, counted: counted, settings: config.Settings{Database: "sqlite:" + t.TempDir() + "/rows.db"}}
	if err := s.openRows(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.close()
	s.projector = projections.NewProjector(s.rows, log, projections.ProjectorOptions{})
	found = gathered(t, s)
	if h := found["docket_rows_batch_events"].GetMetric()[0].GetHistogram(); h.GetSampleCount() != 1 || h.GetSampleSum() != 40 {
		t.Errorf("docket_rows_batch_events: %v", h)
	}
}
