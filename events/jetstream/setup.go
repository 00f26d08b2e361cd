package jetstream

import (
	"context"
	"fmt"
	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/broker/transient"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
)

// Setup is [Open] for a user with permission to change the stream: it also sets
// the number of replicas of an existing stream, and no other setting. The events
// in the stream are kept. Setup may be repeated.
func Setup(ctx context.Context, nc *nats.Conn, o Options) (*Log, error) {
	replicas := max(o.Replicas, 1)
	l, err := openAs(ctx, nc, o, 0)
	if err != nil || l.replicas == replicas {
		return l, err
	}
	err = retry.Until(ctx, func(ctx context.Context) (bool, error) {
		stream, err := l.js.Stream(ctx, l.stream)
		if err == nil {
			config := stream.CachedInfo().Config
			config.Replicas = replicas
			_, err = l.js.UpdateStream(ctx, config)
		}
		return transient.Is(err), err
	})
	if err != nil {
		return nil, fmt.Errorf("set stream %s to %d replicas: %w", l.stream, replicas, err)
	}
	l.replicas = replicas
	return l, nil
}

// SetupSubscriber creates a durable consumer with the given name for a service
// that reads every event from the first and acknowledges each. An existing
// consumer keeps its position. It is for services without permission to create
// consumers.
func (l *Log) SetupSubscriber(ctx context.Context, name string) error {
	return retry.Until(ctx, func(ctx context.Context) (bool, error) {
		_, err := l.js.CreateOrUpdateConsumer(ctx, l.stream, js.ConsumerConfig{
			Durable:       name,
			Description:   "Docket: a service that reads every event",
			DeliverPolicy: js.DeliverAllPolicy,
			AckPolicy:     js.AckExplicitPolicy,
			MaxDeliver:    -1,
		})
		if err != nil {
			err = fmt.Errorf("create consumer %s of stream %s: %w", name, l.stream, err)
		}
		return transient.Is(err), err
	})
}
