package broker

import "github.com/docketlog/docket/metrics"

// Metrics describe the connection of a process, from [Check].
var Metrics = metrics.Table[Health]{
	metrics.Gauge("docket_broker_connected", "1 while this process is connected to NATS, else 0.", func(s Health) float64 { return metrics.OneIf(s.Connected) }),
	metrics.Counter("docket_broker_reconnects_total", "Times the connection to NATS was lost and restored.", func(s Health) float64 { return float64(s.Reconnects) }),
	metrics.Gauge("docket_broker_round_trip_seconds", "Round-trip time of the latest ping to NATS; absent if it was not answered.", func(s Health) float64 { return metrics.UnlessZero(s.RoundTrip.Seconds()) }),
	metrics.Gauge("docket_broker_stored_bytes", "JetStream storage used by Docket: log, buckets, notices; absent if the server does not report it.", func(s Health) float64 { return metrics.UnlessZero(float64(s.Stored)) }),
	metrics.Gauge("docket_broker_storage_limit_bytes", "JetStream storage limit; absent if only the disk limits it.", func(s Health) float64 { return metrics.UnlessZero(float64(s.Limit)) }),
}
