package notifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/wneessen/go-mail"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/traces"
)

// transport delivers mails. A result without an error is final.
type transport interface {
	deliver(ctx context.Context, s *story, to Person, m *mail.Msg) (Outcome, error)
}

// deliver tries to send one notice and records its outcome. It is idempotent: a
// notice with a final outcome is skipped.
func (n *Notifier) deliver(msg *message.Message) (err error) {
	var notice Notice
	if err := json.Unmarshal(msg.Payload, &notice); err != nil || dueSubjects+notice.ID() != subjectOf(msg) {
		return &failure{cause: "the stored message is not a valid notice", permanent: true}
	}
	ctx, span := n.opts.Tracer.Continue(msg.Context(), notice.TraceParent, "deliver", traces.Consuming)
	defer func() { span.End(err != nil) }()
	span.Text("docket.event", notice.Event.String())
	span.Number("docket.try", int64(deliveryOf(msg)))
	entry, err := n.ledger.entry(ctx, notice.ID())
	if err != nil {
		return err
	}
	if entry != nil && entry.Outcome.final() {
		return nil
	}
	outcome, cause, err := n.tell(ctx, &notice)
	if err != nil {
		n.counters.failed.Add(1)
		return err
	}
	tries := deliveryOf(msg)
	if err := n.ledger.record(ctx, &notice, outcome, cause, tries); err != nil {
		return err
	}
	n.counters.count(outcome)
	span.Text("docket.outcome", string(outcome))
	if tries > 1 || notice.Resumed {
		// An attempt that was interrupted may also have left it parked.
		return n.notices.unpark(ctx, notice.ID())
	}
	return nil
}

// tell mails one person, or returns the reason for not doing so.
func (n *Notifier) tell(ctx context.Context, notice *Notice) (outcome Outcome, cause string, err error) {
	told, err := n.stories.read(ctx, notice.Task, notice.Sequence)
	if errors.Is(err, events.ErrForked) || err == nil && told.envelope.ID != notice.Event {
		return "", "", &failure{cause: "the event is not at the position given in the notice", permanent: true}
	}
	if err == nil {
		err = n.stories.place(ctx, told)
	}
	if err != nil {
		return "", "", fmt.Errorf("deliver notice %s: %w", notice.ID(), err)
	}
	if !told.project.reads(notice.Recipient) {
		return Suppressed, causeNoMember, nil
	}
	person, ok, err := n.opts.People.Person(ctx, notice.Recipient)
	if err != nil {
		return "", "", fmt.Errorf("deliver notice %s: %w", notice.ID(), err)
	}
	if !ok || person.Email == "" {
		return Suppressed, causeNoAccount, nil
	}
	m, err := n.writer.write(ctx, told, person, notice.Reason)
	if err != nil {
		return "", "", err
	}
	ctx, span := n.opts.Tracer.Start(ctx, "mail", traces.Asking)
	outcome, err = n.transport.deliver(ctx, told, person, m)
	span.End(err != nil)
	return outcome, "", err
}

// shelf is Watermill's poison queue. It parks notices that are given up.
type shelf struct{ n *Notifier }

// Publish parks the notices and returns once the ledger has recorded it.
func (s shelf) Publish(_ string, messages ...*message.Message) error {
	for _, msg := range messages {
		if err := s.park(msg); err != nil {
			return err
		}
	}
	return nil
}

func (s shelf) park(msg *message.Message) error {
	// Parking must succeed even if the attempt has used up its time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(msg.Context()), s.n.opts.grace)
	defer cancel()
	id := strings.TrimPrefix(subjectOf(msg), dueSubjects)
	cause, tries := causeOf(msg), deliveryOf(msg)
	if err := s.n.notices.park(ctx, id, msg.Payload, cause, tries); err != nil {
		return err
	}
	notice := Notice{}
	if json.Unmarshal(msg.Payload, &notice) != nil || notice.ID() != id {
		var err error
		if notice.Event, notice.Recipient, err = parseNoticeID(id); err != nil {
			s.n.opts.Logger.Warn("parked an invalid notice", "notice", id, "err", err)
			return nil
		}
	}
	if err := s.n.ledger.record(ctx, &notice, ParkedOutcome, cause, tries); err != nil {
		return err
	}
	s.n.opts.Logger.Warn("notice parked", "notice", id, "tries", tries, "err", cause)
	return nil
}

// Close does nothing: a shelf holds no resources.
func (shelf) Close() error { return nil }
