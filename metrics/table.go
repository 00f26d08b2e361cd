package metrics

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/notifier"
	"github.com/docketlog/docket/projections"
	"github.com/prometheus/client_golang/prometheus"
)

// Sources is where values come from. A role gives those it has; metrics of the
// others are absent. Functions with a context are asked at every scrape and
// must end with it.
type Sources struct {
	Build         Build
	Log           func() jetstream.Stats
	Size          func(context.Context) (jetstream.Size, error)
	Commands      func() commands.Stats
	Accounts      func() accounts.Stats
	Rows          func(context.Context) projections.Status
	Figures       func(context.Context) (projections.Figures, error)
	Notices       func() notifier.Status
	Broker        func(context.Context) broker.Health
	Database      func(context.Context) projections.Health
	Replicas      func() []projections.Replica
	Certificates  func() map[string]time.Time
	Distributions *Distributions
}

// Build is which program this is.
type Build struct{ Version, Revision, Go string }

// snapshot is all sources read once, so that figures of one scrape agree. What
// could not be read is nil.
type snapshot struct {
	build    Build
	log      *jetstream.Stats
	size     *jetstream.Size
	commands *commands.Stats
	accounts *accounts.Stats
	rows     *projections.Status
	figures  *projections.Figures
	notices  *notifier.Status
	broker   *broker.Health
	database *projections.Health
	replicas *[]projections.Replica
	// certificates run out at these times, by what they are used for.
	certificates map[string]time.Time
}

// metric is a line of the table with one value; NaN is none.
type metric struct {
	name  string
	kind  prometheus.ValueType
	help  string
	value func(*snapshot) float64
}

// family is a line with a value for each of a few labels.
type family struct {
	name   string
	kind   prometheus.ValueType
	help   string
	labels []string
	each   func(s *snapshot, put func(v float64, labels ...string))
}

