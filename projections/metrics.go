package projections

import (
	"math"
	"strconv"

	"github.com/docketlog/docket/metrics"
	"github.com/docketlog/docket/projections/dialect"
)

// RowsMetrics are the metrics of row progress, from [Projector.Overview].
var RowsMetrics = metrics.Table[Status]{
	metrics.Gauge("docket_rows_position", "Sequence up to which the rows are folded.", func(s Status) float64 { return float64(s.Position.Sequence) }),
	metrics.Gauge("docket_rows_lag_events", "Events in the log that are not in the rows yet.", func(s Status) float64 { return float64(s.Lag) }),
	metrics.Gauge("docket_rows_lag_seconds", "Age of the oldest event that is not in the rows yet.", func(s Status) float64 { return s.Behind.Seconds() }),
	metrics.Gauge("docket_rows_rate_events_per_second", "Events folded per second, lately.", func(s Status) float64 { return s.Rate }),
	metrics.Gauge("docket_rows_writing", "1 where this projector is the one that writes.", func(s Status) float64 { return metrics.OneIf(s.State == StateFollowing) }),
	metrics.Gauge("docket_rows_generation", "Generation of the rows being served.", func(s Status) float64 { return float64(s.Generation) }),
	metrics.Gauge("docket_rows_building", "Generation of the rows that are being made to take their place, or 0.", func(s Status) float64 { return float64(s.Building.Generation) }),
	metrics.Gauge("docket_rows_building_position", "Sequence up to which these are folded.", func(s Status) float64 { return float64(s.Building.Done) }),
	metrics.Gauge("docket_rows_building_lag_events", "Events they lack.", func(s Status) float64 { return float64(s.Building.Total - s.Building.Done) }),
	metrics.Gauge("docket_rows_building_rate_events_per_second", "Events folded into them per second, since their making began or went on.", func(s Status) float64 { return s.Building.Rate }),
	metrics.Gauge("docket_rows_building_remaining_seconds", "Time they still need at that rate.", func(s Status) float64 { return s.Building.Remaining.Seconds() }),
	metrics.Gauge("docket_rows_building_differs", "1 while they do not take their place because they are not as those served.", func(s Status) float64 { return metrics.OneIf(s.Building.Differs) }),
	metrics.Gauge("docket_rows_kept", "Generation of the rows served before, to which one can go back, or 0.", func(s Status) float64 { return float64(s.Kept) }),
	metrics.Counter("docket_rows_refused_total", "Events the rows ignored because they do not continue their aggregate's chain.", func(s Status) float64 { return float64(s.Refused) }),
	metrics.Gauges("docket_rows_projection_info", "1 for each projection and the version of its fold; all share one position.", []string{"projection", "version"}, func(_ Status, put metrics.Put) {
		for _, p := range Versions() {
			put(1, p.Name, strconv.Itoa(p.Version))
		}
	}),
	metrics.Gauge("docket_rows_parked_aggregates", "Aggregates put aside because an event of theirs could not be folded.", func(s Status) float64 { return float64(s.Parked) }),
}

// FiguresMetrics are the metrics of all tasks, from [Store.Figures].
var FiguresMetrics = metrics.Table[Figures]{
	metrics.Gauges("docket_tasks", "Tasks of all projects by category of their status; deleted ones are in the trash.", []string{"category"}, func(s Figures, put metrics.Put) {
		for category, n := range s.Standing {
			put(float64(n), string(category))
		}
		put(float64(s.Deleted), "deleted")
	}),
	metrics.Counter("docket_tasks_created_total", "Tasks ever created.", func(f Figures) float64 { return float64(f.Created) }),
	metrics.Counter("docket_tasks_completed_total", "Times a task was moved into a status of the category done.", func(f Figures) float64 { return float64(f.Completed) }),
	metrics.Counter("docket_tasks_reopened_total", "Times a task was moved out of one.", func(f Figures) float64 { return float64(f.Reopened) }),
	metrics.Histogram("docket_task_cycle_seconds", "Time from when a task was begun, or taken up again, or else created, to its completion.", cycles),
}

// DatabaseMetrics are the metrics of the database, from [Store.Health].
var DatabaseMetrics = metrics.Table[Health]{
	metrics.Gauge("docket_database_up", "1 while the database answers.", func(s Health) float64 { return metrics.OneIf(s.Answers) }),
	metrics.Gauge("docket_database_round_trip_seconds", "Time that answer took, waiting for a connection included; absent if there was none.", func(s Health) float64 {
		if !s.Answers {
			return math.NaN()
		}
		return s.RoundTrip.Seconds()
	}),
	ofPools(metrics.Gauges, "docket_database_connections", "Connections there are, by pool.", func(p *dialect.Pool) float64 { return float64(p.Open) }),
	ofPools(metrics.Gauges, "docket_database_connections_in_use", "Of these, those in use.", func(p *dialect.Pool) float64 { return float64(p.Used) }),
	ofPools(metrics.Gauges, "docket_database_connections_limit", "How many there may be; absent where nothing limits them.", func(p *dialect.Pool) float64 { return metrics.UnlessZero(float64(p.Limit)) }),
	ofPools(metrics.Counters, "docket_database_waits_total", "Times somebody waited for a connection.", func(p *dialect.Pool) float64 { return float64(p.Waits) }),
	ofPools(metrics.Counters, "docket_database_wait_seconds_total", "How long they waited.", func(p *dialect.Pool) float64 { return p.Waited.Seconds() }),
}

// ReplicaMetrics are the metrics of a gateway's databases, from
// [Replicas.Replicas].
var ReplicaMetrics = metrics.Table[[]Replica]{
	ofReplicas(metrics.Gauges, "docket_replica_up", "1 while this gateway reaches the database, by database.", func(r Replica) float64 { return metrics.OneIf(r.Reachable) }),
	ofReplicas(metrics.Gauges, "docket_replica_chosen", "1 for the database that it asks: the first of the freshest.", func(r Replica) float64 { return metrics.OneIf(r.Chosen) }),
	ofReplicas(metrics.Gauges, "docket_replica_position", "Sequence up to which the database's rows are folded, as this gateway last saw; 0 while it cannot serve them.", func(r Replica) float64 { return float64(r.Position.Sequence) }),
	ofReplicas(metrics.Counters, "docket_replica_reads_total", "Queries it answered.", func(r Replica) float64 { return float64(r.Reads) }),
}

// BatchEvents and TransactionSeconds are for [ProjectorOptions.Applied].
var (
	BatchEvents = metrics.Distribution{
		Name: "docket_rows_batch_events", Help: "Events in a transaction of the rows.",
		Bounds: []float64{1, 2, 5, 10, 20, 50, 100, 200, 500},
	}
	TransactionSeconds = metrics.Distribution{
		Name: "docket_rows_transaction_seconds", Help: "Time such a transaction took.",
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
