package notifier

import "github.com/docketlog/docket/metrics"

// Metrics are the metrics of [Notifier.Status].
var Metrics = metrics.Table[Status]{
	metrics.Gauge("docket_notices_lag_events", "Events for which the notifier has not yet decided whom to notify.", func(s Status) float64 { return float64(s.Lag) }),
	metrics.Gauge("docket_notices_lag_seconds", "Age of the oldest event for which the notifier has not yet decided.", func(s Status) float64 { return s.Behind.Seconds() }),
	metrics.Gauge("docket_notices_waiting", "Due notices in the whole installation.", func(s Status) float64 { return float64(s.Waiting) }),
	metrics.Gauge("docket_notices_oldest_seconds", "Age of the oldest due notice.", func(s Status) float64 { return s.Oldest.Seconds() }),
	metrics.Gauge("docket_notices_retrying", "Due notices that were tried before.", func(s Status) float64 { return float64(s.Retrying) }),
	metrics.Gauge("docket_notices_parked", "Parked notices, which are not retried until they are resumed.", func(s Status) float64 { return float64(s.Parked) }),
	metrics.Counter("docket_notices_delivered_total", "Mails accepted by the SMTP server.", func(s Status) float64 { return float64(s.Delivered) }),
	metrics.Counter("docket_notices_kept_total", "Mails written to the mail folder.", func(s Status) float64 { return float64(s.Kept) }),
	metrics.Counter("docket_notices_suppressed_total", "Notices not sent because the recipient has no access or no account.", func(s Status) float64 { return float64(s.Suppressed) }),
	metrics.Counter("docket_notices_failed_total", "Failed delivery attempts.", func(s Status) float64 { return float64(s.Failed) }),
	metrics.Counter("docket_notices_ignored_total", "Messages on event subjects that are not events or are outside their task's chain.", func(s Status) float64 { return float64(s.Ignored) }),
	metrics.Gauge("docket_notices_server_down", "1 while requests to the SMTP server are paused after failures, else 0.", func(s Status) float64 { return metrics.OneIf(s.ServerDown) }),
}
