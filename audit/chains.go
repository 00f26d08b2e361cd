package audit

import (
	"context"
	"fmt"

	"github.com/docketlog/docket/events"
)

// Finding is something an audit holds against the log or the rows.
type Finding struct {
	// Position is where in the log, if it is about a place in it.
	Position events.Position
	What     string
}

func (f Finding) String() string {
	if f.Position.IsZero() {
		return f.What
	}
	return fmt.Sprintf("position %d: %s", f.Position.Sequence, f.What)
}

// ChainReport is what [Chains] saw.
type ChainReport struct {
	// Position is the end of the part of the log that was read.
	Position   events.Position
	Events     uint64
	Aggregates int
	// Forks counts events that came too late for their place in a chain, and
	// those that follow them: what a second writer wrote in the moment of a
	// change of leader, or a repetition.
	// No reader accepts them and the chain is whole without them, so they are
	// reported and are no finding.
	Forks uint64
	// Findings are in log order: messages that are no events, events that
	// cannot be read, chains that are broken. An aggregate with a broken chain
	// is named once. At most maxFindings are kept.
	Findings []Finding
	// Broken counts all of them.
	Broken uint64
}

// maxFindings bounds what a report on a ruined log holds.
const maxFindings = 100

// Chains reads the whole log up to its present end and checks every event:
// that it can be decoded, that its aggregate's revisions are 1, 2, 3, … and
// that each names the hash of the one before. A changed, missing, inserted or
// reordered event breaks the chain after it. progress, if not nil, is told how
// many of how many messages were read.
func Chains(ctx context.Context, log events.Log, progress func(done, total uint64)) (ChainReport, error) {
	end, err := log.End(ctx)
	if err != nil {
		return ChainReport{}, fmt.Errorf("audit: %w", err)
	}
	report := ChainReport{Position: end}
	heads := make(map[events.Aggregate]events.Head)
	broken := make(map[events.Aggregate]bool)
	forked := make(map[events.Hash]bool)
	find := func(at events.Position, format string, args ...any) {
		report.Broken++
		if len(report.Findings) < maxFindings {
			report.Findings = append(report.Findings, Finding{at, fmt.Sprintf(format, args...)})
		}
	}
	_, err = walk(ctx, log, end.At(0), end, func(b *events.Batch) error {
		if b.Malformed > 0 {
			find(b.End, "at or before this place, %d messages are no events", b.Malformed)
		}
		for i := range b.Events {
			e := &b.Events[i]
			if e.Position.Sequence > end.Sequence {
				break
			}
			report.Events++
			head, known := heads[e.Aggregate]
			if !known {
				head.Aggregate = e.Aggregate
			}
			switch err := head.Accepts(e); {
			case err == nil:
				if _, err := e.Event(); err != nil {
					find(e.Position, "event %s of %s: %v", e.ID, e.Aggregate, err)
				}
				heads[e.Aggregate] = head.After(e)
			case e.Revision <= head.Revision, forked[e.PrevHash]:
				report.Forks++
				forked[e.Hash()] = true
			case !broken[e.Aggregate]:
				broken[e.Aggregate] = true
				find(e.Position, "the chain is broken: %v", err)
			}
		}
		if progress != nil {
			progress(min(b.End.Sequence, end.Sequence), end.Sequence)
		}
		return nil
	})
	report.Aggregates = len(heads)
	return report, err
}
