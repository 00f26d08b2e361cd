package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docketlog/docket/events"
)

// The sizes of bulk work: events read at once, events and bytes of them per
// transaction, and what is kept in memory.
const (
	buildFetch   = 2000
	buildBatch   = 20_000
	buildPayload = 32 << 20
)

var buildKeep = keep{rows: 150_000, payload: 256 << 20}

// Progress tells how far a rebuild is, in events.
type Progress struct {
	Done, Total uint64
	// Rate is in events per second since the beginning; Remaining is what is
	// left at that rate.
	Rate      float64
	Remaining time.Duration
}

// Rebuild makes all rows anew from the log, beside those that are there, which
// are served until the new ones have caught up and take their place in one
// step. A running projector goes on with the new rows by itself. progress, if
// not nil, is called now and then.
//
// Rebuild can be interrupted at any time: what it had made is dropped, at once
// or, if it was killed, by the next one. Of two rebuilds at a time the later
// one goes through.
func Rebuild(ctx context.Context, store *Store, log events.Log, progress func(Progress)) error {
	a, err := store.build(ctx, log, progress)
	if err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	a.close()
	store.arrivals.note(a.position)
	return nil
}

// build makes the next generation and switches to it. The applier that made it
// is returned, at the generation's position, for who wants to go on.
func (s *Store) build(ctx context.Context, log events.Log, progress func(Progress)) (_ *applier, err error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	unfit, err := s.unfit(ctx, log)
	if err != nil {
		return nil, err
	}
	end, err := log.End(ctx)
	if err != nil {
		return nil, err
	}
	m, err := s.newGeneration(ctx, end.At(0))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
			defer cancel()
			err = errors.Join(err, s.abandon(ctx, m.generation))
		}
	}()
	if err := s.clean(ctx); err != nil {
		return nil, err
	}
	a, err := s.newApplier(ctx, m, buildKeep, true)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if err := s.fill(ctx, a, log, unfit, progress); err != nil {
		return nil, err
	}
	// The rows are live from here on; tables that are left behind are cleaned
	// up by the next build.
	if err := s.clean(ctx); err != nil {
		s.logger.Warn("tables of the last generation were not dropped", "err", err)
	}
	return a, nil
}

// fill applies the whole log, makes the indexes once near its end, and goes on
// until the switch succeeds.
func (s *Store) fill(ctx context.Context, a *applier, log events.Log, unfit int64, progress func(Progress)) error {
	from, err := readLog(ctx, log, a.position, buildFetch, buildBatch, nil)
	if err != nil {
		return err
	}
	defer from.close()
	began := time.Now()
	for finished := false; ; {
		end, err := log.End(ctx)
		if err != nil {
			return err
		}
		progress(progressed(a.position.Sequence, end.Sequence, time.Since(began)))
		behind := end.Sequence - min(end.Sequence, a.position.Sequence)
		if behind > 0 {
			c, err := from.next()
			if err != nil {
				return err
			}
			if err := a.apply(ctx, c); err != nil {
				return err
			}
		}
		// Where events arrive without a pause the end is never met: whoever is
		// close to it is not behind the live rows every other time.
		switch {
		case behind > buildFetch:
			continue
		case !finished:
			if err := s.finish(ctx, a.generation); err != nil {
				return err
			}
			finished = true
			continue
		}
		if switched, err := s.switchTo(ctx, a, unfit); err != nil || switched {
			return err
		}
		sleep(ctx, time.Millisecond)
	}
}

func progressed(done, total uint64, elapsed time.Duration) Progress {
	p := Progress{Done: done, Total: max(done, total)}
	if seconds := elapsed.Seconds(); seconds > 0 {
		p.Rate = float64(done) / seconds
	}
	if p.Rate > 0 {
		p.Remaining = time.Duration(float64(p.Total-p.Done) / p.Rate * float64(time.Second))
	}
	return p
}
