package metrics_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/metrics"
	"github.com/docketlog/docket/projections"
)

// gather is what a scrape of the sources finds.
func gather(t *testing.T, sources metrics.Sources) map[string]*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(metrics.New(sources)); err != nil {
		t.Fatal(err)
	}
	found, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]*dto.MetricFamily{}
	for _, f := range found {
		named[f.GetName()] = f
	}
	return named
}

func TestFiguresBecomeMetrics(t *testing.T) {
	t.Parallel()
	cycles := make([]uint64, len(projections.CycleBounds)+1)
	cycles[0], cycles[2], cycles[len(cycles)-1] = 1, 2, 4
	found := gather(t, metrics.Sources{Figures: func(context.Context) (projections.Figures, error) {
		return projections.Figures{
			Created: 9, Completed: 7, Reopened: 1, Deleted: 2, Cycles: cycles, CycleTime: time.Hour,
			Standing: map[events.Category]int64{events.CategoryToDo: 3, events.CategoryDoing: 0, events.CategoryDone: 5},
		}, nil
	}})
	standing := map[string]float64{}
	for _, m := range found["docket_tasks"].GetMetric() {
		standing[m.GetLabel()[0].GetValue()] = m.GetGauge().GetValue()
	}
	if diff := cmp.Diff(map[string]float64{"to_do": 3, "doing": 0, "done": 5, "deleted": 2}, standing); diff != "" {
		t.Errorf("docket_tasks (-want +got):\n%s", diff)
	}
	h := found["docket_task_cycle_seconds"].GetMetric()[0].GetHistogram()
	buckets := h.GetBucket()
	if h.GetSampleCount() != 7 || h.GetSampleSum() != 3600 || len(buckets) != len(projections.CycleBounds) ||
		buckets[0].GetCumulativeCount() != 1 || buckets[1].GetCumulativeCount() != 1 || buckets[len(buckets)-1].GetCumulativeCount() != 3 {
		t.Errorf("docket_task_cycle_seconds: %v", h)
	}
}

// What cannot be had is left out, and the rest is there: a scrape must not fail
// with the database, of all times then.
func TestWhatFailsIsLeftOut(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	found := gather(t, metrics.Sources{
		Size:     func(context.Context) (jetstream.Size, error) { return jetstream.Size{}, broken },
		Figures:  func(context.Context) (projections.Figures, error) { return projections.Figures{}, broken },
		Database: func(context.Context) projections.Health { return projections.Health{} },
	})
	for name := range found {
		if strings.HasPrefix(name, "docket_task") || strings.HasPrefix(name, "docket_log") || name == "docket_database_round_trip_seconds" {
			t.Errorf("%s is there", name)
		}
	}
	if up := found["docket_database_up"]; up == nil || up.GetMetric()[0].GetGauge().GetValue() != 0 {
		t.Errorf("docket_database_up: %v", up)
	}
}

func TestDistributions(t *testing.T) {
	t.Parallel()
	d := metrics.NewDistributions()
	d.Acknowledged(3 * time.Millisecond)
	d.Applied(40, 20*time.Millisecond)
	found := gather(t, metrics.Sources{Distributions: d, Commands: func() commands.Stats { return commands.Stats{} }})
	if h := found["docket_log_append_seconds"].GetMetric()[0].GetHistogram(); h.GetSampleCount() != 1 || h.GetSampleSum() != .003 {
		t.Errorf("docket_log_append_seconds: %v", h)
	}
	if _, there := found["docket_rows_batch_events"]; there {
		t.Error("who writes no rows tells of batches")
	}
	found = gather(t, metrics.Sources{Distributions: d, Rows: func(context.Context) projections.Status { return projections.Status{} }})
	if h := found["docket_rows_batch_events"].GetMetric()[0].GetHistogram(); h.GetSampleCount() != 1 || h.GetSampleSum() != 40 {
		t.Errorf("docket_rows_batch_events: %v", h)
	}
}
