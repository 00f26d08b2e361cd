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
	about: "Whether Docket does its work: requests, log, rows, notices, and what they stand on.",
	rows: []panelRow{
		{"Now", []panel{
			{title: "Alerts", about: "Alerts that are firing.", shape: "stat", queries: []query{{`count(ALERTS{alertstate="firing"}) or vector(0)`, "firing"}}},
			{title: "Processes", about: "Processes that answer, by role.", shape: "stat", queries: []query{{`sum by (role) (up{role=~".+"})`, "{{role}}"}}},
			{title: "Versions", about: "Programs that are running.", shape: "stat", queries: []query{{`count by (version, revision) (docket_build_info)`, "{{version}} {{revision}}"}}},
		}},
		{"Requests", []panel{
			{title: "Requests by route", unit: "reqps", about: "Feeds count when they end.", queries: []query{{`sum by (route) (rate(docket_http_requests_total[$__rate_interval]))`, "{{route}}"}}},
			{title: "Failed requests", unit: "percentunit", about: "Answers of 500 and above, of all.", queries: []query{{`(sum(rate(docket_http_requests_total{status=~"5.."}[$__rate_interval])) or vector(0)) / sum(rate(docket_http_requests_total[$__rate_interval]))`, "failed"}}},
			{title: "Time to answer", unit: "s", about: "All routes but the feed.", queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(docket_http_request_seconds_bucket[$__rate_interval])))`, "half within"},
				{`histogram_quantile(0.99, sum by (le) (rate(docket_http_request_seconds_bucket[$__rate_interval])))`, "99 of 100 within"},
			}},
			{title: "Time to answer by route", unit: "s", about: "99 of 100 within.", queries: []query{{`histogram_quantile(0.99, sum by (le, route) (rate(docket_http_request_seconds_bucket[$__rate_interval])))`, "{{route}}"}}},
			{title: "In flight and open feeds", about: "Requests being answered; feeds hold one each.", queries: []query{
				{`sum(docket_http_requests_in_flight)`, "in flight"}, {`sum(docket_feed_subscribers)`, "feeds"},
				{`sum(rate(docket_feed_dropped_total[$__rate_interval]))`, "feeds dropped a second"},
			}},
			{title: "People", about: "Sign-ins a second by outcome, and sessions seen lately.", queries: []query{
				{`sum by (outcome) (rate(docket_sign_ins_total[$__rate_interval]))`, "{{outcome}}"}, {`max(docket_sessions_remembered)`, "sessions"},
			}},
		}},
		{"Log", []panel{
			{title: "Commands", unit: "ops", about: "What became of commands.", queries: []query{
				{`sum(rate(docket_commands_accepted_total[$__rate_interval]))`, "accepted"}, {`sum(rate(docket_commands_rejected_total[$__rate_interval]))`, "rejected"},
				{`sum(rate(docket_commands_failed_total[$__rate_interval]))`, "failed"}, {`sum(rate(docket_commands_repeated_total[$__rate_interval]))`, "repeated"},
			}},
			{title: "Time to append", unit: "s", about: "Until the log acknowledged a commit, that is, had it on disk.", queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(docket_log_append_seconds_bucket[$__rate_interval])))`, "half within"},
				{`histogram_quantile(0.99, sum by (le) (rate(docket_log_append_seconds_bucket[$__rate_interval])))`, "99 of 100 within"},
			}},
			{title: "Appends that did not just succeed", unit: "ops", about: "Conflicts are decided again; ambiguous answers are settled; unsettled ones were told to their senders.", queries: []query{
				{`sum(rate(docket_log_conflicts_total[$__rate_interval]))`, "conflicts"}, {`sum(rate(docket_log_duplicates_total[$__rate_interval]))`, "duplicates"},
				{`sum(rate(docket_log_ambiguous_total[$__rate_interval]))`, "ambiguous"}, {`sum(rate(docket_log_unsettled_total[$__rate_interval]))`, "unsettled"},
				{`sum(rate(docket_log_refused_total[$__rate_interval]))`, "refused"},
			}},
			{title: "Outside the chains", about: "Events ignored because they do not continue their aggregate's chain, and messages that are no events.", queries: []query{
				{`sum(docket_log_forks_total)`, "forks loaded"}, {`max(docket_rows_refused_total)`, "refused by the rows"}, {`sum(docket_log_malformed_total)`, "malformed"},
			}},
			{title: "NATS", about: "1 is connected.", queries: []query{{`docket_broker_connected`, "{{instance}}"}, {`increase(docket_broker_reconnects_total[$__rate_interval])`, "reconnects {{instance}}"}}},
			{title: "Round trip to NATS", unit: "s", about: "One ping at each scrape.", queries: []query{{`docket_broker_round_trip_seconds`, "{{instance}}"}}},
		}},
		{"Rows", []panel{
			{title: "Behind the log, in events", about: "As each projector sees it; all projections share one position.", queries: []query{{`docket_rows_lag_events`, "{{instance}}"}}},
			{title: "Behind the log, in seconds", unit: "s", about: "Age of the oldest event that is not in the rows.", queries: []query{{`docket_rows_lag_seconds`, "{{instance}}"}}},
			{title: "Who writes", about: "1 is the projector that writes.", queries: []query{{`docket_rows_writing`, "{{instance}}"}}},
			{title: "Events in a transaction", about: "Under load events share transactions.", queries: []query{
				{`histogram_quantile(0.5, sum by (le) (rate(docket_rows_batch_events_bucket[$__rate_interval])))`, "half up to"},
				{`histogram_quantile(0.99, sum by (le) (rate(docket_rows_batch_events_bucket[$__rate_interval])))`, "99 of 100 up to"},
			}},
			{title: "Time of a transaction", unit: "s", about: "99 of 100 within.", queries: []query{{`histogram_quantile(0.99, sum by (le) (rate(docket_rows_transaction_seconds_bucket[$__rate_interval])))`, "99 of 100 within"}}},
			{title: "Parked", about: "Aggregates that cannot be folded.", queries: []query{{`max(docket_rows_parked_aggregates)`, "parked"}}},
			{title: "Rows being made", about: "Events that they lack, as each process sees it; 0 where none are being made.", queries: []query{{`docket_rows_building_lag_events`, "{{instance}}"}}},
			{title: "Time they still need", unit: "s", about: "At the rate since their making began or went on; it stands still with them.", queries: []query{{`docket_rows_building_remaining_seconds`, "{{instance}}"}}},
			{title: "Not as those served", about: "1 where a comparison found a difference, so that nothing was switched.", queries: []query{{`max(docket_rows_building_differs)`, "differ"}}},
			{title: "Behind the log's end, by database", about: "The log's end as anybody sees it, less where the rows are.", queries: []query{{`scalar(max(docket_log_events)) - docket_rows_position`, "{{instance}}"}}},
			{title: "Databases to read", about: "Sequence up to which each is folded, as each gateway that has several sees it; 0 where it cannot serve.", queries: []query{{`docket_replica_position`, "{{database}} {{instance}}"}}},
			{title: "Database round trip", unit: "s", about: "Waiting for a connection included.", queries: []query{{`docket_database_round_trip_seconds`, "{{instance}}"}}},
			{title: "Connections in use", about: "By pool.", queries: []query{{`docket_database_connections_in_use`, "{{instance}} {{pool}}"}}},
			{title: "Waiting for a connection", unit: "s", about: "Seconds waited a second.", queries: []query{{`rate(docket_database_wait_seconds_total[$__rate_interval])`, "{{instance}} {{pool}}"}}},
		}},
		{"Notices", []panel{
			{title: "Waiting", about: "Of the whole installation.", queries: []query{
				{`max(docket_notices_waiting)`, "due"}, {`max(docket_notices_retrying)`, "tried before"}, {`max(docket_notices_parked)`, "parked"}, {`max(docket_notices_lag_events)`, "events undecided"},
			}},
			{title: "Mails", unit: "ops", about: "What became of notices.", queries: []query{
				{`sum(rate(docket_notices_delivered_total[$__rate_interval]))`, "sent"}, {`sum(rate(docket_notices_kept_total[$__rate_interval]))`, "kept as files"},
				{`sum(rate(docket_notices_suppressed_total[$__rate_interval]))`, "suppressed"}, {`sum(rate(docket_notices_failed_total[$__rate_interval]))`, "failed attempts"},
			}},
			{title: "Oldest", unit: "s", about: "How long the oldest event waits to be decided on, and the oldest notice for its mail.", queries: []query{
				{`max(docket_notices_lag_seconds)`, "event"}, {`max(docket_notices_oldest_seconds)`, "notice"},
			}},
		}},
		{"Certificates", []panel{
			{title: "Days until they run out", unit: "d", about: "https is the gateway's, nats_client what roles show NATS, nats_server what they are shown.", queries: []query{{`(min by (use, role) (docket_certificate_expiry_timestamp_seconds) - time()) / 86400`, "{{use}} {{role}}"}}},
		}},
		{"Processes", []panel{
			{title: "Memory", unit: "bytes", about: "Resident.", queries: []query{{`process_resident_memory_bytes{role=~".+"}`, "{{role}} {{instance}}"}}},
			{title: "Processor", about: "Cores in use.", queries: []query{{`rate(process_cpu_seconds_total{role=~".+"}[$__rate_interval])`, "{{role}} {{instance}}"}}},
			{title: "Goroutines", about: "A number that only grows is a leak.", queries: []query{{`go_goroutines{role=~".+"}`, "{{role}} {{instance}}"}}},
		}},
	},
}

