package notifier

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/transient"
)

// Setup creates or updates what notifiers need on the broker: the stream of
// notices, the ledger and both consumers. It uses the options EventStream,
// Replicas and Keep, which should equal those of [New]. It is for operators,
// where notifiers lack the permissions. It is idempotent: stored data is kept,
// and the consumer of events keeps its position.
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
		// The start of an existing consumer cannot change, and an operator may
		// have chosen another one.
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

// provide finds the streams and consumers, and creates the missing ones. It
// does not change an existing consumer: a notifier may lack the permission, and
// Setup does it.
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

// decideConsumer configures the consumer of the stage that decides whom to
// notify. Messages that wait for a retry count as unacknowledged and must not
// block others, so neither consumer limits them.
func (o Options) decideConsumer() jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       decideDurable,
		Description:   "Docket: decides whom to notify of an event",
		FilterSubject: taskSubjects,
		DeliverPolicy: jetstream.DeliverNewPolicy,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       o.takeover,
		MaxDeliver:    -1,
		MaxAckPending: -1,
	}
}

// deliverConsumer configures the consumer of the stage that delivers notices.
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

// The time limits for one message. Parking starts after the delivery limit and
// may take another grace.
func (o Options) decideWait() time.Duration   { return 2 * o.grace }
func (o Options) deliverLimit() time.Duration { return o.grace + o.SendTimeout }
func (o Options) deliverWait() time.Duration  { return o.deliverLimit() + 2*o.grace }
