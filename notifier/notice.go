package notifier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/transient"
)

// Notice records that a person should be notified of an event, for a reason.
type Notice struct {
	Event     uuid.UUID `json:"event"`
	Recipient uuid.UUID `json:"recipient"`
	Reason    Reason    `json:"reason"`
	Project   uuid.UUID `json:"project"`
	Task      uuid.UUID `json:"task"`
	// Sequence is the event's sequence in the log.
	Sequence uint64    `json:"sequence"`
	Time     time.Time `json:"time"`
	// Resumed is set if the notice was parked and then resumed.
	Resumed bool `json:"resumed,omitempty"`
	// TraceParent continues the trace that led to the notice. It is empty if
	// there is none.
	TraceParent string `json:"traceparent,omitempty"`
}

// ID identifies the notice: the ids of event and recipient, separated by a full
// stop.
func (n *Notice) ID() string { return noticeID(n.Event, n.Recipient) }

func noticeID(event, recipient uuid.UUID) string { return event.String() + "." + recipient.String() }

// Parked is a notice whose delivery was given up until it is resumed.
type Parked struct {
	Notice Notice
	// Cause says why it was parked. It names no person.
	Cause string
	// Tries is the number of delivery attempts.
	Tries int
	// Since is when it was parked.
	Since time.Time

	sequence uint64
}

// ErrNotParked reports that no notice with that id is parked.
var ErrNotParked = errors.New("no parked notice with this ID")

// Stream is the name of the stream of notices. Due notices are a queue: an
// acknowledged one is removed. Parked notices have no consumer and stay until
// they are resumed or expire.
const Stream = "NOTICES"

const (
	dueSubjects   = "notices.due."
	parkSubjects  = "notices.parked."
	headerCause   = "Docket-Cause"
	headerTries   = "Docket-Tries"
	maxNotices    = 1_000_000
	noticeRepeats = 2 * time.Minute
)

// codeRefused is the server's code for a message that would exceed any limit of
// a stream (nats-server, JSStreamStoreFailedF).
const codeRefused jetstream.ErrorCode = 10077

// notices is the stream of notices. Each event and recipient has one subject,
// which holds at most one message. This makes storing a notice idempotent.
type notices struct {
	js     jetstream.JetStream
	stream jetstream.Stream
}

func noticesConfig(replicas int, keep time.Duration) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:                 Stream,
		Description:          "Docket: notices until they are delivered",
		Subjects:             []string{dueSubjects + ">", parkSubjects + ">"},
		Retention:            jetstream.WorkQueuePolicy,
		Storage:              jetstream.FileStorage,
		Replicas:             replicas,
		Discard:              jetstream.DiscardNew,
		DiscardNewPerSubject: true,
		MaxMsgsPerSubject:    1,
		MaxMsgs:              maxNotices,
		MaxAge:               keep,
		Duplicates:           min(noticeRepeats, keep),
	}
}

