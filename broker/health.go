package broker

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Health is how a connection is, and the store behind it.
type Health struct {
	// Connected reports whether it is connected now; Reconnects how often it
	// was lost and found again.
	Connected  bool
	Reconnects uint64
	// RoundTrip is how long a ping took; 0 if it was not answered.
	RoundTrip time.Duration
	// Stored is what JetStream keeps for Docket, in bytes, and Limit what it
	// may keep; each 0 if the server does not say.
	Stored, Limit uint64
}

// healthPatience bounds each question about health.
const healthPatience = time.Second

// CertificateExpiry is when the certificate of the server runs out to which the
// connection is, or the first of those that vouch for it; zero without TLS.
func CertificateExpiry(nc *nats.Conn) (first time.Time) {
	state, err := nc.TLSConnectionState()
	if err != nil {
		return time.Time{}
	}
	// Of several ways to trust the server the best one counts.
	for _, chain := range state.VerifiedChains {
		end := chain[0].NotAfter
		for _, c := range chain {
			if c.NotAfter.Before(end) {
				end = c.NotAfter
			}
		}
		if end.After(first) {
			first = end
		}
	}
	return first
}

// Check asks how the connection is. b is the embedded broker, or nil where the
// server is somebody else's; only the embedded one, and a server that limits
// the account, can say what may be stored. It takes two seconds at most.
func Check(ctx context.Context, nc *nats.Conn, b *Broker) Health {
	h := Health{Connected: nc.IsConnected(), Reconnects: nc.Stats().Reconnects}
	if !h.Connected {
		return h
	}
	began := time.Now()
	pinging, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	if nc.FlushWithContext(pinging) != nil {
		return h
	}
	h.RoundTrip = time.Since(began)
	asking, cancel := context.WithTimeout(ctx, healthPatience)
	defer cancel()
	js, err := jetstream.New(nc)
	if err != nil {
		return h
	}
	if account, err := js.AccountInfo(asking); err == nil {
		h.Stored = account.Store
		h.Limit = uint64(max(0, account.Limits.MaxStore))
	}
	if b != nil {
		if config := b.server.JetStreamConfig(); config != nil {
			h.Limit = uint64(max(0, config.MaxStore))
		}
	}
	return h
}
