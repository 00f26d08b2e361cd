package broker

import "github.com/docketlog/docket/metrics"

// Metrics describe the connection of a process, from [Check].
var Metrics = metrics.Table[Health]{
	metrics.Gauge("docket_broker_connected", "1 while this process is connected to NATS.", func(s Health) float64 { return metrics.OneIf(s.Connected) }),
	metrics.Counter("docket_broker_reconnects_total", "Times the connection was lost and found again.", func(s Health) float64 { return float64(s.Reconnects) }),
	metrics.Gauge("docket_broker_round_trip_seconds", "Time a ping took just now; absent if it was not answered.", func(s Health) float64 { return metrics.UnlessZero(s.RoundTrip.Seconds()) }),
	metrics.Gauge("docket_broker_stored_bytes", "What JetStream keeps for Docket: log, buckets, notices; absent where the server does not say.", func(s Health) float64 { return metrics.UnlessZero(float64(s.Stored)) }),
	metrics.Gauge("docket_broker_storage_limit_bytes", "What it may keep; absent where nothing limits it but the disk.", func(s Health) float64 { return metrics.UnlessZero(float64(s.Limit)) }),
}
