package app

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"
	"github.com/spf13/cobra"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/broker/transient"
	"github.com/docketlog/docket/config"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/notifier"
)

// setupCommand creates everything that the roles need on the broker, for an
// installation where they may not create it themselves.
type setupCommand struct {
	Subscriber []string
	Fewer      bool
}

func (l *commandLine) setup() *cobra.Command {
	var c setupCommand
	return addFlags(l.command("setup", "Create the streams, buckets and consumers that the roles need on an external NATS server, for roles without permission to create them.", &c),
		option{config.List{Values: &c.Subscriber, Holds: "NAME"}, "subscriber", "Also create a durable consumer of the log for a service that reads every event; can be repeated."},
		option{config.Switch{Value: &c.Fewer}, "fewer", "Allow removing replicas if the log has more than --replicas; otherwise setup fails."})
}

// consumerName matches valid names of subscribers: the name is part of
// subjects.
var consumerName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

func (c *setupCommand) Run(ctx context.Context, env *environment) error {
	for _, name := range c.Subscriber {
		if !consumerName.MatchString(name) || name == notifier.Consumer {
			return fmt.Errorf("setup: invalid subscriber name %q: use 1 to 32 of the characters a-z, 0-9, _ and -, starting with a letter; Docket's own consumer names are reserved", name)
		}
	}
	if env.settings.NATS == "" {
		return fmt.Errorf("setup: --nats is required; an embedded log needs no setup")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, setupTimeout, fmt.Errorf("the broker was not ready within %s", setupTimeout))
	defer cancel()
	s := &system{settings: env.settings, logger: env.logger}
	nc, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer nc.Close()
	if !c.Fewer {
		if err := refuseFewer(ctx, nc, s.settings.Copies); err != nil {
			return err
		}
	}
	for {
		err := c.setUp(ctx, nc, s)
		if err == nil {
			break
		}
		// A cluster that has just started cannot place everything yet.
		s.logger.Warn("setup failed, retrying", "err", err)
		if !retry.Pause(ctx, time.Second) {
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
	copies := "1 replica"
	if s.settings.Copies > 1 {
		copies = fmt.Sprintf("%d replicas", s.settings.Copies)
	}
	fmt.Fprintf(env.out, "The broker is set up with %s: log, buckets, notices", copies)
	if len(c.Subscriber) > 0 {
		fmt.Fprintf(env.out, "; consumers for %s", strings.Join(c.Subscriber, ", "))
	}
	fmt.Fprintln(env.out, ".")
	return nil
}

// refuseFewer keeps setup from reducing the replicas of the log only because
// --replicas was forgotten.
func refuseFewer(ctx context.Context, nc *nats.Conn, copies int) error {
	broker, err := js.New(nc)
	if err != nil {
		return err
	}
	var present int
	err = retry.Until(ctx, func(ctx context.Context) (bool, error) {
		log, err := broker.Stream(ctx, jetstream.DefaultStream)
		switch {
		case err == nil:
			present = log.CachedInfo().Config.Replicas
		case errors.Is(err, js.ErrStreamNotFound):
			err = nil
		}
		return transient.Is(err), err
	})
	if err != nil {
		return fmt.Errorf("setup: inspect the log: %w", err)
	}
	if present > copies {
		return fmt.Errorf("setup: the log has %d replicas, but --replicas (DOCKET_REPLICAS) is %d; nothing was changed. Set it to %d, or add --fewer to remove replicas", present, copies, present)
	}
	return nil
}

// setupTimeout is how long setup is retried.
const setupTimeout = time.Minute

func (c *setupCommand) setUp(ctx context.Context, nc *nats.Conn, s *system) error {
	copies := s.settings.Copies
	log, err := jetstream.Setup(ctx, nc, jetstream.Options{Replicas: copies, Logger: s.logger})
	if err != nil {
		return err
	}
	broker, err := js.New(nc)
	if err != nil {
		return err
	}
	if err := accounts.Setup(ctx, broker, copies); err != nil {
		return err
	}
	if err := idempotency.Setup(ctx, broker, copies); err != nil {
		return err
	}
	if err := notifier.Setup(ctx, broker, notifier.Options{Replicas: copies}); err != nil {
		return err
	}
	for _, name := range c.Subscriber {
		if err := log.SetupSubscriber(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
