package notifier

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/notifier/smtp"
	"github.com/docketlog/docket/traces"
)

// Options configure a [Notifier]. Conn, Log, People, BaseURL, From and one of
// SMTP and MailDir are required.
type Options struct {
	// Conn opens a connection that the notifier owns and closes. It is called
	// three times.
	Conn func() (*nats.Conn, error)
	// Log is the log to read events from. Its stream, EventStream, must exist.
	// EventStream defaults to EVENTS.
	Log         events.Log
	EventStream string
	People      People
	// BaseURL is the public URL of Docket, used for links and message ids.
	BaseURL string
	// From is the sender, such as Docket <docket@example.org>.
	From string
	// SMTP is the URL of the SMTP server; see [smtp.Check]. If it is empty,
	// mails are stored as files in MailDir.
	SMTP    string
	MailDir string
	// RootCAs are the CA certificates that verify the SMTP server; nil means
	// those of the system.
	RootCAs *x509.CertPool
	// Replicas is the number of replicas of the notices. It defaults to 1.
	Replicas int
	// Senders is the number of mails sent concurrently. It defaults to 4.
	Senders int
	// SendTimeout limits sending one mail. It defaults to 30 s.
	SendTimeout time.Duration
	// Tries is the number of delivery attempts before a notice is parked.
	// RetryFirst is the first pause between them; each further pause is twice
	// as long, up to RetryMax. The defaults are 100 tries, 5 s and 15 min:
	// about a day.
	Tries                int
	RetryFirst, RetryMax time.Duration
	// Keep is how long ledger entries and parked notices are kept. It defaults
	// to 90 days.
	Keep   time.Duration
	Logger *slog.Logger
	Tracer traces.Tracer

	// takeover is the time after a notifier's last sign of life until its
	// messages are redelivered to another. It defaults to 20 s. It must exceed
	// the election of the consumer's leader, which takes up to nine seconds, so
	// that two notifiers do not send a mail at once.
	takeover time.Duration
	// grace limits the broker requests for one message. It defaults to 15 s.
	grace time.Duration
}

