package monitoring

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the dashboards of Grafana")

// The dashboards are generated from the tables below, so that they can be read
// and compared. -update rewrites the Grafana files.
const dashboardFolder = "grafana/dashboards"

// dashboard is a screen of panels, row by row.
type dashboard struct {
	uid, title, about, from string
	rows                    []panelRow
}

type panelRow struct {
	title  string
	panels []panel
}

// panel shows the result of its queries as a graph, a number or a heat map.
type panel struct {
	title, about, unit string
	shape              string // timeseries if empty
	stacked            bool
	queries            []query
}

// query is an expression and the legend of its lines.
type query struct{ expr, legend string }

func dashboards() map[string]dashboard {
	return map[string]dashboard{"service.json": serviceDashboard, "stored-data.json": storedDashboard}
}

var serviceDashboard = dashboard{
	uid: "docket-service", title: "Docket: service", from: "now-6h",
	about: "Health of Docket: requests, log, rows, notices, and the services they depend on.",
	rows: []panelRow{
		{"Now", []panel{
			{title: "Alerts", about: "Alerts that are firing.", shape: "stat", queries: []query{{`count(ALERTS{alertstate="firing"}) or vector(0)`, "firing"}}},
			{title: "Processes", about: "Processes that are up, by role.", shape: "stat", queries: []query{{`sum by (role) (up{role=~".+"})`, "{{role}}"}}},
			{title: "Versions", about: "Running versions.", shape: "stat", queries: []query{{`count by (version, revision) (docket_build_info)`, "{{version}} {{revision}}"}}},
		}},
		{"Requests", []panel{
			{title: "Requests by route", unit: "reqps", about: "Feeds are counted when they end.", queries: []query{{`sum by (route) (rate(docket_http_requests_total[$__rate_interval]))`, "{{route}}"}}},
			{title: "Failed requests", unit: "percentunit", about: "Share of responses with status 500 or above.", queries: []query{{`(sum(rate(docket_http_requests_total{status=~"5.."}[$__rate_interval])) or vector(0)) / sum(rate(docket_http_requests_total[$__rate_interval]))`, "failed"}}},
			{title: "Response time", unit: "s", about: "All routes except feeds.", queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(docket_http_request_seconds_bucket[$__rate_interval])))`, "p50"},
				{`histogram_quantile(0.99, sum by (le) (rate(docket_http_request_seconds_bucket[$__rate_interval])))`, "p99"},
			}},
			{title: "Response time by route", unit: "s", about: "99th percentile.", queries: []query{{`histogram_quantile(0.99, sum by (le, route) (rate(docket_http_request_seconds_bucket[$__rate_interval])))`, "{{route}}"}}},
			{title: "Requests in flight and open feeds", about: "Requests in progress, including one for each open feed.", queries: []query{
				{`sum(docket_http_requests_in_flight)`, "in flight"}, {`sum(docket_feed_subscribers)`, "feeds"},
				{`sum(rate(docket_feed_dropped_total[$__rate_interval]))`, "feeds dropped per second"},
			}},
			{title: "People", about: "Sign-ins per second by outcome, and sessions seen recently.", queries: []query{
				{`sum by (outcome) (rate(docket_sign_ins_total[$__rate_interval]))`, "{{outcome}}"}, {`max(docket_sessions_remembered)`, "sessions"},
			}},
		}},
		{"Log", []panel{
			{title: "Commands", unit: "ops", about: "Commands by outcome.", queries: []query{
				{`sum(rate(docket_commands_accepted_total[$__rate_interval]))`, "accepted"}, {`sum(rate(docket_commands_rejected_total[$__rate_interval]))`, "rejected"},
				{`sum(rate(docket_commands_failed_total[$__rate_interval]))`, "failed"}, {`sum(rate(docket_commands_repeated_total[$__rate_interval]))`, "repeated"},
			}},
			{title: "Append time", unit: "s", about: "Time until the log acknowledged a commit, which is then on disk.", queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(docket_log_append_seconds_bucket[$__rate_interval])))`, "p50"},
				{`histogram_quantile(0.99, sum by (le) (rate(docket_log_append_seconds_bucket[$__rate_interval])))`, "p99"},
			}},
			{title: "Appends that needed more than one attempt or failed", unit: "ops", about: "Conflicts are decided again; ambiguous responses are settled; for unsettled commits, the client receives an error.", queries: []query{
				{`sum(rate(docket_log_conflicts_total[$__rate_interval]))`, "conflicts"}, {`sum(rate(docket_log_duplicates_total[$__rate_interval]))`, "duplicates"},
				{`sum(rate(docket_log_ambiguous_total[$__rate_interval]))`, "ambiguous"}, {`sum(rate(docket_log_unsettled_total[$__rate_interval]))`, "unsettled"},
				{`sum(rate(docket_log_refused_total[$__rate_interval]))`, "refused"},
			}},
			{title: "Outside the chains", about: "Events ignored because they do not continue their aggregate's chain, and messages that are not events.", queries: []query{
				{`sum(docket_log_forks_total)`, "forks loaded"}, {`max(docket_rows_refused_total)`, "refused by the rows"}, {`sum(docket_log_malformed_total)`, "malformed"},
			}},
			{title: "NATS", about: "1 means connected.", queries: []query{{`docket_broker_connected`, "{{instance}}"}, {`increase(docket_broker_reconnects_total[$__rate_interval])`, "reconnects {{instance}}"}}},
			{title: "NATS round-trip time", unit: "s", about: "One ping per scrape.", queries: []query{{`docket_broker_round_trip_seconds`, "{{instance}}"}}},
		}},
		{"Rows", []panel{
			{title: "Row lag in events", about: "As reported by each projector; all projections share one position.", queries: []query{{`docket_rows_lag_events`, "{{instance}}"}}},
			{title: "Row lag in seconds", unit: "s", about: "Age of the oldest event that is not yet in the rows.", queries: []query{{`docket_rows_lag_seconds`, "{{instance}}"}}},
			{title: "Writing projector", about: "1 for the projector that writes the rows.", queries: []query{{`docket_rows_writing`, "{{instance}}"}}},
			{title: "Events per transaction", about: "Under load, several events share a transaction.", queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(docket_rows_batch_events_bucket[$__rate_interval])))`, "p50"},
				{`histogram_quantile(0.99, sum by (le) (rate(docket_rows_batch_events_bucket[$__rate_interval])))`, "p99"},
			}},
			{title: "Transaction time", unit: "s", about: "99th percentile.", queries: []query{{`histogram_quantile(0.99, sum by (le) (rate(docket_rows_transaction_seconds_bucket[$__rate_interval])))`, "p99"}}},
			{title: "Parked", about: "Aggregates that cannot be folded.", queries: []query{{`max(docket_rows_parked_aggregates)`, "parked"}}},
			{title: "Rows being built: lag", about: "Events not yet in the rows being built, as reported by each process; 0 if none are being built.", queries: []query{{`docket_rows_building_lag_events`, "{{instance}}"}}},
			{title: "Rows being built: time remaining", unit: "s", about: "Estimate at the rate since the build started or resumed; does not change while the build is stalled.", queries: []query{{`docket_rows_building_remaining_seconds`, "{{instance}}"}}},
			{title: "Rows being built: difference", about: "1 if a comparison found a difference, so that the new rows are not served.", queries: []query{{`max(docket_rows_building_differs)`, "differ"}}},
			{title: "Row lag by database", about: "Events between the position of the rows and the end of the log as reported by any process.", queries: []query{{`scalar(max(docket_log_events)) - docket_rows_position`, "{{instance}}"}}},
			{title: "Read replicas", about: "Sequence of the last event in each database, as reported by gateways with several databases; 0 if it cannot serve.", queries: []query{{`docket_replica_position`, "{{database}} {{instance}}"}}},
			{title: "Database round-trip time", unit: "s", about: "Including the wait for a connection.", queries: []query{{`docket_database_round_trip_seconds`, "{{instance}}"}}},
			{title: "Database connections in use", about: "By pool.", queries: []query{{`docket_database_connections_in_use`, "{{instance}} {{pool}}"}}},
			{title: "Wait for a database connection", unit: "s", about: "Seconds waited per second.", queries: []query{{`rate(docket_database_wait_seconds_total[$__rate_interval])`, "{{instance}} {{pool}}"}}},
		}},
		{"Notices", []panel{
			{title: "Notices", about: "In the whole installation.", queries: []query{
				{`max(docket_notices_waiting)`, "due"}, {`max(docket_notices_retrying)`, "tried before"}, {`max(docket_notices_parked)`, "parked"}, {`max(docket_notices_lag_events)`, "events undecided"},
			}},
			{title: "Mail", unit: "ops", about: "Notices by outcome.", queries: []query{
				{`sum(rate(docket_notices_delivered_total[$__rate_interval]))`, "sent"}, {`sum(rate(docket_notices_kept_total[$__rate_interval]))`, "written to files"},
				{`sum(rate(docket_notices_suppressed_total[$__rate_interval]))`, "suppressed"}, {`sum(rate(docket_notices_failed_total[$__rate_interval]))`, "failed attempts"},
			}},
			{title: "Age of the oldest", unit: "s", about: "Oldest event for which the notifier has not yet decided, and oldest notice that is due.", queries: []query{
				{`max(docket_notices_lag_seconds)`, "event"}, {`max(docket_notices_oldest_seconds)`, "notice"},
			}},
		}},
		{"Certificates", []panel{
			{title: "Days until expiry", unit: "d", about: "https: gateway; nats_client: presented to NATS by roles; nats_server: presented to them by NATS.", queries: []query{{`(min by (use, role) (docket_certificate_expiry_timestamp_seconds) - time()) / 86400`, "{{use}} {{role}}"}}},
		}},
		{"Processes", []panel{
			{title: "Memory", unit: "bytes", about: "Resident memory.", queries: []query{{`process_resident_memory_bytes{role=~".+"}`, "{{role}} {{instance}}"}}},
			{title: "CPU", about: "Cores in use.", queries: []query{{`rate(process_cpu_seconds_total{role=~".+"}[$__rate_interval])`, "{{role}} {{instance}}"}}},
			{title: "Goroutines", about: "Steady growth indicates a leak.", queries: []query{{`go_goroutines{role=~".+"}`, "{{role}} {{instance}}"}}},
		}},
	},
}

var storedDashboard = dashboard{
	uid: "docket-stored-data", title: "Docket: stored data", from: "now-30d",
	about: "Tasks in all projects: how many there are, how many are completed, and how long they take.",
	rows: []panelRow{
		{"Tasks", []panel{
			{title: "Open", about: "Tasks in the categories to do and doing.", shape: "stat", queries: []query{{`sum(max by (category) (docket_tasks{category=~"to_do|doing"}))`, "open"}}},
			{title: "Completed in the last week", about: "Moves into the category done.", shape: "stat", queries: []query{{`max(increase(docket_tasks_completed_total[7d]))`, "completed"}}},
			{title: "Median cycle time, last four weeks", unit: "s", about: "Of tasks completed in the last four weeks.", shape: "stat", queries: []query{{`histogram_quantile(0.5, max by (le) (increase(docket_task_cycle_seconds_bucket[28d])))`, "cycle time"}}},
			{title: "Tasks by status", stacked: true, about: "By category, independent of status names.", queries: []query{{`max by (category) (docket_tasks{category!="deleted"})`, "{{category}}"}}},
			{title: "Throughput per day", about: "Created, completed and reopened in the previous 24 hours.", queries: []query{
				{`max(increase(docket_tasks_created_total[1d]))`, "created"}, {`max(increase(docket_tasks_completed_total[1d]))`, "completed"}, {`max(increase(docket_tasks_reopened_total[1d]))`, "reopened"},
			}},
			{title: "Throughput per hour", about: "Created, completed and reopened in the previous hour.", queries: []query{
				{`max(increase(docket_tasks_created_total[1h]))`, "created"}, {`max(increase(docket_tasks_completed_total[1h]))`, "completed"}, {`max(increase(docket_tasks_reopened_total[1h]))`, "reopened"},
			}},
		}},
		{"Cycle time", []panel{
			{title: "Cycle time", unit: "s", about: "Of tasks completed in the previous week, from when they were started, resumed or else created.", queries: []query{
				{`histogram_quantile(0.5, max by (le) (increase(docket_task_cycle_seconds_bucket[7d])))`, "p50"},
				{`histogram_quantile(0.85, max by (le) (increase(docket_task_cycle_seconds_bucket[7d])))`, "p85"},
			}},
			{title: "Mean cycle time", unit: "s", about: "Of tasks completed in the previous week.", queries: []query{{`max(increase(docket_task_cycle_seconds_sum[7d])) / max(increase(docket_task_cycle_seconds_count[7d]))`, "mean"}}},
			{title: "Done within a day", unit: "percentunit", about: "Share of tasks completed in the previous week.", queries: []query{{`max(increase(docket_task_cycle_seconds_bucket{le="86400"}[7d])) / max(increase(docket_task_cycle_seconds_count[7d]))`, "within a day"}}},
			{title: "Cycle times", about: "Completions by cycle time.", shape: "heatmap", queries: []query{{`max by (le) (increase(docket_task_cycle_seconds_bucket[1d]))`, "{{le}}"}}},
			{title: "Totals", about: "Since the log was created.", queries: []query{
				{`max(docket_tasks_created_total)`, "created"}, {`max(docket_tasks_completed_total)`, "completed"}, {`max(docket_tasks{category="deleted"})`, "in the trash"},
			}},
		}},
		{"Log", []panel{
			{title: "Events", about: "Events in the log.", queries: []query{{`max(docket_log_events)`, "events"}}},
			{title: "Size", unit: "bytes", about: "On each server: the log, and everything JetStream stores for Docket.", queries: []query{{`max(docket_log_bytes)`, "log"}, {`max(docket_broker_stored_bytes)`, "all"}}},
			{title: "Growth per day", unit: "bytes", about: "At the rate of the previous 24 hours.", queries: []query{{`max(deriv(docket_log_bytes[1d])) * 86400`, "log"}}},
		}},
	},
}

// object is a JSON object, written in the order of its names.
type object map[string]any

// render returns the dashboard in Grafana's classic model.
func (d dashboard) render() ([]byte, error) {
	source := object{"type": "prometheus", "uid": "docket-prometheus"}
	const width, height, across = 8, 8, 3
	var panels []any
	y := 0
	for _, row := range d.rows {
		panels = append(panels, object{
			"id": len(panels) + 1, "type": "row", "title": row.title, "collapsed": false, "panels": []any{},
			"gridPos": object{"x": 0, "y": y, "w": width * across, "h": 1},
		})
		y++
		for i, p := range row.panels {
			panels = append(panels, p.render(len(panels)+1, source, object{
				"x": i % across * width, "y": y + i/across*height, "w": width, "h": height,
			}))
		}
		y += (len(row.panels) + across - 1) / across * height
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(object{
		"uid": d.uid, "title": d.title, "description": d.about, "tags": []string{"docket"},
		"schemaVersion": 39, "version": 1, "editable": false, "graphTooltip": 1, "timezone": "browser", "refresh": "30s",
		"time": object{"from": d.from, "to": "now"}, "panels": panels,
		"annotations": object{"list": []any{}}, "templating": object{"list": []any{}}, "links": []any{},
	})
	return b.Bytes(), err
}

func (p panel) render(id int, source, at object) object {
	shape := p.shape
	if shape == "" {
		shape = "timeseries"
	}
	var targets []any
	for i, q := range p.queries {
		target := object{"refId": string(rune('A' + i)), "datasource": source, "expr": q.expr, "legendFormat": q.legend, "editorMode": "code", "range": true}
		switch shape {
		case "stat":
			target["instant"], target["range"] = true, false
		case "heatmap":
			target["format"] = "heatmap"
		}
		targets = append(targets, target)
	}
	defaults := object{"unit": p.unit}
	if p.unit == "" {
		defaults["unit"] = "short"
	}
	options := object{}
	switch shape {
	case "timeseries":
		custom := object{"lineWidth": 1, "fillOpacity": 10, "showPoints": "never"}
		if p.stacked {
			custom["fillOpacity"], custom["stacking"] = 60, object{"group": "A", "mode": "normal"}
		}
		defaults["custom"], defaults["min"] = custom, 0
		options = object{
			"legend":  object{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
			"tooltip": object{"mode": "multi", "sort": "desc"},
		}
	case "stat":
		options = object{
			"reduceOptions": object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
			"colorMode":     "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto", "textMode": "auto",
		}
	case "heatmap":
		options = object{"calculate": false, "yAxis": object{"unit": "s"}, "cellGap": 1}
	}
	return object{
		"id": id, "type": shape, "title": p.title, "description": p.about, "datasource": source, "gridPos": at,
		"targets": targets, "fieldConfig": object{"defaults": defaults, "overrides": []any{}}, "options": options,
	}
}

func TestDashboards(t *testing.T) {
	t.Parallel()
	for name, d := range dashboards() {
		path := filepath.Join(dashboardFolder, name)
		want, err := d.render()
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s differs from the table; run go test ./deploy/monitoring -run TestDashboards -update", path)
		}
	}
}
