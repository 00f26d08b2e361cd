// Package ask puts requests to JetStream so that the loss of a server is a pause
// and no failure: an answer that a dead server owes never comes, and while a
// stream elects a leader nobody answers for it, which takes four to nine seconds
// (nats-server, raft.go: minElectionTimeoutDefault, maxElectionTimeoutDefault).
package ask

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
)

// Wait is how long one request may take before it is made again.
const Wait = 2 * time.Second

// The pause between two attempts doubles from the first to the longest. Some
// jitter keeps many waiting callers from returning at once.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// Backoff paces the attempts of one caller. The zero value is ready.
type Backoff struct{ next time.Duration }

// Wait pauses and reports whether there is another attempt: ctx has not ended.
func (b *Backoff) Wait(ctx context.Context) bool {
	b.next = min(max(2*b.next, firstPause), longestPause)
	t := time.NewTimer(b.next/2 + rand.N(b.next/2))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// Until calls do, for [Wait] at most each time, until it wants no more or ctx
// ends. It returns the last error.
func Until(ctx context.Context, do func(context.Context) (again bool, err error)) error {
	var pace Backoff
	for {
		attempt, cancel := context.WithTimeout(ctx, Wait)
		again, err := do(attempt)
		cancel()
		if !again || err == nil {
			return err
		}
		if !pace.Wait(ctx) {
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

// Again calls do as [Until] does, as long as its error is [Transient]. do is
// something that may happen twice.
func Again(ctx context.Context, do func(context.Context) error) error {
	return Until(ctx, func(ctx context.Context) (bool, error) {
		err := do(ctx)
		return Transient(err), err
	})
}

// codeNoPeers is the server's number for: too few servers have joined.
const codeNoPeers js.ErrorCode = 10005

// Transient reports whether the same request may succeed later: the servers
// could not be reached, or have no leader at the moment.
func Transient(err error) bool {
	if err == nil || errors.Is(err, nats.ErrConnectionClosed) || errors.Is(err, nats.ErrConnectionDraining) {
		return false
	}
	var answer js.JetStreamError
	if errors.As(err, &answer) && answer.APIError() != nil {
		return answer.APIError().Code == 503 || answer.APIError().ErrorCode == codeNoPeers
	}
	for _, e := range []error{
		context.DeadlineExceeded, nats.ErrTimeout, nats.ErrNoResponders, js.ErrNoStreamResponse,
		nats.ErrDisconnected, nats.ErrReconnectBufExceeded, nats.ErrConnectionReconnecting,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
