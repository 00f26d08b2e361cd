package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/docketlog/docket/projections/schema"
)

// pendingGeneration is a generation that is not live, with what docket_generations
// says of it beside its checkpoint.
type pendingGeneration struct {
	model
	// kept says that it was live and can be again.
	kept bool
	// compared is what the comparison with the rows served came to. Before it the
	// generation does not get ahead of these.
	compared int
	// busy says that a process began to work on it and did not say that it
	// ended: it works still, or was killed.
	busy bool
	// begun is where the work began, and moved when it last made a step; times
	// are by the clock of whoever works.
	begun            uint64
	begunAt, movedAt time.Time
}

// The generations that are not live, by what becomes of them.
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

// begun notes that work on a generation begins, where its checkpoint is.
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

// moved notes a step of the work on a generation.
func (s *Store) moved(ctx context.Context, generation int64) error {
	_, err := s.exec(ctx, s.write, `update docket_generations set moved_at = ? where generation = ?`, time.Now().UnixMicro(), generation)
	return err
}

// release notes that work on a generation ended before it did, unless somebody
// else has gone on with it.
func (s *Store) release(ctx context.Context, a claim) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_, err := s.exec(ctx, s.write, `update docket_generations set busy = 0 where generation = ?
		and generation in (select generation from docket_checkpoints where generation = ? and epoch = ?)`, a.generation, a.generation, a.epoch)
	return err
}

// holds reports whether a claim on a generation still stands.
func (s *Store) holds(ctx context.Context, a claim) (bool, error) {
	var n int
	err := s.write.QueryRowContext(ctx, s.dialect.Bind(`select count(*) from docket_checkpoints where generation = ? and epoch = ?`), a.generation, a.epoch).Scan(&n)
	return n > 0, err
}

// Building tells how far the rows are that will take the place of those served,
// whichever process makes them. The zero Generation means that there are none.
type Building struct {
	Generation int64
	Progress
	// Interrupted says that whoever worked on them ended: there is no rate and no
	// end in sight. A process that was killed does not say so. Moved is when they
	// last made a step, by that process's clock.
	Interrupted bool
	Moved       time.Time
	// Differs says that they were compared with those served, are not the same,
	// and therefore did not take their place.
	Differs bool
}

// Building tells how far a rebuild is that some process is at, or was.
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

// Cancel gives up the rows that a rebuild has not finished, and ends that
// rebuild if it runs. Rows that are kept from before are not touched, but a way
// back to them that is under way ends. It tells the generation; 0 means that
// there was none.
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
