package accounts

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// pulse is how often a watch is compared with its bucket.
	pulse = time.Second
	// trust is how long a watch is trusted, from the start of a comparison. A
	// process that is disconnected without noticing accepts a revoked secret
	// for at most this time.
	trust = 3 * time.Second
	// grace is how long a watch is trusted, from the start of a comparison,
	// while the broker does not answer. It is longer than the election of a
	// bucket's leader, and without a leader no secret can be revoked:
	// docs/decisions/0024.
	grace = 15 * time.Second
	// catchUpTimeout is how long a watch may be behind before it is restarted.
	catchUpTimeout = trust
)

// watch keeps a cache in sync with a bucket. It also knows whether the cache can
// be trusted: a broken connection, a consumer that was lost in a restart and a
// network that drops packets all look like a bucket without changes. Therefore it
// requests the bucket's last revision every second, and is trusted for a few
// seconds if it has seen everything up to that revision.
type watch struct {
	bucket *bucket
	memory memory
	logger *slog.Logger

	born    time.Time
	trusted atomic.Int64 // nanoseconds since born
	proved  atomic.Int64 // start of the last successful comparison, likewise
	// breaks counts changes of the connection's status. A comparison that began
	// before a change is not trusted after it.
	breaks atomic.Uint64
	wake   chan struct{}
	ready  chan struct{}
}

// memory holds the callbacks that update the cache. One goroutine calls them.
type memory struct {
	// begin is called before the first change and whenever the watch restarts,
	// because the cache may have missed changes.
	begin func()
	// apply is called for every change, in order.
	apply func(jetstream.KeyValueEntry)
	// complete may be nil. If it is set, apply is first called for every
	// existing value, and then complete is called once.
	complete func()
}

func newWatch(b *bucket, logger *slog.Logger, m memory) *watch {
	return &watch{
		bucket: b, memory: m, logger: logger, born: time.Now(),
		wake: make(chan struct{}, 1), ready: make(chan struct{}),
	}
}

// live reports whether every change that was acknowledged more than [trust] ago
// has been applied.
func (w *watch) live() bool { return int64(time.Since(w.born)) < w.trusted.Load() }

// lately reports whether a comparison that began less than [grace] ago succeeded.
func (w *watch) lately() bool {
	proved := w.proved.Load()
	return proved > 0 && time.Since(w.born)-time.Duration(proved) < grace
}

// distrust ends the trust and triggers the next comparison.
func (w *watch) distrust() {
	w.breaks.Add(1)
	w.trusted.Store(0)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run watches until ctx ends, and restarts the watch after failures.
func (w *watch) run(ctx context.Context) {
	for {
		begun, err := w.once(ctx)
		w.trusted.Store(0)
		if ctx.Err() != nil {
			return
		}
		if begun {
			w.logger.Warn("watch restarting", slog.String("bucket", w.bucket.name), slog.Any("err", err))
		}
		select {
		case <-time.After(pulse):
		case <-w.wake:
		case <-ctx.Done():
		}
	}
}

// proof is the result of a comparison: last was the bucket's last revision some
// time after asked.
type proof struct {
	asked  time.Time
	breaks uint64
	last   uint64
}

// once watches until the first failure. begun reports whether the watch started.
func (w *watch) once(ctx context.Context) (begun bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	start, err := w.ask(ctx)
	if err != nil {
		return false, err
	}
	w.memory.begin()
	whole := w.memory.complete != nil
	options := []jetstream.WatchOpt{jetstream.ResumeFromRevision(start.last + 1)}
	if whole {
		options = nil
	}
	watcher, err := w.bucket.kv.WatchAll(ctx, options...)
	if err != nil {
		return false, err
	}
	defer stopWatcher(watcher)

	proofs := make(chan proof)
	asking := make(chan struct{})
	go func() {
		defer close(asking)
		w.compare(ctx, proofs)
	}()
	defer func() { cancel(); <-asking }()

	// Without existing values, the watch is complete up to start. With them, it
	// is complete after the last existing value was applied.
	seen, owed := start.last, start
	if whole {
		seen = 0
	}
	for {
		select {
		case entry, open := <-watcher.Updates():
			switch {
			case !open:
				return true, errors.New("the broker ended the watch")
			case entry != nil:
				w.memory.apply(entry)
				seen = max(seen, entry.Revision())
			case whole:
				w.memory.complete()
				seen = max(seen, start.last)
			}
			w.settle(seen, owed)
		case p := <-proofs:
			switch {
			case p.breaks != start.breaks:
				return true, errors.New("connection lost")
			case p.last < owed.last:
				return true, errors.New("the bucket was replaced")
			case seen < owed.last && time.Since(owed.asked) > catchUpTimeout:
				return true, errors.New("the watch does not catch up")
			case seen >= owed.last:
				owed = p
			}
			w.settle(seen, owed)
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}

// settle trusts the watch if it has seen the revision of the comparison.
func (w *watch) settle(seen uint64, p proof) {
	if seen < p.last || p.breaks != w.breaks.Load() {
		return
	}
	w.trusted.Store(int64(p.asked.Add(trust).Sub(w.born)))
	w.proved.Store(int64(p.asked.Sub(w.born)))
	select {
	case <-w.ready:
	default:
		close(w.ready)
	}
}

// compare requests the last revision every pulse, and immediately after distrust.
// Unanswered requests are ignored, because the trust expires by itself.
func (w *watch) compare(ctx context.Context, proofs chan<- proof) {
	ticker := time.NewTicker(pulse)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-w.wake:
		case <-ctx.Done():
			return
		}
		p, err := w.ask(ctx)
		if err != nil {
			continue
		}
		select {
		case proofs <- p:
		case <-ctx.Done():
			return
		}
	}
}

func (w *watch) ask(ctx context.Context) (proof, error) {
	ctx, cancel := context.WithTimeout(ctx, trust)
	defer cancel()
	p := proof{asked: time.Now(), breaks: w.breaks.Load()}
	info, err := w.bucket.stream.Info(ctx)
	if err != nil {
		return proof{}, err
	}
	p.last = info.State.LastSeq
	return p, nil
}
