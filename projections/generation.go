package projections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/fold"
)

// newGeneration makes the tables and the checkpoint of a generation that
// begins before the first event of the log that ends at a position, and takes
// the place of any that was not finished.
// Numbers are never used twice. The checkpoint is there before its first table
// is, so that tables without one belong to nobody, also on a database where
// making a table commits.
func (s *Store) newGeneration(ctx context.Context, end events.Position) (m model, err error) {
	err = s.exclusively(ctx, func(tx *sql.Tx) error {
		var live, newest int64
		if err := tx.QueryRowContext(ctx, `select generation, newest from docket_read_model where id = 1`).Scan(&live, &newest); err != nil {
			return err
		}
		m = model{generation: newest + 1, fingerprint: s.fingerprint, position: end.At(0), head: end.Sequence, epoch: 1}
		if _, err := s.exec(ctx, tx, `update docket_read_model set newest = ? where id = 1`, m.generation); err != nil {
			return err
		}
		if err := s.forget(ctx, tx, `generation <> ? and generation not in (select generation from docket_generations where kept = 1)`, live); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, `insert into docket_checkpoints
			(generation, fingerprint, incarnation, sequence, head, stored_at, epoch, malformed) values (?, ?, ?, ?, ?, ?, ?, ?)`,
			m.generation, m.fingerprint, m.position.Incarnation, int64(m.position.Sequence), int64(m.head), int64(0), m.epoch, int64(0)); err != nil {
			return err
		}
		if err := s.begun(ctx, tx, m); err != nil {
			return err
		}
		for _, t := range fold.Tables() {
			if _, err := tx.ExecContext(ctx, dialect.CreateTable(s.dialect, t, m.generation)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return model{}, fmt.Errorf("make generation: %w", err)
	}
	return m, nil
}

// forget gives up the generations that a condition on the checkpoints selects.
// Their tables belong to nobody after that.
func (s *Store) forget(ctx context.Context, tx *sql.Tx, which string, args ...any) error {
	if _, err := s.exec(ctx, tx, `delete from docket_checkpoints where `+which, args...); err != nil {
		return err
	}
	_, err := s.exec(ctx, tx, `delete from docket_generations where generation not in (select generation from docket_checkpoints)`)
	return err
}

// adopt claims a generation that is not live, as it was seen, to go on with
// it: whoever was at work on it is fenced. It reports false, and changes
// nothing, if not all of its tables are there, as after a kill while they were
// made, or if somebody was faster.
func (s *Store) adopt(ctx context.Context, seen model) (m model, adopted bool, err error) {
	existing, err := column1[string](ctx, s.write, s.dialect.Catalog())
	if err != nil {
		return model{}, false, fmt.Errorf("list tables: %w", err)
	}
	for _, t := range fold.Tables() {
		if !slices.Contains(existing, t.In(seen.generation)) {
			return model{}, false, nil
		}
	}
	err = s.exclusively(ctx, func(tx *sql.Tx) error {
		adopted = false
		n, err := s.exec(ctx, tx, `update docket_checkpoints set epoch = epoch + 1 where generation = ? and epoch = ?
			and generation not in (select generation from docket_read_model)`, seen.generation, seen.epoch)
		if err != nil || n == 0 {
			return err
		}
		// What the one before had under way is over: it held this row.
		if err := m.scan(tx.QueryRowContext(ctx, s.dialect.Bind(`select generation, fingerprint, incarnation, sequence,
			head, stored_at, epoch, malformed from docket_checkpoints where generation = ?`), seen.generation).Scan); err != nil {
			return err
		}
		adopted = true
		return s.begun(ctx, tx, m)
	})
	if err != nil {
		return model{}, false, fmt.Errorf("claim generation %d: %w", seen.generation, err)
	}
	return m, adopted, nil
}

// finish makes the indexes of a generation that was filled in bulk, as far as
// they are missing.
func (s *Store) finish(ctx context.Context, generation int64) error {
	var all []string
	for _, t := range fold.Tables() {
		all = append(all, t.In(generation))
		for name, statement := range t.CreateIndexes(generation) {
			if err := s.makeIndex(ctx, name, statement); err != nil {
				return fmt.Errorf("%.80s: %w", statement, err)
			}
		}
	}
	if settle := s.dialect.Settle(strings.Join(all, ", ")); settle != "" {
		if _, err := s.write.ExecContext(ctx, settle); err != nil {
			return fmt.Errorf("%.80s: %w", settle, err)
		}
	}
	return nil
}

// makeIndex makes an index that is not there. A server may still be making it
// for a process that was killed: then the statement waits and fails, and all is
// well.
func (s *Store) makeIndex(ctx context.Context, name, statement string) error {
	there := func() (bool, error) {
		names, err := column1[string](ctx, s.write, s.dialect.Indexes())
		return slices.Contains(names, name), err
	}
	if done, err := there(); err != nil || done {
		return err
	}
	_, err := s.write.ExecContext(ctx, statement)
	if err == nil {
		return nil
	}
	done, failed := there()
	if done {
		return nil
	}
	return errors.Join(err, failed)
}

// unfit is the live generation if its rows are not of this log: of another life
// of it, or beyond its end. Otherwise it is 0.
func (s *Store) unfit(ctx context.Context, log events.Log, live model) (generation int64, err error) {
	if live.generation == 0 {
		return 0, nil
	}
	if fits, err := follows(ctx, log, live.position); err != nil || fits {
		return 0, err
	}
	return live.generation, nil
}

// follows reports whether a position is one of this log.
func follows(ctx context.Context, log events.Log, after events.Position) (bool, error) {
	feed, err := log.Follow(ctx, after, 1)
	switch {
	case errors.Is(err, events.ErrIncarnation):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("follow the log: %w", err)
	}
	feed.Close()
	return true, nil
}

// switchTo makes a generation the live one, if it is not behind the one that
// is: answers never go back. The one that was live is kept, and the one that was
// kept is given up, all in one step. It reports whether it did, and fails with
// dialect.ErrFenced if somebody else switched, or took over the generation. Rows that
// are unfit are ahead of nothing and not kept.
func (s *Store) switchTo(ctx context.Context, a *applier, unfit int64) (switched bool, err error) {
	live, err := s.model(ctx)
	if err != nil {
		return false, err
	}
	limit := a.position.Sequence
	if live.generation == unfit {
		limit = math.MaxInt64
	}
	err = s.exclusively(ctx, func(tx *sql.Tx) error {
		switched = false
		// The new epoch fences whoever follows with these rows.
		passed, err := s.exec(ctx, tx, `update docket_checkpoints set epoch = epoch + 1 where generation = ? and sequence <= ?`, live.generation, int64(limit))
		if err != nil || (passed == 0 && live.generation != 0) {
			return err
		}
		mine, err := s.exec(ctx, tx, `update docket_checkpoints set head = head where generation = ? and epoch = ?`, a.generation, a.epoch)
		if err != nil {
			return err
		}
		moved, err := s.exec(ctx, tx, `update docket_read_model set generation = ? where id = 1 and generation = ?`, a.generation, live.generation)
		if err != nil {
			return err
		}
		if mine == 0 || moved == 0 {
			return dialect.ErrFenced
		}
		if err := s.keepOnly(ctx, tx, live.generation, a.generation, unfit); err != nil {
			return err
		}
		switched = true
		return nil
	})
	return switched && err == nil, err
}

// keepOnly makes the generation before the only one that is kept, unless it is
// unfit.
func (s *Store) keepOnly(ctx context.Context, tx *sql.Tx, before, now, unfit int64) error {
	if _, err := s.exec(ctx, tx, `delete from docket_generations where generation = ?`, now); err != nil {
		return err
	}
	gone := `generation in (select generation from docket_generations where kept = 1)`
	if before != 0 && before == unfit {
		return s.forget(ctx, tx, gone+` or generation = ?`, before)
	}
	if err := s.forget(ctx, tx, gone); err != nil || before == 0 {
		return err
	}
	_, err := s.exec(ctx, tx, `insert into docket_generations
		(generation, kept, compared, busy, begun, begun_at, moved_at) values (?, 1, 0, 0, 0, 0, 0)`, before)
	return err
}

// clean drops the tables of generations that are neither live nor kept nor
// unfinished.
func (s *Store) clean(ctx context.Context) error {
	// Tables first: a generation that comes into being in between has its
	// checkpoint by the time that is read.
	existing, err := column1[string](ctx, s.write, s.dialect.Catalog())
	if err != nil {
		return fmt.Errorf("list tables: %w", err)
	}
	kept, err := column1[int64](ctx, s.write, `select generation from docket_checkpoints union select generation from docket_read_model`)
	if err != nil {
		return fmt.Errorf("list generations: %w", err)
	}
	for _, name := range existing {
		var generation int64
		if _, err := fmt.Sscanf(name, "g%d_", &generation); err != nil || slices.Contains(kept, generation) {
			continue
		}
		// One table, one transaction: a reader that has one of them and wants
		// another cannot deadlock with it.
		if _, err := s.write.ExecContext(ctx, "drop table if exists "+name); err != nil {
			return fmt.Errorf("drop %s: %w", name, err)
		}
	}
	return nil
}

// column1 is the first column of a query's rows.
func column1[T any](ctx context.Context, db *sql.DB, query string) (list []T, err error) {
	found, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		var v T
		if err := found.Scan(&v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, found.Err()
}
