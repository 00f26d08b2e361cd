package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections"
)

// DriftReport is the result of [Drift].
type DriftReport struct {
	// Position is the position at which log and rows were compared.
	Position events.Position
	Rows     uint64
	// Difference describes the first row that differs. It is empty if none does.
	Difference string
}

// Drift folds the log from the beginning and compares the result, row by row,
// with the served rows. It reads those in one snapshot, so it may run while people
// work. It needs scratch space for a copy of all rows in the directory scratch,
// and removes its files there. progress, if not nil, is called with the number of
// events folded and the total.
func Drift(ctx context.Context, log events.Log, live *projections.Store, scratch string, progress func(done, total uint64)) (report DriftReport, err error) {
	folder, err := os.MkdirTemp(scratch, "audit-")
	if err != nil {
		return DriftReport{}, fmt.Errorf("audit: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()

	served, err := os.Create(filepath.Join(folder, "served.json"))
	if err != nil {
		return DriftReport{}, fmt.Errorf("audit: %w", err)
	}
	defer served.Close()
	out := bufio.NewWriterSize(served, 1<<20)
	lines := json.NewEncoder(out)
	report.Position, err = live.Each(ctx, func(table, key, row string) error {
		report.Rows++
		return lines.Encode(rowLine{table, key, row})
	})
	if err != nil {
		return report, fmt.Errorf("audit: read the rows: %w", err)
	}
	if err := out.Flush(); err != nil {
		return report, fmt.Errorf("audit: %w", err)
	}
	if _, err := served.Seek(0, io.SeekStart); err != nil {
		return report, fmt.Errorf("audit: %w", err)
	}
	end, err := log.End(ctx)
	if err != nil {
		return report, fmt.Errorf("audit: %w", err)
	}
	if reached, err := end.Reached(report.Position); err != nil || !reached {
		report.Difference = fmt.Sprintf("the rows reflect position %s, but this log ends at %s", report.Position, end)
		return report, nil
	}

	shadow, err := projections.Open(ctx, "sqlite:"+filepath.Join(folder, "folded.db"), projections.Options{})
	if err != nil {
		return report, fmt.Errorf("audit: %w", err)
	}
	defer shadow.Close()
	_, err = projections.Rebuild(ctx, shadow, until{log, report.Position}, projections.RebuildOptions{Progress: func(p projections.Progress) {
		if progress != nil {
			progress(p.Done, p.Total)
		}
	}})
	if err != nil {
		return report, fmt.Errorf("audit: fold the log: %w", err)
	}
	report.Difference, err = compare(ctx, json.NewDecoder(bufio.NewReaderSize(served, 1<<20)), shadow)
	return report, err
}

// rowLine is a served row in the scratch file.
type rowLine struct{ Table, Key, Row string }

var errDiffers = errors.New("differs")

// compare reads served and folded rows in parallel. Both have the same order.
func compare(ctx context.Context, served *json.Decoder, shadow *projections.Store) (difference string, err error) {
	differ := func(format string, args ...any) error {
		difference = fmt.Sprintf(format, args...)
		return errDiffers
	}
	_, err = shadow.Each(ctx, func(table, key, row string) error {
		var have rowLine
		switch err := served.Decode(&have); {
		case errors.Is(err, io.EOF):
			return differ("table %s has no row %s; the log produces %s", table, key, row)
		case err != nil:
			return err
		case have.Table != table || have.Key != key:
			return differ("the log produces row %s of table %s, but row %s of table %s is served", key, table, have.Key, have.Table)
		case have.Row != row:
			return differ("row %s of table %s: the log produces %s, but %s is served", key, table, row, have.Row)
		}
		return nil
	})
	if err == nil {
		var have rowLine
		if err = served.Decode(&have); err == nil {
			err = differ("table %s has row %s, which the log does not produce: %s", have.Table, have.Key, have.Row)
		} else if errors.Is(err, io.EOF) {
			err = nil
		}
	}
	if errors.Is(err, errDiffers) {
		err = nil
	}
	return difference, err
}

// until limits a log to the events up to a position.
type until struct {
	events.Log
	end events.Position
}

func (u until) End(context.Context) (events.Position, error) { return u.end, nil }

func (u until) Follow(ctx context.Context, after events.Position, limit int) (events.Feed, error) {
	feed, err := u.Log.Follow(ctx, after, limit)
	if err != nil {
		return nil, err
	}
	return untilFeed{feed, u.end}, nil
}

type untilFeed struct {
	events.Feed
	end events.Position
}

func (f untilFeed) Next(ctx context.Context) (events.Batch, error) {
	b, err := f.Feed.Next(ctx)
	if err != nil {
		return b, err
	}
	for len(b.Events) > 0 && b.Events[len(b.Events)-1].Position.Sequence > f.end.Sequence {
		b.Events = b.Events[:len(b.Events)-1]
	}
	if b.End.Sequence > f.end.Sequence {
		b.End = f.end
	}
	b.Head = f.end
	return b, nil
}
