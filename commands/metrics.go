package commands

import "github.com/docketlog/docket/metrics"

// Metrics describe the outcomes of commands in a process, from [Handler.Stats].
var Metrics = metrics.Table[Stats]{
	metrics.Counter("docket_commands_accepted_total", "Commands that were accepted.", func(s Stats) float64 { return float64(s.Handled) }),
	metrics.Counter("docket_commands_unchanged_total", "Accepted commands that changed nothing.", func(s Stats) float64 { return float64(s.Unchanged) }),
	metrics.Counter("docket_commands_repeated_total", "Accepted commands that had already been applied.", func(s Stats) float64 { return float64(s.Duplicates) }),
	metrics.Counter("docket_commands_rejected_total", "Commands that were rejected.", func(s Stats) float64 { return float64(s.Rejected) }),
	metrics.Counter("docket_commands_failed_total", "Commands that failed for a reason other than a rejection.", func(s Stats) float64 { return float64(s.Failed) }),
	metrics.Counter("docket_commands_decided_again_total", "Decisions repeated because another writer changed the aggregate first.", func(s Stats) float64 { return float64(s.Conflicts) }),
	metrics.Counter("docket_commands_loads_total", "Aggregates read from the log.", func(s Stats) float64 { return float64(s.Loads) }),
	metrics.Gauge("docket_commands_warm_aggregates", "Aggregates cached in memory.", func(s Stats) float64 { return float64(s.Warm) }),
}
