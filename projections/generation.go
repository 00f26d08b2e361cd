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
)

// newGeneration makes the tables and the checkpoint of a generation that
// begins at a position, and takes the place of any that was not finished.
// Numbers are never used twice. The checkpoint is there before its first table
// is, so that tables without one belong to nobody, also on a database where
// making a table commits.
func (s *Store) newGeneration(ctx context.Context, begin events.Position) (m model, err error) {
	err = s.exclusively(ctx, func(tx *sql.Tx) error {
		var live, newest int64
		if err := tx.QueryRowContext(ctx, `select generation, newest from docket_read_model where id = 1`).Scan(&live, &newest); err != nil {
			return err
		}
		m = model{generation: newest + 1, fingerprint: s.fingerprint, position: begin, epoch: 1}
		if _, err := s.exec(ctx, tx, `update docket_read_model set newest = ? where id = 1`, m.generation); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, `delete from docket_checkpoints where generation <> ?`, live); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, `insert into docket_checkpoints
			(generation, fingerprint, incarnation, sequence, head, stored_at, epoch, malformed) values (?, ?, ?, ?, ?, ?, ?, ?)`,
			m.generation, m.fingerprint, begin.Incarnation, int64(begin.Sequence), int64(begin.Sequence), int64(0), m.epoch, int64(0)); err != nil {
			return err
		}
		for _, t := range tables() {
			if _, err := tx.ExecContext(ctx, t.create(s.dialect, m.generation)); err != nil {
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

// finish makes the indexes of a generation that was filled in bulk.
func (s *Store) finish(ctx context.Context, generation int64) error {
	var statements, all []string
	for _, t := range tables() {
		statements, all = append(statements, t.createIndexes(generation)...), append(all, t.in(generation))
	}
	if settle := s.dialect.settle(strings.Join(all, ", ")); settle != "" {
		statements = append(statements, settle)
	}
	for _, statement := range statements {
		if _, err := s.write.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%.80s: %w", statement, err)
		}
	}
	return nil
}

// unfit is the live generation if its rows are not of this log: of another life
// of it, or beyond its end. Otherwise it is 0.
func (s *Store) unfit(ctx context.Context, log events.Log) (generation int64, err error) {
	live, err := s.model(ctx)
	if err != nil || live.generation == 0 {
		return 0, err
	}
	feed, err := log.Follow(ctx, live.position, 1)
	switch {
	case errors.Is(err, events.ErrIncarnation):
		return live.generation, nil
	case err != nil:
		return 0, fmt.Errorf("follow the log: %w", err)
	}
	feed.Close()
	return 0, nil
}

// switchTo makes a generation the live one, if it is not behind the one that
// is: answers never go back. It reports whether it did, and fails with
// errFenced if somebody else switched, or took over the generation. Rows that
// are unfit are ahead of nothing.
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
		gone, err := s.exec(ctx, tx, `delete from docket_checkpoints where generation = ? and sequence <= ?`, live.generation, int64(limit))
		if err != nil || (gone == 0 && live.generation != 0) {
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
			return errFenced
		}
		switched = true
		return nil
	})
	return switched && err == nil, err
}

// abandon gives up a generation that is not live.
func (s *Store) abandon(ctx context.Context, generation int64) error {
	_, err := s.exec(ctx, s.write, `delete from docket_checkpoints where generation = ?
		and generation not in (select generation from docket_read_model)`, generation)
	return errors.Join(err, s.clean(ctx))
}

// clean drops the tables of generations that are neither live nor being built.
func (s *Store) clean(ctx context.Context) error {
	// Tables first: a generation that comes into being in between has its
	// checkpoint by the time that is read.
	existing, err := column1[string](ctx, s.write, s.dialect.catalog())
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
