package projections

import (
	"math"
	"strconv"

	"github.com/docketlog/docket/metrics"
	"github.com/docketlog/docket/projections/dialect"
)

// RowsMetrics are the metrics of row progress, from [Projector.Overview].
var RowsMetrics = metrics.Table[Status]{
	metrics.Gauge("docket_rows_position", "Sequence of the last event in the rows.", func(s Status) float64 { return float64(s.Position.Sequence) }),
	metrics.Gauge("docket_rows_lag_events", "Events in the log that are not yet in the rows.", func(s Status) float64 { return float64(s.Lag) }),
	metrics.Gauge("docket_rows_lag_seconds", "Age of the oldest event that is not yet in the rows.", func(s Status) float64 { return s.Behind.Seconds() }),
	metrics.Gauge("docket_rows_rate_events_per_second", "Recent rate of events folded.", func(s Status) float64 { return s.Rate }),
	metrics.Gauge("docket_rows_writing", "1 if this projector is the one that writes the rows, else 0.", func(s Status) float64 { return metrics.OneIf(s.State == StateFollowing) }),
	metrics.Gauge("docket_rows_generation", "Generation of the served rows.", func(s Status) float64 { return float64(s.Generation) }),
	metrics.Gauge("docket_rows_building", "Generation of the rows being built to replace the served ones; 0 if none.", func(s Status) float64 { return float64(s.Building.Generation) }),
	metrics.Gauge("docket_rows_building_position", "Sequence of the last event in the rows being built.", func(s Status) float64 { return float64(s.Building.Done) }),
	metrics.Gauge("docket_rows_building_lag_events", "Events not yet in the rows being built.", func(s Status) float64 { return float64(s.Building.Total - s.Building.Done) }),
	metrics.Gauge("docket_rows_building_rate_events_per_second", "Rate of events folded into the rows being built since the build started or resumed.", func(s Status) float64 { return s.Building.Rate }),
	metrics.Gauge("docket_rows_building_remaining_seconds", "Estimated time until the rows being built are complete, at the current rate.", func(s Status) float64 { return s.Building.Remaining.Seconds() }),
	metrics.Gauge("docket_rows_building_differs", "1 while the rows being built are not served because they differ from the served ones, else 0.", func(s Status) float64 { return metrics.OneIf(s.Building.Differs) }),
	metrics.Gauge("docket_rows_kept", "Generation kept for docket rebuild --back; 0 if none.", func(s Status) float64 { return float64(s.Kept) }),
	metrics.Counter("docket_rows_refused_total", "Events ignored by the rows because they do not continue their aggregate's chain.", func(s Status) float64 { return float64(s.Refused) }),
	metrics.Gauges("docket_rows_projection_info", "Fold version of each projection; always 1. All projections share one position.", []string{"projection", "version"}, func(_ Status, put metrics.Put) {
		for _, p := range Versions() {
			put(1, p.Name, strconv.Itoa(p.Version))
		}
	}),
	metrics.Gauge("docket_rows_parked_aggregates", "Aggregates parked because one of their events could not be folded.", func(s Status) float64 { return float64(s.Parked) }),
}

// FiguresMetrics are the metrics of all tasks, from [Store.Figures].
var FiguresMetrics = metrics.Table[Figures]{
	metrics.Gauges("docket_tasks", "Tasks in all projects by status category; deleted tasks are those in the trash.", []string{"category"}, func(s Figures, put metrics.Put) {
		for category, n := range s.Standing {
			put(float64(n), string(category))
		}
		put(float64(s.Deleted), "deleted")
	}),
	metrics.Counter("docket_tasks_created_total", "Tasks created.", func(f Figures) float64 { return float64(f.Created) }),
	metrics.Counter("docket_tasks_completed_total", "Times a task was moved into a status of the category done.", func(f Figures) float64 { return float64(f.Completed) }),
	metrics.Counter("docket_tasks_reopened_total", "Times a task was moved out of a status of the category done.", func(f Figures) float64 { return float64(f.Reopened) }),
	metrics.Histogram("docket_task_cycle_seconds", "Cycle time: from when a task was started or resumed, or else created, until it was completed.", cycles),
}

