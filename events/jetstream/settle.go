package jetstream

import (
	"context"
	"fmt"

	"github.com/docketlog/docket/events"
)

// settle determines the outcome of the commit by reading its aggregate's subject
// after the commit's head. The outcome stays open if the subject has no new
// messages and the server did not reject the commit. Then the same bytes can be
// sent again, because at most one copy can be accepted.
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
		return events.Appended{}, true, fmt.Errorf("%w: the commit is based on revision %d, sequence %d; the aggregate is at revision %d, sequence %d",
			events.ErrConflict, head.Revision, head.Sequence, now.Revision, now.Sequence)
	}
	switch {
	case tail < head.Sequence && a.log.replicas == 1:
		return events.Appended{}, true, fmt.Errorf("%w: the commit is based on sequence %d; the aggregate ends at %d",
			events.ErrConflict, head.Sequence, tail)
	case answer == refused:
		return events.Appended{}, true, fmt.Errorf("%w: %w", events.ErrRefused, cause)
	case answer == duplicate:
		return a.settleOlder(ctx)
	}
	return events.Appended{}, false, nil
}

// settleOlder handles event ids that the server remembers from before the
// commit's head. Either the command was decided on an earlier state and written
// then, and that is its outcome. Or its event is a fork left by a change of
// leader: no reader accepts it, and it must not prevent the command from being
// written.
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

// find looks for the command's events among accepted events that follow head.
// The events written first count, even if this commit was decided again and
// differs from them.
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
