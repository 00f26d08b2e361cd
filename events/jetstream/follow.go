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
	// feedBytes bounds what the server sends ahead of the reader.
	feedBytes = 4 << 20
	// heartbeat is how often the server says that a quiet feed is alive. Two
	// missed ones and the feed begins anew. No consumer says so more often.
	heartbeat = 500 * time.Millisecond
	// pollInterval is how often a feed that has no consumer asks for what is new.
	pollInterval = 25 * time.Millisecond
	// feedIdle is when the server forgets a feed whose process is gone.
	feedIdle = time.Minute
	// catchUpGrace is how long a replicated stream may seem shorter than a
	// position it gave out: a new leader has yet to apply what it was sent.
	catchUpGrace = 5 * time.Second
)

// Follow implements [events.Log]. The feed rests on a consumer of its own that
// the server keeps in memory and that acknowledges nothing; the feed itself
// checks that no sequence is left out, and starts another consumer at the
// first one missing whenever anything happens to the old one. Making one takes
// the leader of the whole cluster; while that is being elected, the feed of a
// replicated log reads from the replicas instead.
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
	source      *source  // nil between two
	fresh       bool     // source has delivered nothing yet
	opening     *opening // not nil between two
}

// opening is a source that is being started.
type opening struct {
	done   chan struct{} // closed when the others are set
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
			// What was on the wire is lost, and nothing need follow to show it.
			f.drop()
		case reason := <-f.source.failed:
			f.log.log.Debug("feed begins anew", "position", f.at.String(), "err", reason)
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

// reopen waits until there is a source again. It returns earlier, with a batch,
// if the replicas have something meanwhile.
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

// poll asks any replica for what follows. What it cannot have it leaves to the
// source.
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
	// Asked afterwards, for the stream may be another one than it was.
	if end, err := f.log.state(ctx); err != nil || end.Sequence < at.Sequence {
		return events.Batch{}
	}
	f.at = at
	f.log.stats.malformed.Add(uint64(b.Malformed))
	return b
}

// put adds an item to a batch, which then ends at the position at.
func put(b *events.Batch, m item, at events.Position) {
	if m.malformed {
		b.Malformed++
	} else {
		b.Events = append(b.Events, m.event)
	}
	b.End, b.Stored, b.Head = at, m.stored, at.At(m.sequence+m.pending)
}

// collect makes a batch of m and what else is there. It is empty if m does not
// continue the feed.
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

// missing deals with a message that was left out. A source that has delivered
// before is replaced by one that begins there. One that begins by leaving it
// out cannot deliver it (the client takes some for notices of the server's),
// so it is read by itself. If the log does not have it, the log is damaged, and
// the feed says so rather than go on.
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
		return nil, fmt.Errorf("follow from %s: the log lacks sequence %d", f.at, f.at.Sequence+1)
	}
	it := f.log.item(&m, 0)
	return &it, nil
}

// begin starts a source after a sequence. It tries until ctx ends, unless the log
// turns out to be another.
func (f *feed) begin(ctx context.Context, after uint64) (begun *source, err error) {
	started := time.Now()
	err = retry.Until(ctx, func(ctx context.Context) (bool, error) {
		select { // a connection made before the source is not news
		case <-f.reconnected:
		default:
		}
		s, err := f.log.source(ctx, after+1, f.limit)
		if err != nil {
			return lasting(err), err
		}
		// Asked after the consumer was made: a consumer dies with its stream,
		// so one that works from here on reads the stream that is asked now.
		end, err := f.log.state(ctx)
		if err == nil && end.Sequence < after {
			err = fmt.Errorf("%w: it ends at %s", events.ErrIncarnation, end)
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

// lasting reports whether a feed outlasts err: any trouble of the servers, and
// a stream that is gone, for it may come back, if only as another.
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