// DatabaseMetrics are the metrics of the database, from [Store.Health].
var DatabaseMetrics = metrics.Table[Health]{
	metrics.Gauge("docket_database_up", "1 while the database responds, else 0.", func(s Health) float64 { return metrics.OneIf(s.Answers) }),
	metrics.Gauge("docket_database_round_trip_seconds", "Round-trip time to the database, including the wait for a connection; absent if it did not respond.", func(s Health) float64 {
		if !s.Answers {
			return math.NaN()
		}
		return s.RoundTrip.Seconds()
	}),
	ofPools(metrics.Gauges, "docket_database_connections", "Open database connections, by pool.", func(p *dialect.Pool) float64 { return float64(p.Open) }),
	ofPools(metrics.Gauges, "docket_database_connections_in_use", "Database connections in use, by pool.", func(p *dialect.Pool) float64 { return float64(p.Used) }),
	ofPools(metrics.Gauges, "docket_database_connections_limit", "Maximum number of database connections, by pool; absent if unlimited.", func(p *dialect.Pool) float64 { return metrics.UnlessZero(float64(p.Limit)) }),
	ofPools(metrics.Counters, "docket_database_waits_total", "Times a query waited for a database connection, by pool.", func(p *dialect.Pool) float64 { return float64(p.Waits) }),
	ofPools(metrics.Counters, "docket_database_wait_seconds_total", "Total time queries waited for a database connection, by pool.", func(p *dialect.Pool) float64 { return p.Waited.Seconds() }),
}

// ReplicaMetrics are the metrics of a gateway's databases, from
// [Replicas.Replicas].
var ReplicaMetrics = metrics.Table[[]Replica]{
	ofReplicas(metrics.Gauges, "docket_replica_up", "1 while this gateway can reach the database, else 0.", func(r Replica) float64 { return metrics.OneIf(r.Reachable) }),
	ofReplicas(metrics.Gauges, "docket_replica_chosen", "1 for the database that this gateway queries: the first of the most up-to-date ones; else 0.", func(r Replica) float64 { return metrics.OneIf(r.Chosen) }),
	ofReplicas(metrics.Gauges, "docket_replica_position", "Sequence of the last event in the database's rows, as last seen by this gateway; 0 while it cannot serve them.", func(r Replica) float64 { return float64(r.Position.Sequence) }),
	ofReplicas(metrics.Counters, "docket_replica_reads_total", "Queries that the database answered.", func(r Replica) float64 { return float64(r.Reads) }),
}

// BatchEvents and TransactionSeconds are for [ProjectorOptions.Applied].
var (
	BatchEvents = metrics.Distribution{
		Name: "docket_rows_batch_events", Help: "Events per transaction that updates the rows.",
		Bounds: []float64{1, 2, 5, 10, 20, 50, 100, 200, 500},
	}
	TransactionSeconds = metrics.Distribution{
		Name: "docket_rows_transaction_seconds", Help: "Duration of a transaction that updates the rows.",
		Bounds: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	}
)

func cycles(f Figures) (count uint64, sum float64, buckets map[float64]uint64) {
	buckets = make(map[float64]uint64, len(CycleBounds))
	for i, n := range f.Cycles {
		if count += n; i < len(CycleBounds) {
			buckets[CycleBounds[i].Seconds()] = count
		}
	}
	return count, f.CycleTime.Seconds(), buckets
}

func ofPools(kind func(string, string, []string, func(Health, metrics.Put)) metrics.Metric[Health], name, help string, value func(*dialect.Pool) float64) metrics.Metric[Health] {
	return kind(name, help, []string{"pool"}, func(h Health, put metrics.Put) {
		put(value(&h.Reading), "reading")
		put(value(&h.Writing), "writing")
	})
}

func ofReplicas(kind func(string, string, []string, func([]Replica, metrics.Put)) metrics.Metric[[]Replica], name, help string, value func(Replica) float64) metrics.Metric[[]Replica] {
	return kind(name, help, []string{"database"}, func(replicas []Replica, put metrics.Put) {
		for _, r := range replicas {
			put(value(r), r.Name)
		}
	})
}
