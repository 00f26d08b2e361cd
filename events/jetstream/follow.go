package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/broker/transient"
	"github.com/docketlog/docket/events"
)

const (
	// feedBytes limits how many bytes the server sends ahead of the reader.
	feedBytes = 4 << 20
	// heartbeat is how often the server confirms that an idle feed is alive.
	// After two missed heartbeats the feed restarts. It is the shortest interval
	// that consumers support.
	heartbeat = 500 * time.Millisecond
	// pollInterval is how often a feed without a consumer polls for new events.
	pollInterval = 25 * time.Millisecond
	// feedIdle is how long the server keeps the consumer of a stopped process.
	feedIdle = time.Minute
	// catchUpGrace is how long a replicated stream may appear shorter than a
	// position it returned earlier: a new leader may still be applying messages.
	catchUpGrace = 5 * time.Second
)

// Follow implements [events.Log]. The feed uses its own consumer, which the
// server keeps in memory and which acknowledges nothing. The feed itself checks
// that no sequence is missing, and replaces a failed consumer by one that starts
// at the first missing sequence. Creating a consumer needs the leader of the
// whole cluster. While none is elected, the feed of a replicated log reads from
// the replicas instead.
func (l *Log) Follow(ctx context.Context, after events.Position, limit int) (events.Feed, error) {
	if limit < 1 {
		return nil, fmt.Errorf("follow from %s: limit %d, want at least 1", after, limit)
	}
	if after.Incarnation != l.incarnation {
		return nil, fmt.Errorf("follow from %s: %w: the log is %s", after, events.ErrIncarnation, l.incarnation)
	}
	f := &feed{log: l, limit: limit, at: after, reconnected: l.nc.StatusChanged(nats.CONNECTED)}
	source, err := f.begin(ctx, after.Sequence)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("follow from %s: %w", after, err)
	}
	f.source, f.fresh = source, true
	return f, nil
}

// feed implements [events.Feed].
type feed struct {
	log         *Log
	limit       int
	at          events.Position // delivered up to here
	reconnected chan nats.Status
	source      *source  // nil while there is no consumer
	fresh       bool     // source has delivered nothing yet
	opening     *opening // not nil while a source is being started
}

// opening is a source that is being started.
type opening struct {
	done   chan struct{} // closed when source and err are set
	source *source
	err    error
	cancel context.CancelFunc
}

// Next implements [events.Feed].
func (f *feed) Next(ctx context.Context) (events.Batch, error) {
	for {
		if err := ctx.Err(); err != nil {
			return events.Batch{}, err
		}
		if f.source == nil {
			batch, err := f.reopen(ctx)
			if err != nil || batch.End.Sequence > 0 {
				return batch, err
			}
			continue
		}
		select {
		case <-ctx.Done():
			return events.Batch{}, ctx.Err()
		case <-f.reconnected:
			// Messages in transit are lost, and no later message may reveal the gap.
			f.drop()
		case reason := <-f.source.failed:
			f.log.log.Debug("feed restarting", "position", f.at.String(), "err", reason)
			f.drop()
		case m := <-f.source.items:
			batch, err := f.collect(ctx, m)
			if err != nil {
				return events.Batch{}, err
			}
			if batch.End.Sequence > 0 {
				return batch, nil
			}
		}
	}
}

// reopen waits until there is a source again. It returns earlier with a batch if
// the replicas have new events in the meantime.
func (f *feed) reopen(ctx context.Context) (events.Batch, error) {
	if f.opening == nil {
		opening := &opening{done: make(chan struct{})}
		var within context.Context
		within, opening.cancel = context.WithCancel(context.WithoutCancel(ctx))
		after := f.at.Sequence
		go func() {
			defer close(opening.done)
			opening.source, opening.err = f.begin(within, after)
		}()
		f.opening = opening
	}
	var polls <-chan time.Time
	if f.log.replicas > 1 {
		tick := time.NewTicker(pollInterval)
		defer tick.Stop()
		polls = tick.C
	}
	for {
		select {
		case <-ctx.Done():
			return events.Batch{}, ctx.Err()
		case <-f.opening.done:
			source, err := f.opening.source, f.opening.err
			f.opening.cancel()
			f.opening = nil
			if err != nil {
				return events.Batch{}, fmt.Errorf("follow from %s: %w", f.at, err)
			}
			f.source, f.fresh = source, true
			return events.Batch{}, nil
		case <-polls:
			if batch := f.poll(ctx); batch.End.Sequence > 0 {
				return batch, nil
			}
		}
	}
}

