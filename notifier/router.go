package notifier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	wmjetstream "github.com/ThreeDotsLabs/watermill-nats/v2/pkg/jetstream"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/docketlog/docket/notifier/smtp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A stage is a handler on a durable consumer.
type stage struct {
	stream, durable string
	handle          message.NoPublishHandlerFunc
	parallel        int
	limit           time.Duration // for one message
	wait            time.Duration // Watermill's timeout for the handler
	delay           wmjetstream.Delay
	// beyond wraps all other middleware, including the time limit. A stage that
	// gives up does so here.
	beyond []message.HandlerMiddleware
}

// subscriber returns a Watermill subscriber on its own connection, which it
// closes.
func (s *stage) subscriber(nc *nats.Conn, in *intake, log watermill.LoggerAdapter) (message.Subscriber, error) {
	return wmjetstream.NewSubscriber(wmjetstream.SubscriberConfig{
		Conn:                nc,
		Logger:              log,
		AckWaitTimeout:      s.wait,
		ResourceInitializer: in.initialize,
		NakDelay:            s.delay,
		// The server's acknowledgement timeout starts when a message is pulled,
		// including its time in a buffer. So pull one message at a time.
		ConsumeOptions: []jetstream.PullConsumeOpt{jetstream.PullMaxMessages(1), jetstream.ConsumeErrHandler(in.failed)},
		Unmarshaler:    unmarshaler{},
	})
}

// add adds the stage to the router. The middleware, from the outside in: give
// up, limit the time, retry at once after a brief broker error, turn a panic
// into an error.
func (s *stage) add(router *message.Router, subscriber message.Subscriber) {
	for i := range s.parallel {
		h := router.AddConsumerHandler(fmt.Sprintf("%s-%d", s.durable, i), s.durable, subscriber, s.handle)
		h.AddMiddleware(s.beyond...)
		h.AddMiddleware(
			middleware.Timeout(s.limit),
			middleware.Retry{
				MaxRetries: 2, InitialInterval: 50 * time.Millisecond, MaxInterval: time.Second, Multiplier: 2, RandomizationFactor: 0.5,
				ShouldRetry: func(p middleware.RetryParams) bool { return !errors.As(p.Err, new(*failure)) },
			}.Middleware,
			middleware.Recoverer,
		)
	}
}

// exhausted marks an error after which a notice is parked.
type exhausted struct{ cause string }

func (e *exhausted) Error() string { return e.cause }

// giveUp turns the error of a notice that cannot be retried, or has no tries
// left, into [exhausted].
func giveUp(tries int) message.HandlerMiddleware {
	return func(h message.HandlerFunc) message.HandlerFunc {
		return func(msg *message.Message) ([]*message.Message, error) {
			out, err := h(msg)
			var f *failure
			switch {
			case err == nil:
			case errors.As(err, &f) && f.permanent:
				err = &exhausted{f.cause}
			case deliveryOf(msg) < tries:
			case f != nil:
				err = &exhausted{f.cause}
			case errors.As(err, new(middleware.RecoveredPanicError)):
				// The panic's value may contain personal data.
				err = &exhausted{"internal error in the notifier"}
			default:
				err = &exhausted{smtp.Describe("notifier error", 0, err.Error())}
			}
			return out, err
		}
	}
}

// poisonQueue parks notices that fail with [exhausted].
func poisonQueue(to message.Publisher) message.HandlerMiddleware {
	m, err := middleware.PoisonQueueWithFilter(to, "parked", func(err error) bool {
		return errors.As(err, new(*exhausted))
	})
	if err != nil {
		panic(err) // only a missing topic name is an error
	}
	return m
}

func causeOf(msg *message.Message) string {
	return msg.Metadata.Get(middleware.ReasonForPoisonedKey)
}

// intake controls the flow from a consumer into the router. Watermill can only
// be closed as a whole and drops the messages it holds. So intake first stops
// the flow and lets every message in progress be handled and acknowledged; then
// nothing is left to lose. It also keeps messages from arriving while Watermill
// closes the channel they would be sent on.
type intake struct {
	stream, durable string
	takeover        time.Duration
	log             *slog.Logger
	lost            chan<- error // receives an error once the consumer is gone
	consumer        jetstream.Consumer

	mu      sync.Mutex
	stopped bool
	flows   []jetstream.ConsumeContext
	inHand  sync.WaitGroup // grows only while not stopped
}

// bind finds the durable consumer, which must exist. It is called before the
// router runs, because a partial start of the router cannot be undone.
func (in *intake) bind(ctx context.Context, nc *nats.Conn) error {
	js, err := jetstream.New(nc)
	if err == nil {
		in.consumer, err = js.Consumer(ctx, in.stream, in.durable)
	}
	if err != nil {
		return fmt.Errorf("bind consumer %s of %s: %w", in.durable, in.stream, err)
	}
	return nil
}

// initialize gives Watermill the bound consumer.
func (in *intake) initialize(context.Context, jetstream.JetStream, string) (jetstream.Consumer, func(context.Context, watermill.LoggerAdapter), error) {
	return &tap{in.consumer, in}, nil, nil
}

