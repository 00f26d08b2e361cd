package audit

import (
	"context"
	"fmt"

	"github.com/docketlog/docket/events"
)

// Finding is a defect of the log.
type Finding struct {
	// Position is the position in the log, if the finding has one.
	Position events.Position
	What     string
}

func (f Finding) String() string {
	if f.Position.IsZero() {
		return f.What
	}
	return fmt.Sprintf("position %d: %s", f.Position.Sequence, f.What)
}

// ChainReport is the result of [Chains].
type ChainReport struct {
	// Position is the end of the part of the log that was read.
	Position   events.Position
	Events     uint64
	Aggregates int
	// Forks counts events whose revision in the chain was already taken, and
	// events that follow them. A second writer during a change of leader causes
	// them, or a repetition. No reader accepts them and the chain is intact
	// without them, so they are counted but are not findings.
	Forks uint64
	// Findings are in log order: messages that are not events, events that
	// cannot be decoded, and broken chains. An aggregate with a broken chain
	// has one finding. At most 100 findings are kept.
	Findings []Finding
	// Broken counts all findings.
	Broken uint64
}

// maxFindings limits the report on a badly damaged log.
const maxFindings = 100

// Chains reads the whole log up to its current end and checks every event: that
// it can be decoded, that its aggregate's revisions are 1, 2, 3, … and that each
// has the hash of the event before. A changed, missing, inserted or reordered
// event breaks the chain after it. progress, if not nil, is called with the number
// of messages read and the total.
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
			find(b.End, "%d messages at or before this position are not events", b.Malformed)
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
