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
	// pulse is how often a watch is compared with the bucket it watches.
	pulse = time.Second
	// trust is for how long, counted from the beginning of a comparison, what
	// a watch said is believed. It is the longest that a process which was cut
	// off without noticing lets a revoked secret in.
	trust = 3 * time.Second
	// grace is for how long, counted likewise, it is believed while the broker
	// does not answer. It outlasts the election of a bucket's leader, without whom
	// nobody can revoke a secret either: docs/decisions/0024.
	grace = 15 * time.Second
	// catchUpTimeout is how long a watch may be behind before it is begun anew.
	catchUpTimeout = trust
)

// watch keeps something in memory equal to a bucket. It knows whether it can
// be believed: a broken connection, a consumer that was lost in a restart or a
// network that swallows packets all look like a bucket in which nothing
// happens. So every second it asks for the bucket's last revision, and is
// believed for a few seconds if it has seen everything up to that one.
type watch struct {
	bucket *bucket
	memory memory
	logger *slog.Logger

	born    time.Time
	trusted atomic.Int64 // nanoseconds since born
	proved  atomic.Int64 // when the last comparison began that came out even, likewise
	// breaks counts lost and regained connections, so that a comparison begun
	// before one is not believed after it.
	breaks atomic.Uint64
	wake   chan struct{}
	ready  chan struct{}
}

// memory is what a watch keeps up. One goroutine calls it.
type memory struct {
	// begin is called before the first change and whenever the watch begins
	// anew: what is in memory may have missed something.
	begin func()
	// apply is called for every change, in order.
	apply func(jetstream.KeyValueEntry)
	// complete may be nil. If it is not, apply is called for every present
	// value first, and then complete once.
	complete func()
}

func newWatch(b *bucket, logger *slog.Logger, m memory) *watch {
	return &watch{
		bucket: b, memory: m, logger: logger, born: time.Now(),
		wake: make(chan struct{}, 1), ready: make(chan struct{}),
	}
}

// live reports whether everything that was acknowledged more than [trust] ago,
// at the latest, has been applied.
func (w *watch) live() bool { return int64(time.Since(w.born)) < w.trusted.Load() }

// lately reports whether that could be said less than [grace] ago.
func (w *watch) lately() bool {
	proved := w.proved.Load()
	return proved > 0 && time.Since(w.born)-time.Duration(proved) < grace
}

// distrust ends the belief until the next comparison, which it brings about.
func (w *watch) distrust() {
	w.breaks.Add(1)
	w.trusted.Store(0)
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run watches until ctx ends. It begins anew whenever it has to.
func (w *watch) run(ctx context.Context) {
	for {
		begun, err := w.once(ctx)
		w.trusted.Store(0)
		if ctx.Err() != nil {
			return
		}
		if begun {
			w.logger.Warn("watch begins anew", slog.String("bucket", w.bucket.name), slog.Any("err", err))
		}
		select {
		case <-time.After(pulse):
		case <-w.wake:
		case <-ctx.Done():
		}
	}
}

// proof is the outcome of a comparison: last was the bucket's last revision
// some time after asked.
type proof struct {
	asked  time.Time
	breaks uint64
	last   uint64
}

// once watches until something is wrong, and reports whether it came to
// watching at all.
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

	// Without the present values, nothing up to start is owed; with them,
	// everything is, and complete settles it.
	seen, owed := start.last, start
	if whole {
		seen = 0
	}
	for {
		select {
		case entry, open := <-watcher.Updates():
			switch {
			case !open:
				return true, errors.New("watch ended")
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
				return true, errors.New("connection was lost")
			case p.last < owed.last:
				return true, errors.New("bucket is another one than before")
			case seen < owed.last && time.Since(owed.asked) > catchUpTimeout:
				return true, errors.New("watch does not catch up")
			case seen >= owed.last:
				owed = p
			}
			w.settle(seen, owed)
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}

// settle believes the watch if it has seen what the comparison found.
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

// compare asks every pulse, and at once when prodded. A question that is not
// answered is left out: belief runs out by itself.
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
