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

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/metrics"
	"github.com/docketlog/docket/projections"
)

// gather returns what a scrape of the collectors finds.
func gather(t *testing.T, all ...prometheus.Collector) map[string]*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	for _, one := range all {
		if err := registry.Register(one); err != nil {
			t.Fatal(err)
		}
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
	found := gather(t, projections.FiguresMetrics.Collector(metrics.Known(func() projections.Figures {
		return projections.Figures{
			Created: 9, Completed: 7, Reopened: 1, Deleted: 2, Cycles: cycles, CycleTime: time.Hour,
			Standing: map[events.Category]int64{events.CategoryToDo: 3, events.CategoryDoing: 0, events.CategoryDone: 5},
		}
	})))
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

// A failing source is left out and the rest is present: a scrape must not fail
// together with the database, when it is needed most.
func TestFailedCollectorsAreLeftOut(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	found := gather(t,
		jetstream.SizeMetrics.Collector(func(context.Context) (jetstream.Size, error) { return jetstream.Size{}, broken }),
		projections.FiguresMetrics.Collector(func(context.Context) (projections.Figures, error) { return projections.Figures{}, broken }),
		projections.DatabaseMetrics.Collector(metrics.Known(func() projections.Health { return projections.Health{} })))
	for name := range found {
		if strings.HasPrefix(name, "docket_task") || strings.HasPrefix(name, "docket_log") || name == "docket_database_round_trip_seconds" {
			t.Errorf("%s is there", name)
		}
	}
	if up := found["docket_database_up"]; up == nil || up.GetMetric()[0].GetGauge().GetValue() != 0 {
		t.Errorf("docket_database_up: %v", up)
	}
}