// poll reads the next messages from any replica. It returns an empty batch if
// that fails, and leaves the messages to the source.
func (f *feed) poll(ctx context.Context) (b events.Batch) {
	ctx, cancel := context.WithTimeout(ctx, retry.Timeout)
	defer cancel()
	at := f.at
	request := getRequest{Sequence: at.Sequence + 1, Next: events.AllSubjects, Batch: min(f.limit, loadEvents), MaxBytes: feedBytes}
	_, err := f.log.batch(ctx, request, func(m *stored, pending uint64) {
		if m.sequence != at.Sequence+1 {
			return
		}
		at.Sequence = m.sequence
		put(&b, f.log.item(m, pending), at)
	})
	if err != nil || len(b.Events)+b.Malformed == 0 {
		return events.Batch{}
	}
	// Check the state after reading: the stream may have been replaced.
	if end, err := f.log.state(ctx); err != nil || end.Sequence < at.Sequence {
		return events.Batch{}
	}
	f.at = at
	f.log.stats.malformed.Add(uint64(b.Malformed))
	return b
}

// put adds an item to a batch and sets the batch's end to at.
func put(b *events.Batch, m item, at events.Position) {
	if m.malformed {
		b.Malformed++
	} else {
		b.Events = append(b.Events, m.event)
	}
	b.End, b.Stored, b.Head = at, m.stored, at.At(m.sequence+m.pending)
}

// collect returns a batch of m and the items that are already available. It is
// empty if m does not continue the feed.
func (f *feed) collect(ctx context.Context, m item) (events.Batch, error) {
	var b events.Batch
	for n := 1; ; n++ {
		if m.sequence != f.at.Sequence+1 {
			if m.sequence <= f.at.Sequence {
				return b, nil
			}
			missing, err := f.missing(ctx)
			if err != nil {
				return events.Batch{}, err
			}
			if missing == nil {
				return b, nil
			}
			m = *missing
		}
		f.fresh = false
		f.at.Sequence = m.sequence
		if put(&b, m, f.at); m.malformed {
			f.log.stats.malformed.Add(1)
		}
		if n == f.limit || f.source == nil {
			return b, nil
		}
		select {
		case m = <-f.source.items:
		default:
			return b, nil
		}
	}
}

// missing handles a gap in the source. A source that has delivered before is
// replaced by one that starts at the missing message. A new source that starts
// with a gap cannot deliver that message, because the client mistakes some
// messages for status messages of the server, so it is read directly. If the log
// does not have the message, the log is damaged and the feed fails.
func (f *feed) missing(ctx context.Context) (*item, error) {
	fresh := f.fresh
	f.drop()
	if !fresh {
		return nil, nil
	}
	var m stored
	var found bool
	err := retry.Until(ctx, func(ctx context.Context) (bool, error) {
		var err error
		m, found, err = f.log.leader(ctx, getRequest{Sequence: f.at.Sequence + 1})
		return again(err), err
	})
	if err != nil {
		return nil, fmt.Errorf("follow from %s: %w", f.at, err)
	}
	if !found {
		return nil, fmt.Errorf("follow from %s: sequence %d is missing from the log", f.at, f.at.Sequence+1)
	}
	it := f.log.item(&m, 0)
	return &it, nil
}

// begin starts a source after a sequence. It retries until ctx ends, unless the
// log has another incarnation.
func (f *feed) begin(ctx context.Context, after uint64) (begun *source, err error) {
	started := time.Now()
	err = retry.Until(ctx, func(ctx context.Context) (bool, error) {
		select { // ignore a reconnect that happened before the source started
		case <-f.reconnected:
		default:
		}
		s, err := f.log.source(ctx, after+1, f.limit)
		if err != nil {
			return lasting(err), err
		}
		// Check the state after creating the consumer: a consumer is deleted
		// with its stream, so if it works from now on, it reads this stream.
		end, err := f.log.state(ctx)
		if err == nil && end.Sequence < after {
			err = fmt.Errorf("%w: the log ends at %s", events.ErrIncarnation, end)
			if f.log.replicas > 1 && time.Since(started) < catchUpGrace {
				err = errBehind
			}
		}
		if err != nil {
			s.close()
			return lasting(err) || errors.Is(err, errBehind), err
		}
		begun = s
		return false, nil
	})
	return begun, err
}

// lasting reports whether a feed retries after err: after any failure of the
// servers, and if the stream does not exist, because it may be created again.
func lasting(err error) bool {
	var answer js.JetStreamError
	return transient.Is(err) || errors.Is(err, js.ErrStreamNotFound) ||
		errors.As(err, &answer) && answer.APIError() != nil && answer.APIError().Code >= 500
}

func (f *feed) drop() {
	if f.source != nil {
		f.source.close()
		f.source = nil
	}
}

// Close implements [events.Feed].
func (f *feed) Close() {
	f.drop()
	if o := f.opening; o != nil {
		o.cancel()
		<-o.done
		if o.source != nil {
			o.source.close()
		}
		f.opening = nil
	}
	if f.reconnected != nil {
		f.log.nc.RemoveStatusListener(f.reconnected)
		f.reconnected = nil
	}
}
