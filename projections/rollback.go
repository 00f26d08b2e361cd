package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/docketlog/docket/events"
)

// ErrNothingKept reports that there are no kept rows to roll back to.
var ErrNothingKept = errors.New("no previous rows are kept")

// Rollback brings the previously served rows to the log's end and serves them
// again, in one step as [Rebuild] does. The current rows are kept in their
// place, so a second Rollback undoes the first. Nothing is compared. It fails
// with [ErrNothingKept] if there are no kept rows, and with another error if
// another version of the program folded them: that version can roll back to
// them.
//
// Rollback can be interrupted at any time; the served rows change only in its
// last step.
func Rollback(ctx context.Context, store *Store, log events.Log, progress func(Progress)) (Rebuilt, error) {
	a, done, err := store.rollback(ctx, log, progress)
	if err != nil {
		return done, fmt.Errorf("roll back: %w", err)
	}
	a.close()
	store.arrivals.note(a.position)
	return done, nil
}

func (s *Store) rollback(ctx context.Context, log events.Log, progress func(Progress)) (*applier, Rebuilt, error) {
	w := &work{store: s, log: log, options: RebuildOptions{Progress: progress}}
	if err := w.look(ctx); err != nil {
		return nil, Rebuilt{}, err
	}
	w.compared = true
	u, err := s.other(ctx, toGoBack)
	switch {
	case err != nil:
		return nil, Rebuilt{}, fmt.Errorf("read checkpoint: %w", err)
	case u.generation == 0:
		return nil, Rebuilt{}, ErrNothingKept
	case u.fingerprint != s.fingerprint:
		return nil, Rebuilt{}, fmt.Errorf("generation %d was folded by another version of the program (%s, this one: %s): "+
			"stop the projectors of this version, then run docket rebuild --back with that version or start its projector", u.generation, u.fingerprint, s.fingerprint)
	}
	if fits, err := follows(ctx, log, u.position); err != nil || !fits {
		return nil, Rebuilt{}, errors.Join(err, fmt.Errorf("generation %d, at %s, belongs to another log", u.generation, u.position))
	}
	m, adopted, err := s.adopt(ctx, u.model)
	if err != nil {
		return nil, Rebuilt{}, err
	}
	if !adopted {
		return nil, Rebuilt{}, fmt.Errorf("generation %d: %w, or its tables are incomplete", u.generation, errTaken)
	}
	return w.run(ctx, m, false)
}

// Discard removes the rows that are kept from before the last switch, and
// returns their generation; 0 means that there were none.
func Discard(ctx context.Context, store *Store) (generation int64, err error) {
	u, err := store.other(ctx, toGoBack)
	if err != nil {
		return 0, fmt.Errorf("read checkpoint: %w", err)
	}
	if u.generation == 0 {
		return 0, nil
	}
	err = store.exclusively(ctx, func(tx *sql.Tx) error {
		return store.forget(ctx, tx, `generation = ? and generation not in (select generation from docket_read_model)`, u.generation)
	})
	if err == nil {
		err = store.clean(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("discard rows: %w", err)
	}
	return u.generation, nil
}

// Kept returns the generation that can be rolled back to, or 0.
func (s *Store) Kept(ctx context.Context) (generation int64, err error) {
	u, err := s.other(ctx, toGoBack)
	if err != nil {
		return 0, fmt.Errorf("read checkpoint: %w", err)
	}
	return u.generation, nil
}
