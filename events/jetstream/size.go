package jetstream

import (
	"context"
	"fmt"
	"github.com/docketlog/docket/broker/ask"
)

// Size is how large the log is.
type Size struct {
	// Events counts what it holds, Bytes what that takes on each server.
	Events, Bytes uint64
}

// Size is one request, answered by the stream's leader from memory.
func (l *Log) Size(ctx context.Context) (Size, error) {
	ctx, cancel := context.WithTimeout(ctx, ask.Wait)
	defer cancel()
	s, err := l.js.Stream(ctx, l.stream)
	if err != nil {
		return Size{}, fmt.Errorf("size of the log: %w", err)
	}
	state := s.CachedInfo().State
	return Size{Events: state.Msgs, Bytes: state.Bytes}, nil
}
