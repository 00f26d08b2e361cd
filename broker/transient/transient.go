// Package transient owns the difference between a lost NATS server and a
// failure. A response from a dead server never arrives, and while a stream
// elects a leader no server answers for it, which takes four to nine seconds
// (nats-server, raft.go: minElectionTimeoutDefault, maxElectionTimeoutDefault).
// [Retry] treats both as a pause.
package transient

import (
	"context"
	"errors"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/retry"
)

// Retry calls do as [retry.Until] does, as long as its error is transient. do
// must be safe to run twice.
func Retry(ctx context.Context, do func(context.Context) error) error {
	return retry.Until(ctx, func(ctx context.Context) (bool, error) {
		err := do(ctx)
		return Is(err), err
	})
}

// Open is [Retry] for do that finds a stream or bucket, or creates it. Several
// processes may do so at once, and what one has created is not known to every
// server immediately: another process may first fail because it exists, and then
// because it does not.
func Open(ctx context.Context, do func(context.Context) error) error {
	return retry.Until(ctx, func(ctx context.Context) (bool, error) {
		err := do(ctx)
		return Is(err) || errors.Is(err, js.ErrBucketNotFound) || errors.Is(err, js.ErrBucketExists) || errors.Is(err, js.ErrStreamNotFound), err
	})
}

// codeNoPeers is the server's error code for too few servers in the cluster.
const codeNoPeers js.ErrorCode = 10005

// Is reports whether the same request may succeed later: the servers could not
// be reached, or have no leader at the moment.
func Is(err error) bool {
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
