package notifier

import "github.com/docketlog/docket/metrics"

// Metrics are the metrics of [Notifier.Status].
var Metrics = metrics.Table[Status]{
	metrics.Gauge("docket_notices_lag_events", "Events nobody has decided on yet whom to tell.", func(s Status) float64 { return float64(s.Lag) }),
	metrics.Gauge("docket_notices_lag_seconds", "How long the log has held the oldest of them.", func(s Status) float64 { return s.Behind.Seconds() }),
	metrics.Gauge("docket_notices_waiting", "Notices that are due, of the whole installation.", func(s Status) float64 { return float64(s.Waiting) }),
	metrics.Gauge("docket_notices_oldest_seconds", "How long the oldest of them has been waiting.", func(s Status) float64 { return s.Oldest.Seconds() }),
	metrics.Gauge("docket_notices_retrying", "Of these, those that were tried before.", func(s Status) float64 { return float64(s.Retrying) }),
	metrics.Gauge("docket_notices_parked", "Notices given up until somebody resumes them.", func(s Status) float64 { return float64(s.Parked) }),
	metrics.Counter("docket_notices_delivered_total", "Mails the SMTP server accepted.", func(s Status) float64 { return float64(s.Delivered) }),
	metrics.Counter("docket_notices_kept_total", "Mails written to the mail folder.", func(s Status) float64 { return float64(s.Kept) }),
	metrics.Counter("docket_notices_suppressed_total", "Notices not sent because somebody may not or cannot be told.", func(s Status) float64 { return float64(s.Suppressed) }),
	metrics.Counter("docket_notices_failed_total", "Attempts to deliver that failed.", func(s Status) float64 { return float64(s.Failed) }),
	metrics.Counter("docket_notices_ignored_total", "Messages on event subjects that are no events or lie outside their task's chain.", func(s Status) float64 { return float64(s.Ignored) }),
	metrics.Gauge("docket_notices_server_down", "1 while the SMTP server is left alone because it failed.", func(s Status) float64 { return metrics.OneIf(s.ServerDown) }),
}
