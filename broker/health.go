package broker

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Health describes a connection and the store behind it.
type Health struct {
	// Connected reports whether it is connected now; Reconnects counts how
	// often it was lost and restored.
	Connected  bool
	Reconnects uint64
	// RoundTrip is the duration of a ping; 0 if it was not answered.
	RoundTrip time.Duration
	// Stored is what JetStream stores for Docket, in bytes, and Limit what it
	// may store; each is 0 if the server does not report it.
	Stored, Limit uint64
}

// healthTimeout is the timeout of each health request.
const healthTimeout = time.Second

// CertificateExpiry returns when the certificate of the connected server
// expires, or the first certificate in its chain; zero without TLS.
func CertificateExpiry(nc *nats.Conn) (first time.Time) {
	state, err := nc.TLSConnectionState()
	if err != nil {
		return time.Time{}
	}
	// If several chains verify the server, the one that lasts longest counts.
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

// Check reports the health of the connection. b is the embedded broker, or nil
// for an external server. Only the embedded broker, and a server that limits
// the account, can report how much may be stored. Check takes at most two
// seconds.
func Check(ctx context.Context, nc *nats.Conn, b *Broker) Health {
	h := Health{Connected: nc.IsConnected(), Reconnects: nc.Stats().Reconnects}
	if !h.Connected {
		return h
	}
	began := time.Now()
	pinging, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	if nc.FlushWithContext(pinging) != nil {
		return h
	}
	h.RoundTrip = time.Since(began)
	asking, cancel := context.WithTimeout(ctx, healthTimeout)
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
