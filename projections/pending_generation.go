package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketlog/docket/projections/schema"
)

// pendingGeneration is a generation that is not live, with its checkpoint and
// its row in docket_generations.
type pendingGeneration struct {
	model
	// kept means that it was live and can be live again.
	kept bool
	// compared is the outcome of the comparison with the served rows. Until
	// then the generation does not get ahead of them.
	compared int
	// busy means that a process began work on it and did not report the end: it
	// is still working, or was killed.
	busy bool
	// begun is the sequence where the work began, and movedAt the time of its
	// last step; times are from the clock of the working process.
	begun            uint64
	begunAt, movedAt time.Time
}

// Conditions that select generations that are not live, by purpose.
const (
	toFinish = "coalesce(g.kept, 0) = 0"
	toGoBack = "g.kept = 1"
	inWork   = "(coalesce(g.kept, 0) = 0 or g.busy = 1)"
)

// other reads the newest generation that is not live and meets a condition; the
// zero generation means that there is none.
func (s *Store) other(ctx context.Context, condition string) (u pendingGeneration, err error) {
	var begun, begunAt, movedAt int64
	//nolint:gosec // the conditions are the constants above
	row := s.write.QueryRowContext(ctx, `select c.generation, c.fingerprint, c.incarnation, c.sequence, c.head, c.stored_at, c.epoch, c.malformed,
		coalesce(g.kept, 0), coalesce(g.compared, 0), coalesce(g.busy, 0), coalesce(g.begun, 0), coalesce(g.begun_at, 0), coalesce(g.moved_at, 0)
		from docket_checkpoints c left join docket_generations g on g.generation = c.generation
		where c.generation not in (select generation from docket_read_model) and `+condition+`
		order by c.generation desc limit 1`)
	err = u.scan(func(dest ...any) error {
		return row.Scan(append(dest, &u.kept, &u.compared, &u.busy, &begun, &begunAt, &movedAt)...)
	})
	if errors.Is(err, sql.ErrNoRows) || s.dialect.Missing(err) {
		return pendingGeneration{}, nil
	}
	u.begun, u.begunAt, u.movedAt = uint64(begun), schema.Time(begunAt), schema.Time(movedAt)
	return u, classed(ctx, s.dialect, err)
}

// begun records that work on a generation begins at its checkpoint.
func (s *Store) begun(ctx context.Context, tx *sql.Tx, m model) error {
	now := time.Now().UnixMicro()
	n, err := s.exec(ctx, tx, `update docket_generations set busy = 1, begun = ?, begun_at = ?, moved_at = ? where generation = ?`,
		int64(m.position.Sequence), now, now, m.generation)
	if err != nil || n > 0 {
		return err
	}
	_, err = s.exec(ctx, tx, `insert into docket_generations
		(generation, kept, compared, busy, begun, begun_at, moved_at) values (?, 0, 0, 1, ?, ?, ?)`,
		m.generation, int64(m.position.Sequence), now, now)
	return err
}

// moved records a step of the work on a generation.
func (s *Store) moved(ctx context.Context, generation int64) error {
	_, err := s.exec(ctx, s.write, `update docket_generations set moved_at = ? where generation = ?`, time.Now().UnixMicro(), generation)
	return err
}

// release records that work on a generation stopped before it was finished,
// unless another process has taken it over.
func (s *Store) release(ctx context.Context, a claim) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	_, err := s.exec(ctx, s.write, `update docket_generations set busy = 0 where generation = ?
		and generation in (select generation from docket_checkpoints where generation = ? and epoch = ?)`, a.generation, a.generation, a.epoch)
	return err
}

// holds reports whether a claim on a generation is still valid.
func (s *Store) holds(ctx context.Context, a claim) (bool, error) {
	var n int
	err := s.write.QueryRowContext(ctx, s.dialect.Bind(`select count(*) from docket_checkpoints where generation = ? and epoch = ?`), a.generation, a.epoch).Scan(&n)
	return n > 0, err
}

// Building is the progress of the rows that will replace the served ones,
// whichever process builds them. The zero Generation means that there are none.
type Building struct {
	Generation int64
	Progress
	// Interrupted means that the process building them stopped, so there is no
	// rate and no remaining time. A killed process does not record this. Moved
	// is the time of the last step, by that process's clock.
	Interrupted bool
	Moved       time.Time
	// Differs means that they were compared with the served rows, differ, and
	// therefore did not replace them.
	Differs bool
}

// Building returns the progress of a rebuild that a process is running, or was
// running.
func (s *Store) Building(ctx context.Context) (Building, error) {
	u, err := s.other(ctx, inWork)
	if err != nil {
		return Building{}, fmt.Errorf("read checkpoint: %w", err)
	}
	if u.generation == 0 {
		return Building{}, nil
	}
	b := Building{Generation: u.generation, Interrupted: !u.busy, Moved: u.movedAt, Differs: u.compared == foundDifferent}
	b.Progress = progressed(u.begun, u.position.Sequence, u.head, u.movedAt.Sub(u.begunAt))
	if b.Interrupted {
		b.Rate, b.Remaining = 0, 0
	}
	return b, nil
}

// Cancel removes the rows of an unfinished rebuild, and stops that rebuild if
// it is running. Kept rows are not touched, but a running rollback to them
// stops. It returns the generation; 0 means that there was none.
func Cancel(ctx context.Context, store *Store) (generation int64, err error) {
	u, err := store.other(ctx, inWork)
	if err != nil {
		return 0, fmt.Errorf("read checkpoint: %w", err)
	}
	err = store.exclusively(ctx, func(tx *sql.Tx) error {
		if _, err := store.exec(ctx, tx, `update docket_checkpoints set epoch = epoch + 1
			where generation in (select generation from docket_generations where kept = 1 and busy = 1)`); err != nil {
			return err
		}
		if _, err := store.exec(ctx, tx, `update docket_generations set busy = 0 where kept = 1`); err != nil {
			return err
		}
		return store.forget(ctx, tx, `generation not in (select generation from docket_read_model)
			and generation not in (select generation from docket_generations where kept = 1)`)
	})
	if err == nil {
		err = store.clean(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("cancel: %w", err)
	}
	return u.generation, nil
}
