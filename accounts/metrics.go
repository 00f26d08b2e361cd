package accounts

import "github.com/docketlog/docket/metrics"

// Metrics are who came in, of [Accounts.Stats].
var Metrics = metrics.Table[Stats]{
	metrics.Counters("docket_sign_ins_total", "Sign-ins by outcome: accepted, refused, or limited after too many attempts.", []string{"outcome"}, func(s Stats, put metrics.Put) {
		put(float64(s.SignedIn), "accepted")
		put(float64(s.Refused), "refused")
		put(float64(s.Limited), "limited")
	}),
	metrics.Gauge("docket_sessions_remembered", "Open sessions that this process has seen recently.", func(s Stats) float64 { return float64(s.Sessions) }),
}
