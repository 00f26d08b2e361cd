package jetstream

import "github.com/docketlog/docket/metrics"

// Metrics are what a process did to the log, of [Log.Stats].
var Metrics = metrics.Table[Stats]{
	metrics.Counter("docket_log_commits_total", "Commits that this process appended to the log.", func(s Stats) float64 { return float64(s.Appended) }),
	metrics.Counter("docket_log_duplicates_total", "Commits that an earlier attempt had already appended.", func(s Stats) float64 { return float64(s.Duplicates) }),
	metrics.Counter("docket_log_conflicts_total", "Commits refused because the aggregate had changed.", func(s Stats) float64 { return float64(s.Conflicts) }),
	metrics.Counter("docket_log_refused_total", "Commits that the log refused, for example because they are too large or the log is full.", func(s Stats) float64 { return float64(s.Refused) }),
	metrics.Counter("docket_log_ambiguous_total", "Appends whose outcome was unclear from the response of the log and had to be settled.", func(s Stats) float64 { return float64(s.Ambiguous) }),
	metrics.Counter("docket_log_unsettled_total", "Commits whose outcome remained unknown.", func(s Stats) float64 { return float64(s.Unsettled) }),
	metrics.Counter("docket_log_forks_total", "Events ignored because they do not continue their aggregate's chain.", func(s Stats) float64 { return float64(s.Forks) }),
	metrics.Counter("docket_log_malformed_total", "Messages on event subjects that are not events.", func(s Stats) float64 { return float64(s.Malformed) }),
}

// SizeMetrics are what the log is, of [Log.Size].
var SizeMetrics = metrics.Table[Size]{
	metrics.Gauge("docket_log_events", "Events in the log.", func(s Size) float64 { return float64(s.Events) }),
	metrics.Gauge("docket_log_bytes", "Size of the log on each NATS server.", func(s Size) float64 { return float64(s.Bytes) }),
	metrics.Gauge("docket_log_copies", "Configured replicas of the log.", func(s Size) float64 { return float64(s.Copies) }),
	metrics.Gauge("docket_log_copies_current", "Log replicas in sync, including the leader.", func(s Size) float64 { return float64(s.Current) }),
	metrics.Gauge("docket_clock_ahead_seconds", "Seconds by which this process's clock is ahead of that of the NATS server that leads the log; negative if it is behind.", func(s Size) float64 { return s.Ahead.Seconds() }),
}

// AppendSeconds is for [Options.Acknowledged].
var AppendSeconds = metrics.Distribution{
	Name: "docket_log_append_seconds", Help: "Time until the log acknowledged a commit, including attempts that had to be settled.",
	Bounds: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
}
