package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/docketlog/docket/broker"
)

// openBeside is [open] for a command that is run while the program may be
// running: it then uses the broker of the running program.
func openBeside(ctx context.Context, env *environment) (*system, error) {
	return beside(ctx, env, (*system).openLog)
}

// connectBeside is [openBeside] for a command that needs the broker but not the
// log, and creates no log.
func connectBeside(ctx context.Context, env *environment) (*system, error) {
	return beside(ctx, env, (*system).openConnection)
}

// connectToFill is for a command that fills a broker while no role is running.
// An embedded broker does not sync until the system is closed and [broker.Sync]
// is called.
func connectToFill(ctx context.Context, env *environment) (*system, error) {
	s, err := embed(ctx, env, true)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, besideTimeout, errNoAnswer)
	defer cancel()
	return s, s.openConnection(ctx)
}

var errNoAnswer = fmt.Errorf("the log did not respond within %s", besideTimeout)

func beside(ctx context.Context, env *environment, enter func(*system, context.Context) error) (*system, error) {
	// A person is waiting at the terminal.
	ctx, cancel := context.WithTimeoutCause(ctx, besideTimeout, errNoAnswer)
	defer cancel()
	if env.settings.NATS == "" {
		if _, err := os.Stat(env.settings.Data); err != nil {
			return nil, fmt.Errorf("no data in %s: %w", env.settings.Data, err)
		}
		nc, err := broker.DialRunning(ctx, env.settings.Data)
		switch {
		case err == nil:
			nc.Close()
			s := &system{settings: env.settings, logger: env.logger, counted: newCounts()}
			s.settings.NATS = runningBroker
			return s, enter(s, ctx)
		case !errors.Is(err, broker.ErrNotRunning):
			return nil, err
		}
	}
	s, err := embed(ctx, env, false)
	if err != nil {
		return nil, err
	}
	return s, enter(s, ctx)
}

// besideTimeout is the timeout for the log of a one-time command.
const besideTimeout = 30 * time.Second

// runningBroker stands for the broker of the process that uses the data folder.
const runningBroker = "running"