// openNotices does not change an existing stream: the process that created it
// may have had more complete options.
func openNotices(ctx context.Context, js jetstream.JetStream, replicas int, keep time.Duration) (*notices, error) {
	var stream jetstream.Stream
	err := transient.Retry(ctx, func(ctx context.Context) (err error) {
		stream, err = js.Stream(ctx, Stream)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			if stream, err = js.CreateStream(ctx, noticesConfig(replicas, keep)); errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
				stream, err = js.Stream(ctx, Stream)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open stream %s: %w", Stream, err)
	}
	return &notices{js, stream}, nil
}

// put stores the notice as due and returns once it is as durable as the stream.
// A notice that is already due is not changed.
func (ns *notices) put(ctx context.Context, n *Notice) error {
	payload, err := json.Marshal(n)
	if err != nil {
		return fmt.Errorf("encode notice %s: %w", n.ID(), err)
	}
	msg := &nats.Msg{Subject: dueSubjects + n.ID(), Data: payload, Header: nats.Header{}}
	if !n.Resumed {
		msg.Header.Set(jetstream.MsgIDHeader, n.ID())
	}
	err = ns.publish(ctx, msg)
	if errors.Is(err, errThere) {
		return nil
	}
	return err
}

// errThere reports that the subject already has a message.
var errThere = errors.New("already stored")

func (ns *notices) publish(ctx context.Context, msg *nats.Msg) error {
	err := transient.Retry(ctx, func(ctx context.Context) error {
		_, err := ns.js.PublishMsg(ctx, msg)
		return err
	})
	var refused *jetstream.APIError
	if errors.As(err, &refused) && refused.ErrorCode == codeRefused {
		// The server uses one code for a full stream and for a subject that
		// already has a message.
		if _, there := ns.stream.GetLastMsgForSubject(ctx, msg.Subject); there == nil {
			return errThere
		}
	}
	if err != nil {
		return fmt.Errorf("store %s: %w", msg.Subject, err)
	}
	return nil
}

// park stores the notice id as parked. It replaces an already parked notice
// with that id.
func (ns *notices) park(ctx context.Context, id string, payload []byte, cause string, tries int) error {
	msg := &nats.Msg{Subject: parkSubjects + id, Data: payload, Header: nats.Header{}}
	msg.Header.Set(headerCause, cause)
	msg.Header.Set(headerTries, strconv.Itoa(tries))
	err := ns.publish(ctx, msg)
	if errors.Is(err, errThere) {
		// Do not rely on the existing copy: a concurrent resume may be about to
		// delete it by its sequence. The due notice is acknowledged only after
		// this.
		if err := ns.unpark(ctx, id); err != nil {
			return err
		}
		err = ns.publish(ctx, msg)
	}
	return err
}

// unpark removes the parked notice id, if it exists.
func (ns *notices) unpark(ctx context.Context, id string) error {
	for {
		var last *jetstream.RawStreamMsg
		err := transient.Retry(ctx, func(ctx context.Context) (err error) {
			last, err = ns.stream.GetLastMsgForSubject(ctx, parkSubjects+id)
			return err
		})
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err == nil {
			err = ns.remove(ctx, last.Sequence)
		}
		if err != nil {
			return fmt.Errorf("unpark notice %s: %w", id, err)
		}
	}
}

// remove deletes a message from the stream, if it still exists. Purging its
// subject would do the same, but the purge permission allows far more, so
// notifiers do not have it.
func (ns *notices) remove(ctx context.Context, sequence uint64) error {
	return transient.Retry(ctx, func(ctx context.Context) error {
		err := ns.stream.DeleteMsg(ctx, sequence)
		if err != nil {
			if _, gone := ns.stream.GetMsg(ctx, sequence); errors.Is(gone, jetstream.ErrMsgNotFound) {
				return nil
			}
		}
		return err
	})
}

// parked returns the parked notices, oldest first.
func (ns *notices) parked(ctx context.Context) ([]Parked, error) {
	var all []Parked
	for next := uint64(1); ; {
		msg, err := ns.stream.GetMsg(ctx, next, jetstream.WithGetMsgSubject(parkSubjects+">"))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list parked notices: %w", err)
		}
		next = msg.Sequence + 1
		all = append(all, parseParked(msg))
	}
}

func (ns *notices) parkedByID(ctx context.Context, id string) (Parked, error) {
	if _, _, err := parseNoticeID(id); err != nil {
		return Parked{}, fmt.Errorf("notice %q: %w", id, ErrNotParked)
	}
	msg, err := ns.stream.GetLastMsgForSubject(ctx, parkSubjects+id)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Parked{}, fmt.Errorf("notice %s: %w", id, ErrNotParked)
	}
	if err != nil {
		return Parked{}, fmt.Errorf("look up notice %s: %w", id, err)
	}
	return parseParked(msg), nil
}

// parseParked never fails: a message that cannot be decoded is returned with
// its ids only.
func parseParked(msg *jetstream.RawStreamMsg) Parked {
	p := Parked{Cause: msg.Header.Get(headerCause), Since: msg.Time.UTC(), sequence: msg.Sequence}
	p.Tries, _ = strconv.Atoi(msg.Header.Get(headerTries))
	if json.Unmarshal(msg.Data, &p.Notice) != nil {
		p.Notice = Notice{}
		p.Notice.Event, p.Notice.Recipient, _ = parseNoticeID(strings.TrimPrefix(msg.Subject, parkSubjects))
	}
	return p
}

func parseNoticeID(id string) (event, recipient uuid.UUID, err error) {
	first, second, ok := strings.Cut(id, ".")
	if !ok {
		return event, recipient, errors.New("must be the IDs of the event and the recipient, separated by a period")
	}
	if event, err = uuid.Parse(first); err == nil {
		recipient, err = uuid.Parse(second)
	}
	if err == nil && noticeID(event, recipient) != id {
		err = errors.New("not in canonical form")
	}
	return event, recipient, err
}

// resume makes a parked notice due again. It stores the due notice before it
// removes the parked one. A crash in between leaves both, which is harmless.
func (ns *notices) resume(ctx context.Context, p Parked) error {
	p.Notice.Resumed = true
	if err := ns.put(ctx, &p.Notice); err != nil {
		return err
	}
	if err := ns.remove(ctx, p.sequence); err != nil {
		return fmt.Errorf("unpark notice %s: %w", p.Notice.ID(), err)
	}
	return nil
}

// due returns the notice if it is waiting for delivery, otherwise nil.
func (ns *notices) due(ctx context.Context, id string) (*Notice, error) {
	msg, err := ns.stream.GetLastMsgForSubject(ctx, dueSubjects+id)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up notice %s: %w", id, err)
	}
	var n Notice
	if err := json.Unmarshal(msg.Data, &n); err != nil {
		return nil, fmt.Errorf("decode notice %s: %w", id, err)
	}
	return &n, nil
}
