package projections

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/projections/dialect"
	"github.com/docketlog/docket/projections/fold"
)

// applier brings the rows of one generation forward. It holds the generation's
// claim: the checkpoint moves only for the applier that knows its position and
// epoch, so rows in memory equal the rows in the database as long as its
// transactions succeed. After any failure it is closed.
type applier struct {
	session    dialect.Session
	logger     *slog.Logger
	generation int64
	epoch      int64
	position   events.Position
	rows       *fold.Rows
	// keep bounds the rows that stay in memory between transactions; payload
	// counts the bytes of the events folded into them.
	keep    keep
	payload int
	// refused and parked count the events that the last transaction did not
	// apply.
	refused, parked int64
}

// keep is a memory bound: a number of rows, and a number of bytes of events.
// The rows folded from those events are not much larger.
type keep struct{ rows, payload int }

// newApplier opens a connection for a generation whose checkpoint is m.
// complete means that the generation is empty.
func (s *Store) newApplier(ctx context.Context, m model, keep keep, complete bool) (*applier, error) {
	session, err := s.dialect.Session(ctx, m.generation)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	a := &applier{
		session: session, logger: s.logger,
		generation: m.generation, epoch: m.epoch, position: m.position,
		rows: fold.NewRows(s.projections), keep: keep,
	}
	a.rows.Reset(complete)
	return a, nil
}

func (a *applier) close() { a.session.Close() }

// chunk is a decoded section of the log.
type chunk struct {
	facts     []fold.Fact
	end       events.Position
	head      uint64
	storedAt  int64
	malformed int
	payload   int // bytes
}

// add appends a batch to the chunk. Decoding and hashing happen only here.
func (c *chunk) add(b events.Batch) {
	for i := range b.Events {
		c.facts = append(c.facts, fold.NewFact(&b.Events[i]))
		c.payload += len(b.Events[i].Payload)
	}
	c.end, c.head, c.malformed = b.End, max(b.Head.Sequence, b.End.Sequence), c.malformed+b.Malformed
	if !b.Stored.IsZero() {
		c.storedAt = b.Stored.UnixMicro()
	}
}

// cut splits a chunk at a sequence within it. Malformed events are counted with
// the second part.
func (c *chunk) cut(at uint64) (first, second *chunk) {
	n := slices.IndexFunc(c.facts, func(f fold.Fact) bool { return f.Position.Sequence > at })
	if n < 0 {
		n = len(c.facts)
	}
	first, second = &chunk{}, &chunk{}
	*first, *second = *c, *c
	first.facts, first.end, first.malformed = c.facts[:n:n], c.end.At(at), 0
	second.facts = c.facts[n:]
	return first, second
}

// moveCheckpoint is the compare-and-set that fences every transaction: it finds
// its row only while no other process has claimed, moved or replaced it.
const moveCheckpoint = `update docket_checkpoints
	set sequence = ?, head = ?, stored_at = ?, malformed = malformed + ?
	where generation = ? and epoch = ? and incarnation = ? and sequence = ?`

// apply brings the rows to the chunk's end in one transaction: checkpoint and
// rows, all or nothing. Events at or before the applier's position are skipped.
// It fails with dialect.ErrFenced if the claim is lost; after any error the
// applier must not be used again.
func (a *applier) apply(ctx context.Context, c *chunk) (err error) {
	if c.end.Sequence <= a.position.Sequence {
		return nil
	}
	defer func() {
		if err != nil {
			a.session.Rollback()
		}
	}()
	for i := range c.facts {
		a.rows.Want(&c.facts[i])
	}
	move := dialect.Statement{Query: moveCheckpoint, Args: []any{
		int64(c.end.Sequence), int64(c.head), c.storedAt, int64(c.malformed),
		a.generation, a.epoch, a.position.Incarnation, int64(a.position.Sequence),
	}}
	if err := a.session.Begin(ctx, move, a.rows.Loads()); err != nil {
		return fmt.Errorf("begin after %s: %w", a.position, err)
	}
	var parked []*fold.Fact
	a.refused = 0
	last := a.position.Sequence
	for i := range c.facts {
		f := &c.facts[i]
		if f.Position.Sequence <= last {
			continue
		}
		last = f.Position.Sequence
		switch a.rows.Apply(f) {
		case fold.Parked:
			parked = append(parked, f)
		case fold.Refused:
			a.refused++
		}
	}
	if err := a.session.Write(ctx, a.rows.Changes()); err != nil {
		return fmt.Errorf("write up to %s: %w", c.end, err)
	}
	if err := a.session.Commit(ctx); err != nil {
		return fmt.Errorf("commit up to %s: %w", c.end, err)
	}
	a.position, a.parked = c.end, int64(len(parked))
	a.rows.Settle()
	a.payload += c.payload
	if a.rows.Len() > a.keep.rows || a.payload > a.keep.payload {
		a.rows.Reset(false)
		a.payload = 0
	}
	for _, f := range parked {
		a.logger.Warn("cannot fold event, aggregate parked",
			slog.String("aggregate", f.Aggregate.String()), slog.String("event", f.ID.String()),
			slog.String("type", f.WireType()), slog.String("position", f.Position.String()))
	}
	return nil
}
