package events

import (
	"context"
	"errors"
	"time"
)

// Errors of a [Log]. Match them with errors.Is.
var (
	// ErrConflict reports that the aggregate no longer ends at the commit's
	// head. Nothing was written. Load the later events and decide again.
	ErrConflict = errors.New("aggregate has changed in the meantime")
	// ErrRefused reports that the log rejects this commit and a retry cannot
	// succeed: it is too large, or the log is full or sealed. Nothing was written.
	ErrRefused = errors.New("log refused the commit")
	// ErrUnsettled reports that it is unknown whether the commit was written,
	// because the log could not be reached. Retrying the same command is safe
	// and settles the outcome.
	ErrUnsettled = errors.New("outcome unknown: the log could not be reached")
)

// Appended is the result of [Log.Append].
type Appended struct {
	// Events are the commit's events with their positions.
	Events []Envelope
	// Head is the aggregate's head after these events.
	Head Head
	// Duplicate reports that an earlier attempt had written the events.
	Duplicate bool
}

// Batch is a contiguous part of the log.
type Batch struct {
	// Events are all events of the batch in log order, whether or not their
	// aggregate's chain accepts them.
	Events []Envelope
	// End is the position of the batch's last message. It is after the last
	// event if malformed messages follow that event.
	End Position
	// Stored is when the log stored the batch's last message.
	Stored time.Time
	// Malformed counts messages that are not events.
	Malformed int
	// Head is the log's last known position when the batch was read.
	// Head.Sequence minus End.Sequence is the reader's lag in messages.
	Head Position
}

// Feed reads the log and waits for new events. Only one goroutine may use it at
// a time.
type Feed interface {
	// Next blocks until there are messages after the last batch and returns
	// them, up to the feed's limit. It never waits to fill a batch. It survives
	// lost connections and changes of leader without gaps or repetitions. It
	// fails with ctx's error, or with [ErrIncarnation] if the log is no longer
	// the one the feed was opened on.
	Next(ctx context.Context) (Batch, error)
	// Close releases what the feed holds. It may be called more than once.
	Close()
}

// Log is the append-only log of all events, the source of truth. All methods may
// be called concurrently. Implementations pass the suite in package events/logtest.
type Log interface {
	// Append writes the commit's events after commit.Head, all or none, and
	// returns once they are as durable as the log guarantees. It fails with
	// [ErrConflict], [ErrRefused] or [ErrUnsettled]. It settles every ambiguous
	// answer by reading the aggregate's end, so a commit that is sent twice is
	// written once and succeeds twice.
	Append(ctx context.Context, commit Commit) (Appended, error)
	// Load returns the events of after.Aggregate after the given head, in order
	// and only those that [Head.Accepts] accepts, and the resulting head. It is
	// not an error if there are none.
	Load(ctx context.Context, after Head) ([]Envelope, Head, error)
	// Follow opens a feed that starts with the event after the given position
	// and returns batches of at most limit events. It fails with
	// [ErrIncarnation] if the position belongs to another incarnation of the
	// log or is beyond its end.
	Follow(ctx context.Context, after Position, limit int) (Feed, error)
	// End returns the position of the last event stored.
	End(ctx context.Context) (Position, error)
}
