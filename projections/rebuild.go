package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/dialect"
)

// Sizes for bulk work: events per read, events and bytes of events per
// transaction, and what is kept in memory.
const (
	buildFetch   = 2000
	buildBatch   = 20_000
	buildPayload = 32 << 20
)

var buildKeep = keep{rows: 150_000, payload: 256 << 20}

// Progress is how far a rebuild is, in events.
type Progress struct {
	Done, Total uint64
	// Rate is in events per second since the work began or continued; Remaining
	// is the time left at that rate, 0 while there is no rate.
	Rate      float64
	Remaining time.Duration
}

// RebuildOptions configure [Rebuild].
type RebuildOptions struct {
	// Fresh starts over instead of continuing an interrupted rebuild.
	Fresh bool
	// AcceptDifferences switches even if the new rows differ from the served
	// ones.
	AcceptDifferences bool
	// Progress, if not nil, is called from time to time.
	Progress func(Progress)
}

// Rebuilt is the result of a rebuild.
type Rebuilt struct {
	// Position is that of the rows now served. From is where the work began: 0,
	// or where an interrupted rebuild had stopped.
	Position events.Position
	From     uint64
	// Compared reports whether the previously served rows were folded by this
	// program, so that old and new rows must be the same. Difference is the
	// first accepted difference, or empty.
	Compared   bool
	Difference string
}

// DifferenceError reports new rows that differ from the served ones at the same
// position, though this program folded both: something else changed the served
// rows, or the fold changed without a new version.
type DifferenceError struct {
	Position events.Position
	// Difference is the first one.
	Difference string
}

func (e *DifferenceError) Error() string {
	return fmt.Sprintf("at %s the served rows (first) and the new rows (second) differ: %s", e.Position, e.Difference)
}

// errTaken reports that another process has taken over this work, or has
// cancelled it.
var errTaken = fmt.Errorf("another process resumed or canceled this rebuild: %w", dialect.ErrFenced)

// Rebuild builds all rows from the log, beside the existing ones, which are
// served until the new ones have caught up and replace them in one step. A
// running projector continues with the new rows by itself. The previously
// served rows are kept until the next switch; see [Rollback] and [Discard].
//
// If the same program folded both, all rows are compared first, at one
// position. If they differ, Rebuild fails with a [DifferenceError] and does not
// switch, unless differences are accepted.
//
// Rebuild can be interrupted or killed at any time: the next one continues
// where it stopped. If the first one is still running, it then fails. Rebuild
// starts over if the unfinished rows are of another program or another
// incarnation of the log.
func Rebuild(ctx context.Context, store *Store, log events.Log, o RebuildOptions) (Rebuilt, error) {
	a, done, err := store.build(ctx, log, o, false)
	if err != nil {
		return done, fmt.Errorf("rebuild: %w", err)
	}
	a.close()
	store.arrivals.note(a.position)
	return done, nil
}

// build builds new rows, or continues unfinished ones, and switches to them. It
// returns the applier that built them, at their position, for a caller that
// continues. takeKept allows the use of kept rows instead of new ones.
func (s *Store) build(ctx context.Context, log events.Log, o RebuildOptions, takeKept bool) (*applier, Rebuilt, error) {
	w := &work{store: s, log: log, options: o}
	if err := w.look(ctx); err != nil {
		return nil, Rebuilt{}, err
	}
	m, fresh, err := w.generation(ctx, takeKept)
	if err != nil {
		return nil, Rebuilt{}, err
	}
	return w.run(ctx, m, fresh)
}

// work is one rebuild or one rollback.
type work struct {
	store   *Store
	log     events.Log
	options RebuildOptions
	// live is the generation served when the work began; unfit is the same one
	// if it does not belong to this log.
	live  model
	unfit int64
	// compared means that no comparison is needed, or it is done. Until then
	// the new rows do not get ahead of the served ones.
	compared bool

	applier *applier
	from    *reader
	rest    *chunk // read and not yet applied
	began   time.Time
	done    Rebuilt
}

