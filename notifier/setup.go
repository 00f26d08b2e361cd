package notifier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/transient"
)

// Setup makes what notifiers need on the broker and brings what is there to what
// this version asks of it: the stream of notices, the ledger, both consumers.
// Of the options it uses EventStream, Replicas and Keep, which are best those of
// [New]. It is for whoever may do so where a notifier may not, and
// may be repeated: what is stored stays, and the consumer of events goes on
// where it was.
func Setup(ctx context.Context, js jetstream.JetStream, o Options) error {
	o = o.withDefaults()
	log, err := js.Stream(ctx, o.EventStream)
	if err != nil {
		return fmt.Errorf("set up notices: find stream %s: %w", o.EventStream, err)
	}
	queue, err := js.CreateOrUpdateStream(ctx, noticesConfig(o.Replicas, o.Keep))
	if err != nil {
		return fmt.Errorf("set up stream %s: %w", Stream, err)
	}
	if _, err := js.CreateOrUpdateKeyValue(ctx, ledgerConfig(o.Replicas, o.Keep)); err != nil {
		return fmt.Errorf("set up bucket %s: %w", LedgerBucket, err)
	}
	deciding := o.decideConsumer()
	if present, err := log.Consumer(ctx, decideDurable); err == nil {
		// Where it began is settled, and an operator may have made it begin
		// elsewhere.
		began := present.CachedInfo().Config
		deciding.DeliverPolicy, deciding.OptStartSeq, deciding.OptStartTime = began.DeliverPolicy, began.OptStartSeq, began.OptStartTime
	}
	for _, c := range []struct {
		stream jetstream.Stream
		config jetstream.ConsumerConfig
	}{{log, deciding}, {queue, o.deliverConsumer()}} {
		if _, err := c.stream.CreateOrUpdateConsumer(ctx, c.config); err != nil {
			return fmt.Errorf("set up consumer %s: %w", c.config.Durable, err)
		}
	}
	return nil
}

// provide finds the streams and consumers, and makes those that are missing. A
// consumer that is there stays as it is: a notifier may not be allowed to change
// one, and Setup does.
func (n *Notifier) provide(ctx context.Context) error {
	js, err := jetstream.New(n.nc)
	if err != nil {
		return err
	}
	if err = transient.Retry(ctx, func(ctx context.Context) (err error) {
		n.eventLog, err = js.Stream(ctx, n.opts.EventStream)
		return err
	}); err != nil {
		return fmt.Errorf("find stream %s: %w", n.opts.EventStream, err)
	}
	if n.notices, err = openNotices(ctx, js, n.opts.Replicas, n.opts.Keep); err != nil {
		return err
	}
	if n.ledger, err = openLedger(ctx, js, n.opts.Replicas, n.opts.Keep); err != nil {
		return err
	}
	if n.decider, err = openConsumer(ctx, n.eventLog, n.opts.decideConsumer()); err != nil {
		return err
	}
	n.deliverer, err = openConsumer(ctx, n.notices.stream, n.opts.deliverConsumer())
	return err
}

func openConsumer(ctx context.Context, stream jetstream.Stream, config jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	var consumer jetstream.Consumer
	err := transient.Retry(ctx, func(ctx context.Context) (err error) {
		consumer, err = stream.Consumer(ctx, config.Durable)
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			consumer, err = stream.CreateOrUpdateConsumer(ctx, config)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open consumer %s of %s: %w", config.Durable, stream.CachedInfo().Config.Name, err)
	}
	return consumer, nil
}

// decideConsumer brings events to the stage that decides whom to tell. What
// waits for another try counts as unacknowledged, and must not keep the rest
// from being delivered: hence no limit, of either consumer.
func (o Options) decideConsumer() jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       decideDurable,
		Description:   "Docket: decides who should learn of an event",
		FilterSubject: taskSubjects,
		DeliverPolicy: jetstream.DeliverNewPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       o.takeover,
		MaxDeliver:    -1,
		MaxAckPending: -1,
	}
}

// deliverConsumer brings notices to the stage that delivers them.
func (o Options) deliverConsumer() jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       deliverDurable,
		Description:   "Docket: delivers notices",
		FilterSubject: dueSubjects + ">",
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       o.takeover,
		MaxDeliver:    -1,
		MaxAckPending: -1,
	}
}

// How long one message may take. Parking comes after the limit and has the
// grace once more.
func (o Options) decideWait() time.Duration   { return 2 * o.grace }
func (o Options) deliverLimit() time.Duration { return o.grace + o.SendTimeout }
func (o Options) deliverWait() time.Duration  { return o.deliverLimit() + 2*o.grace }
