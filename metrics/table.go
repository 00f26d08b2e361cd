package metrics

import (
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/notifier"
	"github.com/docketlog/docket/projections"
	"github.com/prometheus/client_golang/prometheus"
)

// Sources is where values come from. A role gives those it has; metrics of the
// others are absent.
type Sources struct {
	Log      func() jetstream.Stats
	Commands func() commands.Stats
	Rows     func() projections.Status
	Notices  func() notifier.Status
}

// snapshot is all sources read once, so that figures of one scrape agree.
type snapshot struct {
	log      *jetstream.Stats
	commands *commands.Stats
	rows     *projections.Status
	notices  *notifier.Status
}

// metric is a line of the table.
type metric struct {
	name  string
	kind  prometheus.ValueType
	help  string
	value func(*snapshot) float64
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// Each table is of one source. docs/operations.md repeats names and meanings; a
// test compares.
var (
	logTable = []metric{
		{"docket_log_commits_total", counter, "Commits this process wrote to the log.", func(s *snapshot) float64 { return float64(s.log.Appended) }},
		{"docket_log_duplicates_total", counter, "Commits found to have been written by an earlier attempt.", func(s *snapshot) float64 { return float64(s.log.Duplicates) }},
		{"docket_log_conflicts_total", counter, "Commits refused because their aggregate had moved on.", func(s *snapshot) float64 { return float64(s.log.Conflicts) }},
		{"docket_log_refused_total", counter, "Commits the log will not take.", func(s *snapshot) float64 { return float64(s.log.Refused) }},
		{"docket_log_ambiguous_total", counter, "Answers of the log from which the outcome could not be told and had to be settled.", func(s *snapshot) float64 { return float64(s.log.Ambiguous) }},
		{"docket_log_unsettled_total", counter, "Commits whose outcome stayed unknown.", func(s *snapshot) float64 { return float64(s.log.Unsettled) }},
		{"docket_log_forks_total", counter, "Events ignored because they do not continue their aggregate's chain.", func(s *snapshot) float64 { return float64(s.log.Forks) }},
		{"docket_log_malformed_total", counter, "Messages on event subjects that are no events.", func(s *snapshot) float64 { return float64(s.log.Malformed) }},
	}
	commandTable = []metric{
		{"docket_commands_accepted_total", counter, "Commands that were accepted.", func(s *snapshot) float64 { return float64(s.commands.Handled) }},
		{"docket_commands_unchanged_total", counter, "Accepted commands that changed nothing.", func(s *snapshot) float64 { return float64(s.commands.Unchanged) }},
		{"docket_commands_repeated_total", counter, "Accepted commands that had happened already.", func(s *snapshot) float64 { return float64(s.commands.Duplicates) }},
		{"docket_commands_rejected_total", counter, "Commands that were rejected.", func(s *snapshot) float64 { return float64(s.commands.Rejected) }},
		{"docket_commands_failed_total", counter, "Commands that failed for another reason than a rejection.", func(s *snapshot) float64 { return float64(s.commands.Failed) }},
		{"docket_commands_decided_again_total", counter, "Decisions taken again because another writer was first.", func(s *snapshot) float64 { return float64(s.commands.Conflicts) }},
		{"docket_commands_loads_total", counter, "Reads of an aggregate from the log.", func(s *snapshot) float64 { return float64(s.commands.Loads) }},
		{"docket_commands_warm_aggregates", gauge, "Aggregates kept folded in memory.", func(s *snapshot) float64 { return float64(s.commands.Warm) }},
	}
	rowsTable = []metric{
		{"docket_rows_position", gauge, "Sequence up to which the rows are folded.", func(s *snapshot) float64 { return float64(s.rows.Position.Sequence) }},
		{"docket_rows_lag_events", gauge, "Events in the log that are not in the rows yet.", func(s *snapshot) float64 { return float64(s.rows.Lag) }},
		{"docket_rows_lag_seconds", gauge, "Age of the oldest event that is not in the rows yet.", func(s *snapshot) float64 { return s.rows.Behind.Seconds() }},
		{"docket_rows_rate_events_per_second", gauge, "Events folded per second, lately.", func(s *snapshot) float64 { return s.rows.Rate }},
		{"docket_rows_batch_events", gauge, "Events in the last transaction.", func(s *snapshot) float64 { return float64(s.rows.Batch) }},
		{"docket_rows_writing", gauge, "1 where this projector is the one that writes.", func(s *snapshot) float64 { return oneIf(s.rows.State == projections.StateFollowing) }},
		{"docket_rows_generation", gauge, "Generation of the rows being served.", func(s *snapshot) float64 { return float64(s.rows.Generation) }},
		{"docket_rows_refused_total", counter, "Events the rows ignored because they do not continue their aggregate's chain.", func(s *snapshot) float64 { return float64(s.rows.Refused) }},
		{"docket_rows_parked_aggregates", gauge, "Aggregates put aside because an event of theirs could not be folded.", func(s *snapshot) float64 { return float64(s.rows.Parked) }},
	}
	noticeTable = []metric{
		{"docket_notices_lag_events", gauge, "Events nobody has decided on yet whom to tell.", func(s *snapshot) float64 { return float64(s.notices.Lag) }},
		{"docket_notices_lag_seconds", gauge, "How long the log has held the oldest of them.", func(s *snapshot) float64 { return s.notices.Behind.Seconds() }},
		{"docket_notices_waiting", gauge, "Notices that are due, of the whole installation.", func(s *snapshot) float64 { return float64(s.notices.Waiting) }},
		{"docket_notices_retrying", gauge, "Of these, those that were tried before.", func(s *snapshot) float64 { return float64(s.notices.Retrying) }},
		{"docket_notices_parked", gauge, "Notices given up until somebody resumes them.", func(s *snapshot) float64 { return float64(s.notices.Parked) }},
		{"docket_notices_delivered_total", counter, "Mails the SMTP server accepted.", func(s *snapshot) float64 { return float64(s.notices.Delivered) }},
		{"docket_notices_kept_total", counter, "Mails written to the mail folder.", func(s *snapshot) float64 { return float64(s.notices.Kept) }},
		{"docket_notices_suppressed_total", counter, "Notices not sent because somebody may not or cannot be told.", func(s *snapshot) float64 { return float64(s.notices.Suppressed) }},
		{"docket_notices_failed_total", counter, "Attempts to deliver that failed.", func(s *snapshot) float64 { return float64(s.notices.Failed) }},
		{"docket_notices_ignored_total", counter, "Messages on event subjects that are no events or lie outside their task's chain.", func(s *snapshot) float64 { return float64(s.notices.Ignored) }},
		{"docket_notices_server_down", gauge, "1 while the SMTP server is left alone because it failed.", func(s *snapshot) float64 { return oneIf(s.notices.ServerDown) }},
	}
)

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
