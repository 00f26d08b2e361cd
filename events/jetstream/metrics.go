package jetstream

import "github.com/docketlog/docket/metrics"

// Metrics are what a process did to the log, of [Log.Stats].
var Metrics = metrics.Table[Stats]{
	metrics.Counter("docket_log_commits_total", "Commits this process wrote to the log.", func(s Stats) float64 { return float64(s.Appended) }),
	metrics.Counter("docket_log_duplicates_total", "Commits found to have been written by an earlier attempt.", func(s Stats) float64 { return float64(s.Duplicates) }),
	metrics.Counter("docket_log_conflicts_total", "Commits refused because their aggregate had moved on.", func(s Stats) float64 { return float64(s.Conflicts) }),
	metrics.Counter("docket_log_refused_total", "Commits the log will not take.", func(s Stats) float64 { return float64(s.Refused) }),
	metrics.Counter("docket_log_ambiguous_total", "Answers of the log from which the outcome could not be told and had to be settled.", func(s Stats) float64 { return float64(s.Ambiguous) }),
	metrics.Counter("docket_log_unsettled_total", "Commits whose outcome stayed unknown.", func(s Stats) float64 { return float64(s.Unsettled) }),
	metrics.Counter("docket_log_forks_total", "Events ignored because they do not continue their aggregate's chain.", func(s Stats) float64 { return float64(s.Forks) }),
	metrics.Counter("docket_log_malformed_total", "Messages on event subjects that are no events.", func(s Stats) float64 { return float64(s.Malformed) }),
}

// SizeMetrics are what the log is, of [Log.Size].
var SizeMetrics = metrics.Table[Size]{
	metrics.Gauge("docket_log_events", "Events the log holds.", func(s Size) float64 { return float64(s.Events) }),
	metrics.Gauge("docket_log_bytes", "What they take on each server.", func(s Size) float64 { return float64(s.Bytes) }),
	metrics.Gauge("docket_log_copies", "NATS servers that shall hold the log.", func(s Size) float64 { return float64(s.Copies) }),
	metrics.Gauge("docket_log_copies_current", "Of these, those that are up with it, the leader included.", func(s Size) float64 { return float64(s.Current) }),
	metrics.Gauge("docket_clock_ahead_seconds", "How far this process's clock is ahead of that of the NATS server that leads the log; negative if it is behind.", func(s Size) float64 { return s.Ahead.Seconds() }),
}

// AppendSeconds is for [Options.Acknowledged].
var AppendSeconds = metrics.Distribution{
	Name: "docket_log_append_seconds", Help: "Time until a commit was acknowledged by the log, attempts that had to be settled included.",
	Bounds: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
}
