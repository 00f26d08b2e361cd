package projections

import (
	"context"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/fold"
)

// reader follows the log and decodes one chunk ahead while the previous one is
// being written to the database.
type reader struct {
	chunks chan *chunk
	err    error // why chunks was closed
	cancel context.CancelFunc
}

// readLog reads the log after a position, limit events at a time. A chunk
// consists of enough batches for at least fill events, fewer where they are
// large or the log ends; with fill 0 it is one batch. pause, if not nil, is
// called after each chunk.
func readLog(ctx context.Context, log events.Log, after events.Position, limit, fill int, pause func(context.Context)) (*reader, error) {
	feed, err := log.Follow(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &reader{chunks: make(chan *chunk), cancel: cancel}
	go func() {
		defer close(r.chunks)
		defer feed.Close()
		for {
			c := &chunk{facts: make([]fold.Fact, 0, fill)}
			for {
				batch, err := feed.Next(ctx)
				if err != nil {
					r.err = err
					return
				}
				c.add(batch)
				if len(c.facts) >= fill || c.payload >= buildPayload || c.end.Sequence >= c.head {
					break
				}
			}
			select {
			case r.chunks <- c:
			case <-ctx.Done():
				r.err = ctx.Err()
				return
			}
			if pause != nil {
				pause(ctx)
			}
		}
	}()
	return r, nil
}

// next blocks until there is a chunk or an error.
func (r *reader) next() (*chunk, error) {
	c, ok := <-r.chunks
	if !ok {
		return nil, r.err
	}
	return c, nil
}

// close stops reading and waits until reading has stopped.
func (r *reader) close() {
	r.cancel()
	for range r.chunks {
	}
}