var storedDashboard = dashboard{
	uid: "docket-stored-data", title: "Docket: stored data", from: "now-30d",
	about: "What is in Docket: tasks of all projects together, how many are finished, how long they take.",
	rows: []panelRow{
		{"Tasks", []panel{
			{title: "Open", about: "To do and doing.", shape: "stat", queries: []query{{`sum(max by (category) (docket_tasks{category=~"to_do|doing"}))`, "open"}}},
			{title: "Completed in the last week", about: "Moves into done.", shape: "stat", queries: []query{{`max(increase(docket_tasks_completed_total[7d]))`, "completed"}}},
			{title: "Half done within, last month", unit: "s", about: "The median cycle time of tasks completed within four weeks.", shape: "stat", queries: []query{{`histogram_quantile(0.5, max by (le) (increase(docket_task_cycle_seconds_bucket[28d])))`, "cycle time"}}},
			{title: "Tasks by status", stacked: true, about: "By category, whatever a team calls it.", queries: []query{{`max by (category) (docket_tasks{category!="deleted"})`, "{{category}}"}}},
			{title: "Throughput a day", about: "Created, completed and reopened within the day before.", queries: []query{
				{`max(increase(docket_tasks_created_total[1d]))`, "created"}, {`max(increase(docket_tasks_completed_total[1d]))`, "completed"}, {`max(increase(docket_tasks_reopened_total[1d]))`, "reopened"},
			}},
			{title: "Throughput an hour", about: "The same within the hour before.", queries: []query{
				{`max(increase(docket_tasks_created_total[1h]))`, "created"}, {`max(increase(docket_tasks_completed_total[1h]))`, "completed"}, {`max(increase(docket_tasks_reopened_total[1h]))`, "reopened"},
			}},
		}},
		{"Cycle time", []panel{
			{title: "Cycle time", unit: "s", about: "Of tasks completed within the week before; from when they were begun, taken up again or else created.", queries: []query{
				{`histogram_quantile(0.5, max by (le) (increase(docket_task_cycle_seconds_bucket[7d])))`, "half within"},
				{`histogram_quantile(0.85, max by (le) (increase(docket_task_cycle_seconds_bucket[7d])))`, "85 of 100 within"},
			}},
			{title: "Mean cycle time", unit: "s", about: "Of tasks completed within the week before.", queries: []query{{`max(increase(docket_task_cycle_seconds_sum[7d])) / max(increase(docket_task_cycle_seconds_count[7d]))`, "mean"}}},
			{title: "Done within a day", unit: "percentunit", about: "Share of the tasks completed within the week before.", queries: []query{{`max(increase(docket_task_cycle_seconds_bucket{le="86400"}[7d])) / max(increase(docket_task_cycle_seconds_count[7d]))`, "within a day"}}},
			{title: "Cycle times", about: "Completions by how long they took.", shape: "heatmap", queries: []query{{`max by (le) (increase(docket_task_cycle_seconds_bucket[1d]))`, "{{le}}"}}},
			{title: "Ever", about: "Since the log began.", queries: []query{
				{`max(docket_tasks_created_total)`, "created"}, {`max(docket_tasks_completed_total)`, "completed"}, {`max(docket_tasks{category="deleted"})`, "in the trash"},
			}},
		}},
		{"Log", []panel{
			{title: "Events", about: "What the log holds.", queries: []query{{`max(docket_log_events)`, "events"}}},
			{title: "Size", unit: "bytes", about: "On each server: the log, and all that JetStream keeps for Docket.", queries: []query{{`max(docket_log_bytes)`, "log"}, {`max(docket_broker_stored_bytes)`, "all"}}},
			{title: "Growth a day", unit: "bytes", about: "At the rate of the day before.", queries: []query{{`max(deriv(docket_log_bytes[1d])) * 86400`, "log"}}},
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
			t.Errorf("%s is not what the table says; run go test -run TestDashboards -update ./deploy/monitoring", path)
		}
	}
}
