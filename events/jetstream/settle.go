package jetstream

import (
	"context"
	"fmt"

	"github.com/docketlog/docket/events"
)

// settle finds out what became of the commit by reading what its aggregate's
// subject holds after the commit's head. It is not settled if the subject has
// not moved and the server did not say no: then sending the same bytes again is
// right, for at most one of them can be accepted.
func (a *attempt) settle(ctx context.Context, answer verdict, cause error) (done events.Appended, settled bool, err error) {
	head := a.commit.Head
	tail, err := a.log.tail(ctx, head.Aggregate)
	if err != nil {
		return events.Appended{}, false, err
	}
	if tail > head.Sequence {
		after, now, err := a.log.loadTo(ctx, head, tail)
		if err != nil {
			return events.Appended{}, false, err
		}
		if done, ok := a.find(after, head); ok {
			return done, true, nil
		}
		return events.Appended{}, true, fmt.Errorf("%w: commit is based on revision %d, sequence %d; it is at revision %d, sequence %d",
			events.ErrConflict, head.Revision, head.Sequence, now.Revision, now.Sequence)
	}
	switch {
	case tail < head.Sequence && a.log.replicas == 1:
		return events.Appended{}, true, fmt.Errorf("%w: commit is based on sequence %d, the aggregate ends at %d",
			events.ErrConflict, head.Sequence, tail)
	case answer == refused:
		return events.Appended{}, true, fmt.Errorf("%w: %w", events.ErrRefused, cause)
	case answer == duplicate:
		return a.settleOlder(ctx)
	}
	return events.Appended{}, false, nil
}

// settleOlder handles event ids that the server knows from before the commit's
// head. Either the command was written then, decided on an earlier state, and
// that is its outcome; or its event lies off the chain, left by a change of
// leader, counts for nobody, and must not keep the command from being written.
func (a *attempt) settleOlder(ctx context.Context) (events.Appended, bool, error) {
	start := events.Head{Aggregate: a.commit.Head.Aggregate}
	all, _, err := a.log.loadTo(ctx, start, a.commit.Head.Sequence)
	if err != nil {
		return events.Appended{}, false, err
	}
	if done, ok := a.find(all, start); ok {
		return done, true, nil
	}
	a.remember = false
	return events.Appended{}, false, nil
}

// find looks for the command among accepted events that follow head. What was
// written first counts, even if this commit was decided anew and differs.
func (a *attempt) find(accepted []events.Envelope, head events.Head) (events.Appended, bool) {
	var mine []events.Envelope
	for i := range accepted {
		e := &accepted[i]
		if e.ID == events.EventID(a.commit.Command, len(mine)) {
			mine = append(mine, *e)
		} else if mine != nil {
			break
		}
		head = head.After(e)
	}
	if mine == nil {
		return events.Appended{}, false
	}
	return events.Appended{Events: mine, Head: head, Duplicate: true}, true
}
