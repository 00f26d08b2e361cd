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
	return addFlags(l.command("setup", "Make on an outside NATS what the roles need, for those that may not do so themselves.", &c),
		option{config.List{Values: &c.Subscriber, Holds: "NAME"}, "subscriber", "Also make a durable consumer of the log for a service that reads every event; may be repeated."},
		option{config.Switch{Value: &c.Fewer}, "fewer", "Take copies away where the log has more than --replicas says; otherwise that is refused."})
}

// consumerName matches valid names of subscribers: the name is part of
// subjects.
var consumerName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

func (c *setupCommand) Run(ctx context.Context, env *environment) error {
	for _, name := range c.Subscriber {
		if !consumerName.MatchString(name) || name == notifier.Consumer {
			return fmt.Errorf("setup: a subscriber cannot be called %q: want a to z, 0 to 9, _ or -, at most 32, beginning with a letter", name)
		}
	}
	if env.settings.NATS == "" {
		return fmt.Errorf("setup: --nats must be set: an embedded log sets itself up")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, setupPatience, fmt.Errorf("the broker did not come round within %s", setupPatience))
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
		s.logger.Warn("set up again in a moment", "err", err)
		if !retry.Pause(ctx, time.Second) {
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
	}
	copies := "one copy"
	if s.settings.Copies > 1 {
		copies = fmt.Sprintf("%d copies", s.settings.Copies)
	}
	fmt.Fprintf(env.out, "The broker has what Docket needs, in %s: the log, the buckets, the notices", copies)
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
		return fmt.Errorf("setup: look at the log: %w", err)
	}
	if present > copies {
		return fmt.Errorf("setup: the log has %d copies and --replicas (DOCKET_REPLICAS) says %d; nothing was changed. Set it to %d, or add --fewer to take copies away", present, copies, present)
	}
	return nil
}

// setupPatience is how long setup is retried.
const setupPatience = time.Minute

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