func (w *work) look(ctx context.Context) (err error) {
	if w.live, err = w.store.model(ctx); err != nil {
		return fmt.Errorf("read checkpoint: %w", err)
	}
	if w.unfit, err = w.store.unfit(ctx, w.log, w.live); err != nil {
		return err
	}
	w.compared = w.live.generation == w.unfit || w.live.servable(w.store.fingerprint) != nil
	return nil
}

// generation finds unfinished rows to continue, or creates a new generation.
// fresh means that it is empty.
func (w *work) generation(ctx context.Context, takeKept bool) (m model, fresh bool, err error) {
	s := w.store
	var conditions []string
	switch {
	case w.options.Fresh || w.live.generation != 0 && w.live.generation == w.unfit:
		// Rows built from that log may be as wrong as the served ones.
	case takeKept:
		conditions = []string{toGoBack, toFinish}
	default:
		conditions = []string{toFinish}
	}
	for _, condition := range conditions {
		u, err := s.other(ctx, condition)
		if err != nil {
			return model{}, false, fmt.Errorf("read checkpoint: %w", err)
		}
		fits, err := w.fits(ctx, u)
		if err != nil {
			return model{}, false, err
		}
		if !fits {
			continue
		}
		m, adopted, err := s.adopt(ctx, u.model)
		if err != nil {
			return model{}, false, err
		}
		if adopted {
			w.passed(u.compared)
			return m, m.position.Sequence == 0, nil
		}
	}
	end, err := w.log.End(ctx)
	if err != nil {
		return model{}, false, err
	}
	m, err = s.newGeneration(ctx, end)
	return m, true, err
}

// fits reports whether this program can bring the rows to the log's end. Rows
// that must be compared are not ahead of the served ones.
func (w *work) fits(ctx context.Context, u pendingGeneration) (bool, error) {
	if u.generation == 0 || u.fingerprint != w.store.fingerprint {
		return false, nil
	}
	if !w.compared && !passes(u.compared) && u.position.Sequence > w.live.position.Sequence {
		return false, nil
	}
	return follows(ctx, w.log, u.position)
}

// run brings a claimed generation to the log's end and switches to it.
func (w *work) run(ctx context.Context, m model, fresh bool) (_ *applier, _ Rebuilt, err error) {
	s, held := w.store, claim{m.generation, m.epoch}
	defer func() {
		if err == nil {
			return
		}
		// If the claim was lost, that is the cause of any other failure.
		looking, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		if mine, failed := s.holds(looking, held); failed == nil && !mine {
			err = errors.Join(errTaken, err)
		}
		err = errors.Join(err, s.release(ctx, held))
	}()
	if err := s.clean(ctx); err != nil {
		return nil, w.done, err
	}
	if w.applier, err = s.newApplier(ctx, m, buildKeep, fresh); err != nil {
		return nil, w.done, err
	}
	defer func() {
		if err != nil {
			w.applier.close()
		}
	}()
	w.began, w.done.From = time.Now(), m.position.Sequence
	if err := w.fill(ctx); err != nil {
		return nil, w.done, err
	}
	w.done.Position = w.applier.position
	// The rows are live from here on; the next build removes leftover tables.
	if err := s.clean(ctx); err != nil {
		s.logger.Warn("cannot drop unused tables", "err", err)
	}
	return w.applier, w.done, nil
}

