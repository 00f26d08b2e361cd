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
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A stage is a handler on a durable consumer.
type stage struct {
	stream, durable string
	handle          message.NoPublishHandlerFunc
	parallel        int
	limit           time.Duration // for one message
	wait            time.Duration // until Watermill leaves it alone
	delay           wmjetstream.Delay
	// beyond wraps everything; it is where a stage that gives up does.
	beyond []message.HandlerMiddleware
}

// subscriber is Watermill's on a connection of its own, which it closes.
func (s *stage) subscriber(nc *nats.Conn, in *intake, log watermill.LoggerAdapter) (message.Subscriber, error) {
	return wmjetstream.NewSubscriber(wmjetstream.SubscriberConfig{
		Conn:                nc,
		Logger:              log,
		AckWaitTimeout:      s.wait,
		ResourceInitializer: in.initialize,
		NakDelay:            s.delay,
		// The server's clock for an acknowledgement starts when a message is
		// pulled, and what waits in a buffer has no say in it.
		ConsumeOptions: []jetstream.PullConsumeOpt{jetstream.PullMaxMessages(1), jetstream.ConsumeErrHandler(in.failed)},
		Unmarshaler:    unmarshaler{},
	})
}

// add puts the stage on the router. From the outside in: give up, limit the
// time, try again at once what may be a hiccup of the broker, turn a panic into
// an error.
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

// giveUp turns the error of a notice that is not worth another try, or had all
// of them, into [exhausted].
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
				// The panic's value may hold anything.
				err = &exhausted{"the notifier failed on it"}
			default:
				err = &exhausted{describe("the notifier", 0, err.Error())}
			}
			return out, err
		}
	}
}

// poisonQueue parks what is exhausted.
func poisonQueue(to message.Publisher) message.HandlerMiddleware {
	m, err := middleware.PoisonQueueWithFilter(to, "parked", func(err error) bool {
		return errors.As(err, new(*exhausted))
	})
	if err != nil {
		panic(err) // it asks for a name, which it has
	}
	return m
}

func causeOf(msg *message.Message) string {
	return msg.Metadata.Get(middleware.ReasonForPoisonedKey)
}

// intake is what flows from a consumer into the router. Watermill can only be
// closed as a whole, and drops what it holds; so this stops the flow first, lets
// every message in hand be handled and acknowledged, and then there is nothing
// left to lose. It also keeps a message from arriving while Watermill closes the
// channel it would be sent on.
type intake struct {
	stream, durable string
	takeover        time.Duration
	log             *slog.Logger
	lost            chan<- error // is told once the consumer is gone
	consumer        jetstream.Consumer

	mu      sync.Mutex
	stopped bool
	flows   []jetstream.ConsumeContext
	inHand  sync.WaitGroup // grows only while not stopped
}

// bind finds the durable consumer, which must exist. It comes before the router
// runs, which cannot be undone half way.
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

// initialize gives Watermill the consumer that was bound.
func (in *intake) initialize(context.Context, jetstream.JetStream, string) (jetstream.Consumer, func(context.Context, watermill.LoggerAdapter), error) {
	return &tap{in.consumer, in}, nil, nil
}

// failed hears of a consumer's troubles. Most pass by themselves.
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

// enter reports whether another message may flow. If so, inHand.Done follows.
func (in *intake) enter() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.stopped {
		in.inHand.Add(1)
	}
	return !in.stopped
}

// stop ends the flow and returns once nothing is in hand, or after the given
// time. Whether the broker can be reached makes no difference.
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
			// At once to whoever else is there, or to us when we return.
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

// hold tells the server every so often that the message is in hand, until it is
// released.
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

// Where the unmarshaler puts what JetStream knows of a message.
const (
	metadataSubject  = "docket_subject"
	metadataSequence = "docket_sequence"
	metadataDelivery = "docket_delivery"
)

// unmarshaler reads any message: Watermill ends the process over an error.
type unmarshaler struct{}

// Unmarshal keeps the first value of every header that is not the server's own.
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

// sequenceOf is the message's sequence in its stream.
func sequenceOf(msg *message.Message) uint64 {
	n, _ := strconv.ParseUint(msg.Metadata.Get(metadataSequence), 10, 64)
	return n
}

// deliveryOf counts from 1 how often the message was delivered.
func deliveryOf(msg *message.Message) int {
	n, _ := strconv.Atoi(msg.Metadata.Get(metadataDelivery))
	return n
}

// routerLog passes on what Watermill logs. What it tells of every message is
// for debugging, and so is the failure of one, which is handled and counted
// elsewhere.
type routerLog struct{ log *slog.Logger }

func (l routerLog) Error(text string, err error, fields watermill.LogFields) {
	level := slog.LevelWarn
	var panicked middleware.RecoveredPanicError
	switch {
	case errors.As(err, new(*failure)), errors.Is(err, errNotYet):
		level = slog.LevelDebug
	case errors.As(err, &panicked):
		// The panic's value may hold anything; where it happened does not.
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

// Trace is dropped.
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
