package events

import (
	"context"
	"errors"
	"time"
)

// Errors of a [Log]. They are matched with errors.Is.
var (
	// ErrConflict reports that the aggregate no longer ends where the commit
	// says. Nothing was written. Load what came after, decide again.
	ErrConflict = errors.New("aggregate has moved on")
	// ErrRefused reports that the log will not take this commit however often
	// it is sent: too large, or the log is full or sealed. Nothing was written.
	ErrRefused = errors.New("log refused the commit")
	// ErrUnsettled reports that the log could not be reached long enough to
	// learn whether the commit was written. Sending the same command again is
	// safe and settles it.
	ErrUnsettled = errors.New("outcome unknown: the log could not be reached")
)

// Appended is what [Log.Append] wrote.
type Appended struct {
	// Events are the commit's events with their positions.
	Events []Envelope
	// Head is the aggregate's head after them.
	Head Head
	// Duplicate reports that they had been written by an earlier attempt.
	Duplicate bool
}

// Batch is a run of the log.
type Batch struct {
	// Events are in log order, every message of the run that is an event,
	// whether or not its aggregate's chain accepts it.
	Events []Envelope
	// End is the position up to which the run reaches; it can lie beyond the
	// last event where messages were malformed.
	End Position
	// Stored is when the log stored the run's last message.
	Stored time.Time
	// Malformed counts messages that are no events.
	Malformed int
	// Head is the log's last known position when the run was read; Head.Sequence
	// minus End.Sequence is how far behind a reader of this batch is.
	Head Position
}

// Feed is a reader of the log that waits for what comes. It is used by one
// goroutine at a time.
type Feed interface {
	// Next blocks until there is something after the last batch and returns
	// what is there, up to the feed's limit: it never waits to fill a batch. It
	// survives lost connections and changes of leader without gap or
	// repetition. It ends with ctx's error, or with [ErrIncarnation] when the
	// log is no longer the one the feed began with.
	Next(ctx context.Context) (Batch, error)
	// Close releases what the feed holds. It may be called more than once.
	Close()
}

// Log is the append-only record that is the truth. All methods may be called
// concurrently. Implementations pass the suite in package events/logtest.
type Log interface {
	// Append writes the commit's events at commit.Head, all or none, and
	// returns once they are as durable as the log promises. It fails with
	// [ErrConflict], [ErrRefused] or [ErrUnsettled], and it settles every
	// ambiguous answer by reading the aggregate's end, so that a commit sent
	// twice is written once and succeeds twice.
	Append(ctx context.Context, commit Commit) (Appended, error)
	// Load reads what happened to after.Aggregate since after, in order and
	// accepted by [Head.Accepts] only, and the head that results. Nothing
	// having happened is not an error.
	Load(ctx context.Context, after Head) ([]Envelope, Head, error)
	// Follow reads the log from the event after the given position on, in
	// batches of at most limit events. It fails with [ErrIncarnation] for a
	// position of another life of the log or one beyond its end.
	Follow(ctx context.Context, after Position, limit int) (Feed, error)
	// End is the position of the last event stored.
	End(ctx context.Context) (Position, error)
}
