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
	"github.com/docketlog/docket/traces"
)

// Options configure a [Notifier]. Conn, Log, People, BaseURL, From and one of
// SMTP and MailDir are required.
type Options struct {
	// Conn makes a connection of the notifier's own, which it closes. It is
	// called three times.
	Conn func() (*nats.Conn, error)
	// Log is where events are read; its stream must exist under EventStream,
	// EVENTS if empty.
	Log         events.Log
	EventStream string
	People      People
	// BaseURL is how people reach Docket, for links and message ids.
	BaseURL string
	// From is the sender, such as Docket <docket@example.org>.
	From string
	// SMTP is where mails are handed over, see [CheckSMTP]. Empty keeps them as
	// files in MailDir.
	SMTP    string
	MailDir string
	// RootCAs are whom to trust with the SMTP server's certificate; nil means
	// the system's.
	RootCAs *x509.CertPool
	// Replicas is how many servers hold a copy of the notices; 1 if zero.
	Replicas int
	// Senders is how many mails are under way at once; 4 if zero.
	Senders int
	// SendTimeout is how long handing over one mail may take; 30 s if zero.
	SendTimeout time.Duration
	// Tries is how often delivery is tried before a notice is parked. The first
	// pause in between is RetryFirst, each further one twice as long up to
	// RetryMax. Zero means 100 tries, 5 s and 15 min: about a day.
	Tries                int
	RetryFirst, RetryMax time.Duration
	// Keep is how long the ledger remembers and a parked notice stays; 90 days
	// if zero.
	Keep   time.Duration
	Logger *slog.Logger
	Tracer traces.Tracer

	// takeover is how long after its last sign of life what a notifier had in
	// hand is given to another; 20 s if zero. It outlasts the election of the
	// consumer's leader, which takes up to nine seconds: a mail must not be under
	// way twice.
	takeover time.Duration
	// grace is how long a message's dealings with the broker may take; 15 s if
	// zero.
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

// The consumers, and what the first of them sees of the log.
const (
	decideDurable  = Consumer
	deliverDurable = "deliver"
	taskSubjects   = "events.task.>"
)

// Notifier tells people what concerns them. Its methods may be called
// concurrently.
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
	queues   Status // as the broker last told
}

// New makes what the notifier needs on the broker, if it is not there: the
// stream of notices, the ledger, both consumers. Events from then on are told,
// earlier ones are not. It does not connect to the SMTP server.
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
		r := &relay{patience: o.SendTimeout, circuit: n.circuit, log: o.Logger}
		r.server, err = newServer(o.SMTP, o.RootCAs)
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

// decideStage never gives up: the log keeps the event, and trying again costs
// next to nothing.
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

// Run tells people of what happens until ctx ends. Then it takes nothing new,
// finishes what is in hand, acknowledges it and returns nil. It returns an
// error if it cannot begin, or if a consumer it needs is deleted. It is called
// once at a time.
func (n *Notifier) Run(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	stages := []*stage{n.decideStage(), n.deliverStage()}
	patience := n.deliverStage().wait
	log := routerLog{n.opts.Logger}
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: patience}, log)
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
	// To be ended while it begins is no error.
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

	// The router's context is never cancelled while messages flow: Watermill
	// would close a channel that is being sent on.
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
		err = errors.Join(err, in.stop(patience))
	}
	err = errors.Join(err, router.Close(), <-ended)
	if err != nil {
		return fmt.Errorf("notifier: %w", err)
	}
	return nil
}

// Close ends the connection of [New]. It is called after Run has returned.
func (n *Notifier) Close() { n.nc.Close() }

// Parked lists the notices that were given up, oldest first.
func (n *Notifier) Parked(ctx context.Context) ([]Parked, error) { return n.notices.parked(ctx) }

// Resume makes a parked notice due again, with all its tries before it. It
// fails with [ErrNotParked] for any other id.
func (n *Notifier) Resume(ctx context.Context, id string) error {
	p, err := n.notices.parkedByID(ctx, id)
	if err != nil {
		return err
	}
	return n.notices.resume(ctx, p)
}

// ResumeAll does so with every parked notice and reports how many there were.
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

// Explain tells what became of the notice of an event for a person. It fails
// with [ErrNoNotice] if there is none: the rules name no reason, or it is
// forgotten.
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
