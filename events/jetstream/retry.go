package jetstream

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
)

// requestWait is how long one request may take before it is tried again.
const requestWait = 2 * time.Second

// The pause between two attempts doubles from the first to the second. Some
// jitter keeps many waiting callers from returning at once.
const (
	firstPause   = 5 * time.Millisecond
	longestPause = 250 * time.Millisecond
)

// backoff paces the attempts of one caller.
type backoff struct{ next time.Duration }

// wait pauses and reports whether there is another attempt: ctx has not ended.
func (b *backoff) wait(ctx context.Context) bool {
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

// retry calls do, each time with [requestWait], until it wants no more or ctx
// ends. It returns the last error.
func retry(ctx context.Context, do func(context.Context) (again bool, err error)) error {
	var pace backoff
	for {
		attempt, cancel := context.WithTimeout(ctx, requestWait)
		again, err := do(attempt)
		cancel()
		if !again || err == nil {
			return err
		}
		if !pace.wait(ctx) {
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
}

// transient reports whether the same request may succeed later: the servers
// could not be reached, or have no leader at the moment.
func transient(err error) bool {
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