// distribution is a histogram. read is there if it is kept elsewhere.
type distribution struct {
	name   string
	help   string
	bounds []float64
	read   func(*snapshot) (count uint64, sum float64, buckets map[float64]uint64, ok bool)
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// Each table is of one source. docs/operations/metrics.md repeats names and meanings; a
// test compares.
var (
	buildTable = []entry{
		family{"docket_build_info", gauge, "1 for the program this is.", []string{"version", "revision", "go"}, func(s *snapshot, put func(float64, ...string)) {
			put(1, s.build.Version, s.build.Revision, s.build.Go)
		}},
	}
	logTable = []entry{
		metric{"docket_log_commits_total", counter, "Commits this process wrote to the log.", func(s *snapshot) float64 { return float64(s.log.Appended) }},
		metric{"docket_log_duplicates_total", counter, "Commits found to have been written by an earlier attempt.", func(s *snapshot) float64 { return float64(s.log.Duplicates) }},
		metric{"docket_log_conflicts_total", counter, "Commits refused because their aggregate had moved on.", func(s *snapshot) float64 { return float64(s.log.Conflicts) }},
		metric{"docket_log_refused_total", counter, "Commits the log will not take.", func(s *snapshot) float64 { return float64(s.log.Refused) }},
		metric{"docket_log_ambiguous_total", counter, "Answers of the log from which the outcome could not be told and had to be settled.", func(s *snapshot) float64 { return float64(s.log.Ambiguous) }},
		metric{"docket_log_unsettled_total", counter, "Commits whose outcome stayed unknown.", func(s *snapshot) float64 { return float64(s.log.Unsettled) }},
		metric{"docket_log_forks_total", counter, "Events ignored because they do not continue their aggregate's chain.", func(s *snapshot) float64 { return float64(s.log.Forks) }},
		metric{"docket_log_malformed_total", counter, "Messages on event subjects that are no events.", func(s *snapshot) float64 { return float64(s.log.Malformed) }},
	}
	sizeTable = []entry{
		metric{"docket_log_events", gauge, "Events the log holds.", ofSize(func(size *jetstream.Size) float64 { return float64(size.Events) })},
		metric{"docket_log_bytes", gauge, "What they take on each server.", ofSize(func(size *jetstream.Size) float64 { return float64(size.Bytes) })},
		metric{"docket_log_copies", gauge, "NATS servers that shall hold the log.", ofSize(func(size *jetstream.Size) float64 { return float64(size.Copies) })},
		metric{"docket_log_copies_current", gauge, "Of these, those that are up with it, the leader included.", ofSize(func(size *jetstream.Size) float64 { return float64(size.Current) })},
		metric{"docket_clock_ahead_seconds", gauge, "How far this process's clock is ahead of that of the NATS server that leads the log; negative if it is behind.", ofSize(func(size *jetstream.Size) float64 { return size.Ahead.Seconds() })},
	}
	commandTable = []entry{
		metric{"docket_commands_accepted_total", counter, "Commands that were accepted.", func(s *snapshot) float64 { return float64(s.commands.Handled) }},
		metric{"docket_commands_unchanged_total", counter, "Accepted commands that changed nothing.", func(s *snapshot) float64 { return float64(s.commands.Unchanged) }},
		metric{"docket_commands_repeated_total", counter, "Accepted commands that had happened already.", func(s *snapshot) float64 { return float64(s.commands.Duplicates) }},
		metric{"docket_commands_rejected_total", counter, "Commands that were rejected.", func(s *snapshot) float64 { return float64(s.commands.Rejected) }},
		metric{"docket_commands_failed_total", counter, "Commands that failed for another reason than a rejection.", func(s *snapshot) float64 { return float64(s.commands.Failed) }},
		metric{"docket_commands_decided_again_total", counter, "Decisions taken again because another writer was first.", func(s *snapshot) float64 { return float64(s.commands.Conflicts) }},
		metric{"docket_commands_loads_total", counter, "Reads of an aggregate from the log.", func(s *snapshot) float64 { return float64(s.commands.Loads) }},
		metric{"docket_commands_warm_aggregates", gauge, "Aggregates kept folded in memory.", func(s *snapshot) float64 { return float64(s.commands.Warm) }},
	}
	accountTable = []entry{
		family{"docket_sign_ins_total", counter, "Sign-ins by how they ended: accepted, refused, limited after too many attempts.", []string{"outcome"}, func(s *snapshot, put func(float64, ...string)) {
			put(float64(s.accounts.SignedIn), "accepted")
			put(float64(s.accounts.Refused), "refused")
			put(float64(s.accounts.Limited), "limited")
		}},
		metric{"docket_sessions_remembered", gauge, "Open sessions this process has seen lately.", func(s *snapshot) float64 { return float64(s.accounts.Sessions) }},
	}
	rowsTable = []entry{
		metric{"docket_rows_position", gauge, "Sequence up to which the rows are folded.", func(s *snapshot) float64 { return float64(s.rows.Position.Sequence) }},
		metric{"docket_rows_lag_events", gauge, "Events in the log that are not in the rows yet.", func(s *snapshot) float64 { return float64(s.rows.Lag) }},
		metric{"docket_rows_lag_seconds", gauge, "Age of the oldest event that is not in the rows yet.", func(s *snapshot) float64 { return s.rows.Behind.Seconds() }},
		metric{"docket_rows_rate_events_per_second", gauge, "Events folded per second, lately.", func(s *snapshot) float64 { return s.rows.Rate }},
		metric{"docket_rows_writing", gauge, "1 where this projector is the one that writes.", func(s *snapshot) float64 { return oneIf(s.rows.State == projections.StateFollowing) }},
		metric{"docket_rows_generation", gauge, "Generation of the rows being served.", func(s *snapshot) float64 { return float64(s.rows.Generation) }},
		metric{"docket_rows_building", gauge, "Generation of the rows that are being made to take their place, or 0.", func(s *snapshot) float64 { return float64(s.rows.Building.Generation) }},
		metric{"docket_rows_building_position", gauge, "Sequence up to which these are folded.", func(s *snapshot) float64 { return float64(s.rows.Building.Done) }},
		metric{"docket_rows_building_lag_events", gauge, "Events they lack.", func(s *snapshot) float64 { return float64(s.rows.Building.Total - s.rows.Building.Done) }},
		metric{"docket_rows_building_rate_events_per_second", gauge, "Events folded into them per second, since their making began or went on.", func(s *snapshot) float64 { return s.rows.Building.Rate }},
		metric{"docket_rows_building_remaining_seconds", gauge, "Time they still need at that rate.", func(s *snapshot) float64 { return s.rows.Building.Remaining.Seconds() }},
		metric{"docket_rows_building_differs", gauge, "1 while they do not take their place because they are not as those served.", func(s *snapshot) float64 { return oneIf(s.rows.Building.Differs) }},
		metric{"docket_rows_kept", gauge, "Generation of the rows served before, to which one can go back, or 0.", func(s *snapshot) float64 { return float64(s.rows.Kept) }},
		metric{"docket_rows_refused_total", counter, "Events the rows ignored because they do not continue their aggregate's chain.", func(s *snapshot) float64 { return float64(s.rows.Refused) }},
		family{"docket_rows_projection_info", gauge, "1 for each projection and the version of its fold; all share one position.", []string{"projection", "version"}, func(_ *snapshot, put func(float64, ...string)) {
			for _, p := range projections.Versions() {
				put(1, p.Name, strconv.Itoa(p.Version))
			}
		}},
		metric{"docket_rows_parked_aggregates", gauge, "Aggregates put aside because an event of theirs could not be folded.", func(s *snapshot) float64 { return float64(s.rows.Parked) }},
	}
	figuresTable = []entry{
		family{"docket_tasks", gauge, "Tasks of all projects by category of their status; deleted ones are in the trash.", []string{"category"}, func(s *snapshot, put func(float64, ...string)) {
			if s.figures == nil {
				return
			}
			for category, n := range s.figures.Standing {
				put(float64(n), string(category))
			}
			put(float64(s.figures.Deleted), "deleted")
		}},
		metric{"docket_tasks_created_total", counter, "Tasks ever created.", ofFigures(func(f *projections.Figures) float64 { return float64(f.Created) })},
		metric{"docket_tasks_completed_total", counter, "Times a task was moved into a status of the category done.", ofFigures(func(f *projections.Figures) float64 { return float64(f.Completed) })},
		metric{"docket_tasks_reopened_total", counter, "Times a task was moved out of one.", ofFigures(func(f *projections.Figures) float64 { return float64(f.Reopened) })},
		cycleSeconds,
	}
	noticeTable = []entry{
		metric{"docket_notices_lag_events", gauge, "Events nobody has decided on yet whom to tell.", func(s *snapshot) float64 { return float64(s.notices.Lag) }},
		metric{"docket_notices_lag_seconds", gauge, "How long the log has held the oldest of them.", func(s *snapshot) float64 { return s.notices.Behind.Seconds() }},
		metric{"docket_notices_waiting", gauge, "Notices that are due, of the whole installation.", func(s *snapshot) float64 { return float64(s.notices.Waiting) }},
		metric{"docket_notices_oldest_seconds", gauge, "How long the oldest of them has been waiting.", func(s *snapshot) float64 { return s.notices.Oldest.Seconds() }},
		metric{"docket_notices_retrying", gauge, "Of these, those that were tried before.", func(s *snapshot) float64 { return float64(s.notices.Retrying) }},
		metric{"docket_notices_parked", gauge, "Notices given up until somebody resumes them.", func(s *snapshot) float64 { return float64(s.notices.Parked) }},
		metric{"docket_notices_delivered_total", counter, "Mails the SMTP server accepted.", func(s *snapshot) float64 { return float64(s.notices.Delivered) }},
		metric{"docket_notices_kept_total", counter, "Mails written to the mail folder.", func(s *snapshot) float64 { return float64(s.notices.Kept) }},
		metric{"docket_notices_suppressed_total", counter, "Notices not sent because somebody may not or cannot be told.", func(s *snapshot) float64 { return float64(s.notices.Suppressed) }},
		metric{"docket_notices_failed_total", counter, "Attempts to deliver that failed.", func(s *snapshot) float64 { return float64(s.notices.Failed) }},
		metric{"docket_notices_ignored_total", counter, "Messages on event subjects that are no events or lie outside their task's chain.", func(s *snapshot) float64 { return float64(s.notices.Ignored) }},
		metric{"docket_notices_server_down", gauge, "1 while the SMTP server is left alone because it failed.", func(s *snapshot) float64 { return oneIf(s.notices.ServerDown) }},
	}
	brokerTable = []entry{
		metric{"docket_broker_connected", gauge, "1 while this process is connected to NATS.", func(s *snapshot) float64 { return oneIf(s.broker.Connected) }},
		metric{"docket_broker_reconnects_total", counter, "Times the connection was lost and found again.", func(s *snapshot) float64 { return float64(s.broker.Reconnects) }},
		metric{"docket_broker_round_trip_seconds", gauge, "Time a ping took just now; absent if it was not answered.", func(s *snapshot) float64 { return unlessZero(s.broker.RoundTrip.Seconds()) }},
		metric{"docket_broker_stored_bytes", gauge, "What JetStream keeps for Docket: log, buckets, notices; absent where the server does not say.", func(s *snapshot) float64 { return unlessZero(float64(s.broker.Stored)) }},
		metric{"docket_broker_storage_limit_bytes", gauge, "What it may keep; absent where nothing limits it but the disk.", func(s *snapshot) float64 { return unlessZero(float64(s.broker.Limit)) }},
	}
	certificateTable = []entry{
		family{"docket_certificate_expiry_timestamp_seconds", gauge, "When a certificate runs out: https that of the gateway, nats_client what a role shows NATS, nats_server what the NATS server it is connected to shows.", []string{"use"}, func(s *snapshot, put func(float64, ...string)) {
			for use, expiry := range s.certificates {
				put(float64(expiry.Unix()), use)
			}
		}},
	}
	databaseTable = []entry{
		metric{"docket_database_up", gauge, "1 while the database answers.", func(s *snapshot) float64 { return oneIf(s.database.Answers) }},
		metric{"docket_database_round_trip_seconds", gauge, "Time that answer took, waiting for a connection included; absent if there was none.", func(s *snapshot) float64 {
			if !s.database.Answers {
				return math.NaN()
			}
			return s.database.RoundTrip.Seconds()
		}},
		ofPools("docket_database_connections", gauge, "Connections there are, by pool.", func(p *projections.Pool) float64 { return float64(p.Open) }),
		ofPools("docket_database_connections_in_use", gauge, "Of these, those in use.", func(p *projections.Pool) float64 { return float64(p.Used) }),
		ofPools("docket_database_connections_limit", gauge, "How many there may be; absent where nothing limits them.", func(p *projections.Pool) float64 { return unlessZero(float64(p.Limit)) }),
		ofPools("docket_database_waits_total", counter, "Times somebody waited for a connection.", func(p *projections.Pool) float64 { return float64(p.Waits) }),
		ofPools("docket_database_wait_seconds_total", counter, "How long they waited.", func(p *projections.Pool) float64 { return p.Waited.Seconds() }),
	}
	replicaTable = []entry{
		ofReplicas("docket_replica_up", gauge, "1 while this gateway reaches the database, by database.", func(r projections.Replica) float64 { return oneIf(r.Reachable) }),
		ofReplicas("docket_replica_chosen", gauge, "1 for the database that it asks: the first of the freshest.", func(r projections.Replica) float64 { return oneIf(r.Chosen) }),
		ofReplicas("docket_replica_position", gauge, "Sequence up to which the database's rows are folded, as this gateway last saw; 0 while it cannot serve them.", func(r projections.Replica) float64 { return float64(r.Position.Sequence) }),
		ofReplicas("docket_replica_reads_total", counter, "Queries it answered.", func(r projections.Replica) float64 { return float64(r.Reads) }),
	}
)

// The distributions.
var (
	appendSeconds = distribution{
		name: "docket_log_append_seconds", help: "Time until a commit was acknowledged by the log, attempts that had to be settled included.",
		bounds: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}
	batchEvents = distribution{
		name: "docket_rows_batch_events", help: "Events in a transaction of the rows.",
		bounds: []float64{1, 2, 5, 10, 20, 50, 100, 200, 500},
	}
	transactionSeconds = distribution{
		name: "docket_rows_transaction_seconds", help: "Time such a transaction took.",
		bounds: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	}
	cycleSeconds = distribution{
		name: "docket_task_cycle_seconds", help: "Time from when a task was begun, or taken up again, or else created, to its completion.",
		read: func(s *snapshot) (count uint64, sum float64, buckets map[float64]uint64, ok bool) {
			if s.figures == nil {
				return 0, 0, nil, false
			}
			buckets = make(map[float64]uint64, len(projections.CycleBounds))
			for i, n := range s.figures.Cycles {
				if count += n; i < len(projections.CycleBounds) {
					buckets[projections.CycleBounds[i].Seconds()] = count
				}
			}
			return count, s.figures.CycleTime.Seconds(), buckets, true
		},
	}
)

func ofSize(value func(*jetstream.Size) float64) func(*snapshot) float64 {
	return func(s *snapshot) float64 {
		if s.size == nil {
			return math.NaN()
		}
		return value(s.size)
	}
}

func ofFigures(value func(*projections.Figures) float64) func(*snapshot) float64 {
	return func(s *snapshot) float64 {
		if s.figures == nil {
			return math.NaN()
		}
		return value(s.figures)
	}
}

func ofPools(name string, kind prometheus.ValueType, help string, value func(*projections.Pool) float64) family {
	return family{name, kind, help, []string{"pool"}, func(s *snapshot, put func(float64, ...string)) {
		put(value(&s.database.Reading), "reading")
		put(value(&s.database.Writing), "writing")
	}}
}

func ofReplicas(name string, kind prometheus.ValueType, help string, value func(projections.Replica) float64) family {
	return family{name, kind, help, []string{"database"}, func(s *snapshot, put func(float64, ...string)) {
		for _, r := range *s.replicas {
			put(value(r), r.Name)
		}
	}}
}

func unlessZero(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