// fill applies the log up to the position of the served rows, compares if there
// is something to compare with, applies the rest, creates the indexes once near
// the end, and continues until the switch succeeds.
func (w *work) fill(ctx context.Context) (err error) {
	w.from, err = readLog(ctx, w.log, w.applier.position, buildFetch, buildBatch, nil)
	if err != nil {
		return err
	}
	defer w.from.close()
	for finished := false; ; {
		end, err := w.log.End(ctx)
		if err != nil {
			return err
		}
		at := w.applier.position.Sequence
		if w.options.Progress != nil {
			w.options.Progress(progressed(w.done.From, at, end.Sequence, time.Since(w.began)))
		}
		goal := end.Sequence
		if !w.compared {
			live, err := w.store.model(ctx)
			if err != nil {
				return fmt.Errorf("read checkpoint: %w", err)
			}
			goal = min(goal, live.position.Sequence)
		}
		behind := goal - min(goal, at)
		if behind > 0 {
			if err := w.step(ctx, goal); err != nil {
				return err
			}
		}
		// If events arrive without a pause the end is never reached exactly,
		// but close to it the new rows are about as often ahead of the live
		// rows as behind.
		switch {
		case behind > buildFetch:
			continue
		case !w.compared:
			if err := w.compare(ctx); err != nil {
				return err
			}
			continue
		case !finished:
			if err := w.store.finish(ctx, w.applier.generation); err != nil {
				return err
			}
			finished = true
			continue
		}
		if switched, err := w.store.switchTo(ctx, w.applier, w.unfit); err != nil || switched {
			return err
		}
		sleep(ctx, time.Millisecond)
	}
}

// step applies one chunk. The chunk ends at the goal if the goal lies within it
// and the new rows must not get ahead of the served ones.
func (w *work) step(ctx context.Context, goal uint64) (err error) {
	c := w.rest
	w.rest = nil
	if c == nil {
		if c, err = w.from.next(); err != nil {
			return err
		}
	}
	if !w.compared && c.end.Sequence > goal {
		c, w.rest = c.cut(goal)
	}
	if err := w.applier.apply(ctx, c); err != nil {
		return err
	}
	return w.store.moved(ctx, w.applier.generation)
}

// compare takes a snapshot of the served rows, brings the new rows to its
// position, and compares the two, table by table and row by row. The new rows
// stay unchanged unless another process takes them over; the served rows move on.
func (w *work) compare(ctx context.Context) error {
	s, a := w.store, w.applier
	var difference string
	var at events.Position
	err := s.Read(ctx, events.Position{}, func(served *Snapshot) error {
		for a.position.Sequence < served.Position.Sequence {
			if err := w.step(ctx, served.Position.Sequence); err != nil {
				return err
			}
		}
		if a.position != served.Position {
			return fmt.Errorf("the served rows moved back to %s", served.Position)
		}
		conn, err := s.write.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		made := &Snapshot{Position: a.position, dialect: s.dialect, conn: conn, generation: a.generation}
		at = a.position
		difference, err = compareTables(ctx, served, made)
		return err
	})
	if err != nil {
		return fmt.Errorf("compare rows: %w", err)
	}
	if mine, err := s.holds(ctx, claim{a.generation, a.epoch}); err != nil || !mine {
		// The rows read may have been written by another process.
		return errors.Join(dialect.ErrFenced, err)
	}
	outcome := foundEqual
	if difference != "" {
		outcome = foundDifferent
		if w.options.AcceptDifferences {
			outcome = acceptedAsIs
		}
	}
	if _, err := s.exec(ctx, s.write, `update docket_generations set compared = ? where generation = ?`, outcome, a.generation); err != nil {
		return err
	}
	if outcome == foundDifferent {
		return &DifferenceError{at, difference}
	}
	w.passed(outcome)
	w.done.Difference = difference
	return nil
}

// Outcomes of a comparison.
const (
	notCompared = iota
	foundEqual
	acceptedAsIs
	foundDifferent
)

// passes reports whether the new rows may be served after this outcome.
func passes(outcome int) bool { return outcome == foundEqual || outcome == acceptedAsIs }

// passed records the outcome of a comparison, including one made before an
// interruption.
func (w *work) passed(outcome int) {
	if w.compared || !passes(outcome) {
		return
	}
	w.compared, w.done.Compared = true, true
	if outcome == acceptedAsIs {
		w.done.Difference = "a difference that was accepted before the interruption"
	}
}

func progressed(from, done, total uint64, elapsed time.Duration) Progress {
	p := Progress{Done: done, Total: max(done, total)}
	if seconds := elapsed.Seconds(); seconds > 0 {
		p.Rate = float64(done-min(from, done)) / seconds
	}
	if p.Rate > 0 {
		p.Remaining = time.Duration(float64(p.Total-p.Done) / p.Rate * float64(time.Second))
	}
	return p
}
