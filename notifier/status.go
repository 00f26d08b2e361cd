package notifier

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Status is the state of the notifier.
type Status struct {
	// Waiting is the number of due notices, Retrying the number of those that
	// were tried before, Parked the number of those given up. They cover the
	// whole installation and are the same for every notifier.
	Waiting  uint64
	Retrying uint64
	Parked   uint64
	// Oldest is the age of the oldest due notice, 0 if there is none.
	Oldest time.Duration
	// Lag is the number of events not decided on yet. Behind is the age of the
	// oldest of them in the log, 0 if there is none.
	Lag    uint64
	Behind time.Duration
	// The work of this notifier since it was created. Delivered counts mails
	// accepted by the server, Kept those written to the mail folder, Suppressed
	// notices that were not sent because the recipient has no access or
	// account. Failed counts failed attempts.
	Delivered  uint64
	Kept       uint64
	Suppressed uint64
	Failed     uint64
	// Ignored counts messages on event subjects that are not events or not part
	// of their task's chain.
	Ignored uint64
	// ServerDown reports that requests to the SMTP server are limited after
	// failures.
	ServerDown bool
}

type counters struct {
	delivered, kept, suppressed, failed, ignored atomic.Uint64
}

func (c *counters) count(o Outcome) {
	switch o {
	case Delivered:
		c.delivered.Add(1)
	case Kept:
		c.kept.Add(1)
	case Suppressed:
		c.suppressed.Add(1)
	}
}

// statusTimeout is the timeout for the broker's answers.
const statusTimeout = 2 * time.Second

// Status returns the current state. It queries the broker and is meant for
// collecting metrics, not for a loop. The counts are not from the same moment.
// If the broker does not answer within two seconds, its part is that of the
// last answer.
func (n *Notifier) Status() Status {
	ctx, cancel := context.WithTimeout(context.Background(), statusTimeout)
	defer cancel()
	n.queuesMu.Lock()
	defer n.queuesMu.Unlock()
	if queues, err := n.readQueues(ctx); err == nil {
		n.queues = queues
	} else {
		n.opts.Logger.Warn("notifier cannot read its queues", "err", err)
	}
	s := n.queues
	s.Delivered = n.counters.delivered.Load()
	s.Kept = n.counters.kept.Load()
	s.Suppressed = n.counters.suppressed.Load()
	s.Failed = n.counters.failed.Load()
	s.Ignored = n.counters.ignored.Load()
	s.ServerDown = n.circuit.open()
	return s
}

// readQueues fills in what the broker knows.
func (n *Notifier) readQueues(ctx context.Context) (Status, error) {
	var s Status
	deciding, err := n.decider.Info(ctx)
	if err != nil {
		return s, fmt.Errorf("consumer %s: %w", decideDurable, err)
	}
	delivering, err := n.deliverer.Info(ctx)
	if err != nil {
		return s, fmt.Errorf("consumer %s: %w", deliverDurable, err)
	}
	stored, err := n.notices.stream.Info(ctx)
	if err != nil {
		return s, fmt.Errorf("stream %s: %w", Stream, err)
	}
	s.Lag = deciding.NumPending + uint64(deciding.NumAckPending)
	s.Waiting = delivering.NumPending + uint64(delivering.NumAckPending)
	s.Retrying = uint64(delivering.NumRedelivered)
	if stored.State.Msgs > s.Waiting {
		s.Parked = stored.State.Msgs - s.Waiting
	}
	if s.Waiting > 0 {
		due, err := n.notices.stream.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(dueSubjects+">"))
		switch {
		case err == nil:
			s.Oldest = max(0, time.Since(due.Time))
		case !errors.Is(err, jetstream.ErrMsgNotFound):
			return s, fmt.Errorf("oldest notice: %w", err)
		}
	}
	if s.Lag == 0 {
		return s, nil
	}
	oldest, err := n.eventLog.GetMsg(ctx, deciding.AckFloor.Stream+1, jetstream.WithGetMsgSubject(taskSubjects))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("oldest event: %w", err)
	}
	s.Behind = max(0, time.Since(oldest.Time))
	return s, nil
}