// failed handles a consumer's errors. Most are transient.
func (in *intake) failed(_ jetstream.ConsumeContext, err error) {
	if errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrConsumerNotFound) {
		select {
		case in.lost <- fmt.Errorf("consumer %s of %s: %w", in.durable, in.stream, err):
		default:
		}
		return
	}
	in.log.Debug("consumer", "consumer", in.durable, "err", err)
}

// enter reports whether another message may flow. If so, the caller must call
// inHand.Done.
func (in *intake) enter() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.stopped {
		in.inHand.Add(1)
	}
	return !in.stopped
}

// stop ends the flow and returns once no message is in progress, or after the
// given time, whether or not the broker can be reached.
func (in *intake) stop(within time.Duration) error {
	in.mu.Lock()
	in.stopped = true
	for _, flow := range in.flows {
		flow.Drain()
	}
	in.mu.Unlock()
	done := make(chan struct{})
	go func() { defer close(done); in.inHand.Wait() }()
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	select {
	case <-done:
		return nil
	case <-timeout.C:
		return fmt.Errorf("consumer %s of %s did not finish within %s", in.durable, in.stream, within)
	}
}

// tap is a consumer whose flow can be stopped.
type tap struct {
	jetstream.Consumer
	in *intake
}

func (t *tap) Consume(handler jetstream.MessageHandler, opts ...jetstream.PullConsumeOpt) (jetstream.ConsumeContext, error) {
	flow, err := t.Consumer.Consume(func(msg jetstream.Msg) {
		if !t.in.enter() {
			// Redeliver at once, to another notifier or to this one after a
			// restart.
			_ = msg.Nak()
			return
		}
		defer t.in.inHand.Done()
		defer hold(msg, t.in.takeover/4)()
		handler(msg)
	}, opts...)
	if err != nil {
		return nil, err
	}
	t.in.mu.Lock()
	defer t.in.mu.Unlock()
	t.in.flows = append(t.in.flows, flow)
	return flow, nil
}

// hold regularly tells the server that the message is in progress, until
// release is called.
func hold(msg jetstream.Msg, every time.Duration) (release func()) {
	released := make(chan struct{})
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_ = msg.InProgress()
			case <-released:
				return
			}
		}
	}()
	return func() { close(released) }
}

// The metadata keys for what JetStream knows of a message.
const (
	metadataSubject  = "docket_subject"
	metadataSequence = "docket_sequence"
	metadataDelivery = "docket_delivery"
)

// unmarshaler accepts any message, because Watermill ends the process on an
// error.
type unmarshaler struct{}

// Unmarshal keeps the first value of every header, except those of the NATS
// server.
func (unmarshaler) Unmarshal(msg jetstream.Msg) (*message.Message, error) {
	m := message.NewMessage("", msg.Data())
	for name, values := range msg.Headers() {
		if len(values) > 0 && !strings.HasPrefix(name, "Nats-") {
			m.Metadata.Set(name, values[0])
		}
	}
	m.UUID = msg.Headers().Get(jetstream.MsgIDHeader)
	m.Metadata.Set(metadataSubject, msg.Subject())
	if known, err := msg.Metadata(); err == nil {
		m.Metadata.Set(metadataSequence, strconv.FormatUint(known.Sequence.Stream, 10))
		m.Metadata.Set(metadataDelivery, strconv.FormatUint(known.NumDelivered, 10))
	}
	return m, nil
}

func subjectOf(msg *message.Message) string { return msg.Metadata.Get(metadataSubject) }

// sequenceOf returns the message's sequence in its stream.
func sequenceOf(msg *message.Message) uint64 {
	n, _ := strconv.ParseUint(msg.Metadata.Get(metadataSequence), 10, 64)
	return n
}

// deliveryOf returns the message's delivery number, counted from 1.
func deliveryOf(msg *message.Message) int {
	n, _ := strconv.Atoi(msg.Metadata.Get(metadataDelivery))
	return n
}

// routerLog adapts Watermill's log. Entries for each message are logged at
// debug level, and so are failed mails, which are handled and counted
// elsewhere.
type routerLog struct{ log *slog.Logger }

func (l routerLog) Error(text string, err error, fields watermill.LogFields) {
	level := slog.LevelWarn
	var panicked middleware.RecoveredPanicError
	switch {
	case errors.As(err, new(*failure)), errors.Is(err, errNotYet):
		level = slog.LevelDebug
	case errors.As(err, &panicked):
		// The panic's value may contain personal data; the stack trace does
		// not.
		level, err = slog.LevelError, errors.New(panicked.Stacktrace)
	}
	l.write(level, text, fields, "err", err)
}

func (l routerLog) Info(text string, fields watermill.LogFields) {
	l.write(slog.LevelDebug, text, fields)
}

func (l routerLog) Debug(text string, fields watermill.LogFields) {
	l.write(slog.LevelDebug, text, fields)
}

// Trace discards the entry.
func (routerLog) Trace(string, watermill.LogFields) {}

func (l routerLog) With(fields watermill.LogFields) watermill.LoggerAdapter {
	return routerLog{l.log.With(attributes(fields)...)}
}

func (l routerLog) write(level slog.Level, text string, fields watermill.LogFields, more ...any) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, text, append(attributes(fields), more...)...)
	}
}

func attributes(fields watermill.LogFields) []any {
	list := make([]any, 0, 2*len(fields))
	for name, value := range fields {
		list = append(list, name, value)
	}
	return list
}
