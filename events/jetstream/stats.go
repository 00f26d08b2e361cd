package jetstream

import "sync/atomic"

// Stats counts since the log was opened.
type Stats struct {
	// Appended counts commits written by this process, Duplicates those found
	// to have been written by an earlier attempt, Conflicts and Refused those
	// that failed so.
	Appended   uint64
	Duplicates uint64
	Conflicts  uint64
	Refused    uint64
	// Ambiguous counts answers from which the outcome could not be told, such
	// as a lost acknowledgement; Unsettled the commits whose outcome stayed
	// unknown.
	Ambiguous uint64
	Unsettled uint64
	// Forks counts events that a load ignored because they do not continue
	// their aggregate's chain, and own ones acknowledged off it; Malformed
	// counts messages read that are no events.
	Forks     uint64
	Malformed uint64
}

type counters struct {
	appended, duplicates, conflicts, refused, ambiguous, unsettled, forks, malformed atomic.Uint64
}

// Stats is a snapshot of the counts.
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
