package jetstream

import (
	"context"
	"fmt"
	"time"

	"github.com/docketlog/docket/broker/retry"
)

// Size is the size of the log and the state of its replicas.
type Size struct {
	// Events is the number of events, Bytes their size on each server.
	Events, Bytes uint64
	// Copies is the configured number of replicas. Current is how many of them
	// are in sync, including the leader.
	Copies, Current int
	// Ahead is how far this machine's clock is ahead of the clock of the server
	// that answered. It includes the time the answer took.
	Ahead time.Duration
}

// Size returns the log's size. It makes one request, which the stream's leader
// answers from memory.
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
