package jetstream

import (
	"context"
	"fmt"
	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/broker/transient"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
)

// Setup is [Open] by whoever may change the stream: one that is there is also
// brought to the number of replicas asked for, and to nothing else. What is in
// it stays. It may be repeated.
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
		return nil, fmt.Errorf("bring stream %s to %d replicas: %w", l.stream, replicas, err)
	}
	l.replicas = replicas
	return l, nil
}

// SetupSubscriber makes a durable consumer of that name for a service that reads
// every event, from the first on, and acknowledges what it has dealt with. One
// that is there stays where it is. It is for a service that may make none
// itself.
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
			err = fmt.Errorf("make consumer %s of %s: %w", name, l.stream, err)
		}
		return transient.Is(err), err
	})
}
