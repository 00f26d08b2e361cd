package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/fold"
	"github.com/docketlog/docket/projections/schema"
)

// CycleBounds are the upper bounds of the cycle time buckets, in order. They
// must not be modified.
var CycleBounds = fold.CycleBounds

// Figures are totals over all projects.
type Figures struct {
	// Created, Completed and Reopened count everything that ever happened. A
	// task is completed when it is moved into a status of the category done
	// from one that is not.
	Created, Completed, Reopened uint64
	// Standing counts the current tasks by category, Deleted those in the
	// trash.
	Standing map[events.Category]int64
	Deleted  int64
	// Cycles counts completions by cycle time, not cumulative, in the order of
	// [CycleBounds] plus one for longer times; CycleTime is the sum of all
	// cycle times. A cycle begins when a task is first moved into doing or
	// reopened after it was done; if neither happened, when it was created.
	Cycles    []uint64
	CycleTime time.Duration
}

// Figures reads one row. Before the first task, all values are zero.
func (s *Store) Figures(ctx context.Context) (Figures, error) {
	var f Figures
	err := s.Read(ctx, events.Position{}, func(snapshot *Snapshot) error {
		f = Figures{Standing: map[events.Category]int64{}, Cycles: make([]uint64, len(CycleBounds)+1)}
		return snapshot.each(ctx, func(scan func(...any) error) error {
			var toDo, doing, done, taken int64
			var cycles string
			err := scan(&f.Created, &f.Completed, &f.Reopened, &toDo, &doing, &done, &f.Deleted, &cycles, &taken)
			if err != nil {
				return err
			}
			f.Standing[events.CategoryToDo], f.Standing[events.CategoryDoing], f.Standing[events.CategoryDone] = toDo, doing, done
			f.CycleTime = time.Duration(taken) * time.Microsecond
			var counts []uint64
			err = schema.Decode(cycles, &counts)
			copy(f.Cycles, counts)
			return err
		}, `select created, completed, reopened, to_do, doing, done, deleted, cycles, cycle_time from {g}figures`)
	})
	if err != nil {
		return Figures{}, fmt.Errorf("read figures: %w", err)
	}
	return f, nil
}
