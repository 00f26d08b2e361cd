package notifier

import (
	"context"
	"errors"
	"fmt"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/traces"
)

// decide stores a notice for every account that the event concerns and returns
// once all are stored. It is idempotent. An event of an unknown type or
// version, written by a newer program, is an error and is redelivered until
// that program runs: the log keeps the event, and no notice is lost silently.
func (n *Notifier) decide(msg *message.Message) (err error) {
	sequence := sequenceOf(msg)
	envelope, err := events.ParseEnvelope(subjectOf(msg), msg.Metadata.Get, msg.Payload)
	if err != nil {
		n.counters.ignored.Add(1)
		n.opts.Logger.Warn("ignored a message that is not an event", "position", sequence, "err", err)
		return nil
	}
	ctx, span := n.opts.Tracer.Continue(msg.Context(), envelope.TraceParent, "decide", traces.Consuming)
	defer func() { span.End(err != nil) }()
	span.Text("docket.type", string(envelope.Type))
	span.Text("docket.event", envelope.ID.String())
	envelope.Position.Sequence = sequence
	told, err := n.stories.next(ctx, &envelope)
	if errors.Is(err, events.ErrForked) {
		n.counters.ignored.Add(1)
		n.opts.Logger.Warn("ignored an event outside its task's chain", "event", envelope.ID, "task", envelope.Aggregate.ID, "position", sequence)
		return nil
	}
	if err != nil {
		return fmt.Errorf("decide on event %s: %w", envelope.ID, err)
	}
	whom := concerned(&told.envelope, told.event, told.task)
	if len(whom) == 0 {
		return nil
	}
	if err := n.stories.place(ctx, told); err != nil {
		return fmt.Errorf("decide on event %s: %w", envelope.ID, err)
	}
	for _, c := range whom {
		notice := &Notice{
			Event: told.envelope.ID, Recipient: c.account, Reason: c.reason,
			Project: told.task.project, Task: told.envelope.Aggregate.ID,
			Sequence: sequence, Time: told.envelope.Time,
		}
		if err := n.announce(ctx, notice, told.project); err != nil {
			return fmt.Errorf("decide on event %s: %w", envelope.ID, err)
		}
	}
	return nil
}

// announce stores the notice, or records why it is suppressed.
func (n *Notifier) announce(ctx context.Context, notice *Notice, p *project) error {
	if p.reads(notice.Recipient) {
		ctx, span := n.opts.Tracer.Start(ctx, "notice", traces.Producing)
		span.Text("docket.reason", string(notice.Reason))
		notice.TraceParent = traces.Parent(ctx)
		err := n.notices.put(ctx, notice)
		span.End(err != nil)
		return err
	}
	n.counters.suppressed.Add(1)
	return n.ledger.record(ctx, notice, Suppressed, causeNoMember, 0)
}

// Causes of suppressed notices.
const (
	causeNoMember  = "not a member of the project"
	causeNoAccount = "the account no longer exists"
)
