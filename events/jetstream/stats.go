package jetstream

import "sync/atomic"

// Stats holds counters since the log was opened.
type Stats struct {
	// Appended counts commits written by this process. Duplicates counts those
	// that an earlier attempt had written. Conflicts and Refused count those
	// that failed with ErrConflict and ErrRefused.
	Appended   uint64
	Duplicates uint64
	Conflicts  uint64
	Refused    uint64
	// Ambiguous counts attempts whose outcome was unclear, such as after a lost
	// acknowledgement. Unsettled counts commits whose outcome stayed unknown.
	Ambiguous uint64
	Unsettled uint64
	// Forks counts events that a load ignored because they do not continue
	// their aggregate's chain, and own events that were acknowledged although
	// they do not. Malformed counts messages read that are not events.
	Forks     uint64
	Malformed uint64
}

type counters struct {
	appended, duplicates, conflicts, refused, ambiguous, unsettled, forks, malformed atomic.Uint64
}

// Stats returns a snapshot of the counters.
func (l *Log) Stats() Stats {
	c := &l.stats
	return Stats{
		Appended:   c.appended.Load(),
		Duplicates: c.duplicates.Load(),
		Conflicts:  c.conflicts.Load(),
		Refused:    c.refused.Load(),
		Ambiguous:  c.ambiguous.Load(),
		Unsettled:  c.unsettled.Load(),
		Forks:      c.forks.Load(),
		Malformed:  c.malformed.Load(),
	}
}