func (o Options) withDefaults() Options {
	o.EventStream = cmp.Or(o.EventStream, "EVENTS")
	o.Replicas = cmp.Or(o.Replicas, 1)
	o.Senders = cmp.Or(o.Senders, 4)
	o.SendTimeout = cmp.Or(o.SendTimeout, 30*time.Second)
	o.Tries = cmp.Or(o.Tries, 100)
	o.RetryFirst = cmp.Or(o.RetryFirst, 5*time.Second)
	o.RetryMax = cmp.Or(o.RetryMax, 15*time.Minute)
	o.Keep = cmp.Or(o.Keep, 90*24*time.Hour)
	o.grace = cmp.Or(o.grace, 15*time.Second)
	o.takeover = cmp.Or(o.takeover, 20*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Consumer is the name of the consumer of events that all notifiers share.
const Consumer = "notifier"

// The consumers, and the subjects that the first of them reads.
const (
	decideDurable  = Consumer
	deliverDurable = "deliver"
	taskSubjects   = "events.task.>"
)

// Notifier notifies people of events that concern them. Its methods may be
// called concurrently.
type Notifier struct {
	opts      Options
	nc        *nats.Conn
	stories   *stories
	notices   *notices
	ledger    *ledger
	writer    *writer
	transport transport
	circuit   *circuit
	counters  counters

	eventLog           jetstream.Stream
	decider, deliverer jetstream.Consumer

	queuesMu sync.Mutex
	queues   Status // the broker's last answer
}

// New creates the stream of notices, the ledger and both consumers where they
// are missing. People are notified of events from then on, not of earlier ones.
// New does not connect to the SMTP server.
func New(ctx context.Context, o Options) (*Notifier, error) {
	o = o.withDefaults()
	n := &Notifier{
		opts:    o,
		stories: newStories(o.Log),
		circuit: &circuit{pauses: backoff{o.RetryFirst, min(o.RetryMax, time.Minute)}},
	}
	var err error
	if n.writer, err = newWriter(o.People, o.BaseURL, o.From); err != nil {
		return nil, fmt.Errorf("notifier: %w", err)
	}
	if o.SMTP == "" {
		n.transport, err = newFolder(o.MailDir)
	} else {
		r := &relay{timeout: o.SendTimeout, circuit: n.circuit, log: o.Logger}
		r.server, err = smtp.Parse(o.SMTP, o.RootCAs)
		n.transport = r
	}
	if err != nil {
		return nil, fmt.Errorf("notifier: %w", err)
	}
	if n.nc, err = o.Conn(); err != nil {
		return nil, fmt.Errorf("notifier: connect: %w", err)
	}
	if err := n.provide(ctx); err != nil {
		n.nc.Close()
		return nil, fmt.Errorf("notifier: %w", err)
	}
	return n, nil
}

// decideStage never gives up: the log keeps the event, and a retry costs almost
// nothing.
func (n *Notifier) decideStage() *stage {
	return &stage{
		stream: n.opts.EventStream, durable: decideDurable,
		handle: n.decide, parallel: 1,
		limit: n.opts.grace, wait: n.opts.decideWait(),
		delay: backoff{n.opts.RetryFirst, n.opts.RetryMax},
	}
}

func (n *Notifier) deliverStage() *stage {
	return &stage{
		stream: Stream, durable: deliverDurable,
		handle: n.deliver, parallel: n.opts.Senders,
		limit: n.opts.deliverLimit(), wait: n.opts.deliverWait(),
		delay:  backoff{n.opts.RetryFirst, n.opts.RetryMax},
		beyond: []message.HandlerMiddleware{poisonQueue(shelf{n}), giveUp(n.opts.Tries)},
	}
}

// Run notifies people of events until ctx ends. It then accepts no new
// messages, finishes and acknowledges those in progress, and returns nil. It
// returns an error if it cannot start, or if a consumer it needs is deleted. It
// must not be called concurrently.
func (n *Notifier) Run(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	stages := []*stage{n.decideStage(), n.deliverStage()}
	timeout := n.deliverStage().wait
	log := routerLog{n.opts.Logger}
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: timeout}, log)
	if err != nil {
		return fmt.Errorf("notifier: %w", err)
	}
	var intakes []*intake
	var conns []*nats.Conn
	defer func() {
		for _, nc := range conns {
			nc.Close()
		}
	}()
	lost := make(chan error, len(stages))
	// Cancellation of ctx during the start is not an error.
	beginning, begun := context.WithTimeout(context.WithoutCancel(ctx), n.opts.grace)
	defer begun()
	for _, s := range stages {
		nc, err := n.opts.Conn()
		if err != nil {
			return fmt.Errorf("notifier: connect: %w", err)
		}
		conns = append(conns, nc)
		in := &intake{stream: s.stream, durable: s.durable, takeover: n.opts.takeover, log: n.opts.Logger, lost: lost}
		if err := in.bind(beginning, nc); err != nil {
			return fmt.Errorf("notifier: %w", err)
		}
		subscriber, err := s.subscriber(nc, in, log)
		if err != nil {
			return fmt.Errorf("notifier: %w", err)
		}
		s.add(router, subscriber)
		intakes = append(intakes, in)
	}

	// Do not cancel the router's context while messages flow: Watermill would
	// close a channel that is in use by a sender.
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- router.Run(running) }()

	select {
	case <-router.Running():
	case err := <-ended:
		return fmt.Errorf("notifier: %w", err)
	}
	select {
	case <-ctx.Done():
		err = nil
	case err = <-lost:
	case err = <-ended:
		return fmt.Errorf("notifier: router ended: %w", errors.Join(err, errors.New("all consumers stopped")))
	}
	for _, in := range intakes {
		err = errors.Join(err, in.stop(timeout))
	}
	err = errors.Join(err, router.Close(), <-ended)
	if err != nil {
		return fmt.Errorf("notifier: %w", err)
	}
	return nil
}

// Close closes the connection of [New]. Call it after Run has returned.
func (n *Notifier) Close() { n.nc.Close() }

// Parked returns the notices that were given up, oldest first.
func (n *Notifier) Parked(ctx context.Context) ([]Parked, error) { return n.notices.parked(ctx) }

// Resume makes a parked notice due again, with its full number of tries. It
// fails with [ErrNotParked] if no notice with that id is parked.
func (n *Notifier) Resume(ctx context.Context, id string) error {
	p, err := n.notices.parkedByID(ctx, id)
	if err != nil {
		return err
	}
	return n.notices.resume(ctx, p)
}

// ResumeAll resumes every parked notice and returns their number.
func (n *Notifier) ResumeAll(ctx context.Context) (int, error) {
	all, err := n.notices.parked(ctx)
	if err != nil {
		return 0, err
	}
	for i, p := range all {
		if err := n.notices.resume(ctx, p); err != nil {
			return i, err
		}
	}
	return len(all), nil
}

// Explain returns the outcome of the notice of an event for a person. It fails
// with [ErrNoNotice] if there is none: no rule gives a reason, or the entry has
// expired.
func (n *Notifier) Explain(ctx context.Context, event, recipient uuid.UUID) (Entry, error) {
	id := noticeID(event, recipient)
	due, err := n.notices.due(ctx, id)
	if err != nil {
		return Entry{}, err
	}
	if entry, err := n.ledger.entry(ctx, id); err != nil {
		return Entry{}, err
	} else if entry != nil && (due == nil || entry.Outcome.final()) {
		return *entry, nil
	}
	if due == nil {
		return Entry{}, fmt.Errorf("event %s: %w", event, ErrNoNotice)
	}
	return Entry{
		Event: event, Recipient: recipient, Task: due.Task, Reason: due.Reason,
		Outcome: Waiting, At: due.Time,
	}, nil
}
