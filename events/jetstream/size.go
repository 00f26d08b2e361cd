package jetstream

import (
	"context"
	"fmt"
	"time"

	"github.com/docketlog/docket/broker/retry"
)

// Size is how large the log is, and on how many servers.
type Size struct {
	// Events counts what it holds, Bytes what that takes on each server.
	Events, Bytes uint64
	// Copies is how many servers shall hold it, Current how many of them are up
	// with it.
	Copies, Current int
	// Ahead is by how much this machine's clock is ahead of that of the server that
	// answered; what the answer took counts as that.
	Ahead time.Duration
}

// Size is one request, answered by the stream's leader from memory.
func (l *Log) Size(ctx context.Context) (Size, error) {
	ctx, cancel := context.WithTimeout(ctx, retry.Timeout)
	defer cancel()
	s, err := l.js.Stream(ctx, l.stream)
	if err != nil {
		return Size{}, fmt.Errorf("size of the log: %w", err)
	}
	info := s.CachedInfo()
	size := Size{Events: info.State.Msgs, Bytes: info.State.Bytes, Copies: info.Config.Replicas, Current: 1, Ahead: time.Since(info.TimeStamp)}
	if info.Cluster != nil {
		for _, peer := range info.Cluster.Replicas {
			if peer.Current && !peer.Offline {
				size.Current++
			}
		}
	}
	return size, nil
}
