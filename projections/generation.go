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

// newGeneration creates the tables and the checkpoint of a generation that
// begins before the log's first event, and replaces any unfinished generation.
// end is the log's current end. Numbers are never reused. The checkpoint is
// created before the first table, so that tables without a checkpoint have no
// owner, even on a database where creating a table commits.
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
		return model{}, fmt.Errorf("create generation: %w", err)
	}
	return m, nil
}

// forget removes the generations whose checkpoints match a condition. Their
// tables have no owner after that.
func (s *Store) forget(ctx context.Context, tx *sql.Tx, which string, args ...any) error {
	if _, err := s.exec(ctx, tx, `delete from docket_checkpoints where `+which, args...); err != nil {
		return err
	}
	_, err := s.exec(ctx, tx, `delete from docket_generations where generation not in (select generation from docket_checkpoints)`)
	return err
}

// adopt claims a generation that is not live, if it is still as it was read, in
// order to continue it; a process working on it is fenced. It returns false,
// and changes nothing, if some tables are missing, for example after a kill
// while they were being created, or if another process was faster.
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
		// The previous owner's transactions are over: each of them locks this
		// row.
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

// finish creates the missing indexes of a generation that was filled in bulk.
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

// makeIndex creates an index if it does not exist. A server may still be
// creating it for a process that was killed; the statement then waits and
// fails, which is not an error.
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

// unfit returns the live generation if its rows do not belong to this log: they
// are of another incarnation, or beyond its end. Otherwise it returns 0.
func (s *Store) unfit(ctx context.Context, log events.Log, live model) (generation int64, err error) {
	if live.generation == 0 {
		return 0, nil
	}
	if fits, err := follows(ctx, log, live.position); err != nil || fits {
		return 0, err
	}
	return live.generation, nil
}

// follows reports whether a position belongs to this log.
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

// switchTo makes a generation the live one, unless it is behind the live one:
// answers never go back. In one step, the previously live generation is kept,
// and the previously kept one is removed. It reports whether it switched, and
// fails with dialect.ErrFenced if another process switched or took over the
// generation. Unfit rows count as ahead of nothing and are not kept.
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
		// The new epoch fences any projector that follows with these rows.
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

// keepOnly makes the previous generation the only kept one, unless it is unfit.
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
	// List tables first: a generation created in between has its checkpoint by
	// the time checkpoints are read.
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
		// Drop one table per transaction, so that this cannot deadlock with a
		// reader that holds one table and waits for another.
		if _, err := s.write.ExecContext(ctx, "drop table if exists "+name); err != nil {
			return fmt.Errorf("drop %s: %w", name, err)
		}
	}
	return nil
}

// column1 returns the first column of a query's rows.
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
