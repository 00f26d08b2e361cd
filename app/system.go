package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/metrics"
	"github.com/docketlog/docket/projections"
	"github.com/docketlog/docket/traces"
)

// system is the rooms a role has opened, and how to leave them again.
type system struct {
	settings Settings
	logger   *slog.Logger
	broker   *broker.Broker // nil where NATS is somebody else's
	nc       *nats.Conn
	log      *jetstream.Log
	accounts *accounts.Accounts
	people   people
	rows     *projections.Store    // of who keeps them
	replicas *projections.Replicas // of who only reads
	// counted is told by the rooms how long what they do takes.
	counted *metrics.Distributions
	tracer  traces.Tracer
	// https is what is served with, client what NATS is shown; nil without.
	https, client *certificate

	leave []func()
}

// people finds what others see of an account.
type people func(ctx context.Context, id uuid.UUID) (accounts.Person, bool, error)

// open connects to the log, embedding a broker where none is named.
func open(ctx context.Context, env *environment) (*system, error) {
	s, err := embed(ctx, env, false)
	if err != nil {
		return nil, err
	}
	return s, s.openLog(ctx)
}

// embed starts a broker where none is named.
func embed(ctx context.Context, env *environment, unsynced bool) (*system, error) {
	s := &system{settings: env.settings, logger: env.logger, counted: metrics.NewDistributions()}
	if s.settings.NATS == "" {
		b, err := broker.Start(ctx, broker.Options{Dir: s.settings.Data, Unsynced: unsynced, Logger: s.logger})
		if err != nil {
			return nil, err
		}
		s.broker = b
		s.leave = append(s.leave, b.Stop)
	}
	return s, nil
}

// openBeside is open for a command that is run while the program may be
// running: it then uses the running program's broker.
func openBeside(ctx context.Context, env *environment) (*system, error) {
	return beside(ctx, env, (*system).openLog)
}

// connectBeside is openBeside for a command that wants the broker and not the
// log, and makes none.
func connectBeside(ctx context.Context, env *environment) (*system, error) {
	return beside(ctx, env, (*system).openConnection)
}

// connectToFill is for a command that fills a broker while no role runs. An
// embedded one does not sync until the system is closed and [broker.Sync] called.
func connectToFill(ctx context.Context, env *environment) (*system, error) {
	s, err := embed(ctx, env, true)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, besidePatience, errNoAnswer)
	defer cancel()
	return s, s.openConnection(ctx)
}

var errNoAnswer = fmt.Errorf("the log did not answer for %s", besidePatience)

func beside(ctx context.Context, env *environment, enter func(*system, context.Context) error) (*system, error) {
	// Somebody waits at the terminal.
	ctx, cancel := context.WithTimeoutCause(ctx, besidePatience, errNoAnswer)
	defer cancel()
	if env.settings.NATS == "" {
		if _, err := os.Stat(env.settings.Data); err != nil {
			return nil, fmt.Errorf("there is nothing in %s yet: %w", env.settings.Data, err)
		}
		nc, err := broker.DialRunning(ctx, env.settings.Data)
		switch {
		case err == nil:
			nc.Close()
			s := &system{settings: env.settings, logger: env.logger, counted: metrics.NewDistributions()}
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

// besidePatience is how long a command that is run once waits for the log.
const besidePatience = 30 * time.Second

// runningBroker stands for the broker of the process that holds the data folder.
const runningBroker = "running"

func (s *system) openLog(ctx context.Context) error {
	waiting := time.AfterFunc(3*time.Second, func() {
		s.logger.Warn("still waiting for the log: does NATS run there, with JetStream?", "nats", withoutSecrets(s.settings.NATS))
	})
	defer waiting.Stop()
	err := func() (err error) {
		if s.nc, err = s.connect(ctx); err != nil {
			return err
		}
		s.leave = append(s.leave, s.nc.Close)
		options := jetstream.Options{Replicas: s.settings.copies, Logger: s.logger, Acknowledged: s.counted.Acknowledged}
		if s.broker != nil {
			options.Sound = s.broker.Sound
		}
		s.log, err = jetstream.Open(ctx, s.nc, options)
		return err
	}()
	if err != nil {
		s.close()
	}
	return err
}

// openConnection is openLog without the log.
func (s *system) openConnection(ctx context.Context) error {
	nc, err := s.connect(ctx)
	if err != nil {
		s.close()
		return err
	}
	s.nc = nc
	s.leave = append(s.leave, nc.Close)
	return nil
}

// connect makes a connection of its own for a part that closes what it is
// given.
func (s *system) connect(ctx context.Context) (*nats.Conn, error) {
	switch {
	case s.broker != nil:
		return s.broker.Connect()
	case s.settings.NATS == runningBroker:
		return broker.DialRunning(ctx, s.settings.Data)
	default:
		options, err := s.natsOptions()
		if err != nil {
			return nil, err
		}
		nc, err := broker.Dial(ctx, s.settings.NATS, options...)
		return nc, s.refusal(err)
	}
}

// openTraces follows what the role does, if somebody collects that.
func (s *system) openTraces(ctx context.Context, role string) error {
	if s.settings.Traces == "" {
		return nil
	}
	version, _ := built()
	collector, err := traces.Open(ctx, traces.Options{Endpoint: s.settings.Traces, Role: role, Version: version, Logger: s.logger})
	if err == nil {
		s.tracer = collector.Tracer()
		s.leave = append(s.leave, collector.Close)
	}
	return err
}

// natsOptions are for a broker that is somebody else's.
func (s *system) natsOptions() ([]nats.Option, error) {
	opts := []nats.Option{nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
		// Whoever asked only sees that nothing answers, or not even that.
		if errors.Is(err, nats.ErrPermissionViolation) {
			s.logger.Error("the broker does not let the user of --nats do that: it is another one's task, or docket setup has not been run", "err", err)
		}
	})}
	if s.settings.NATSCert != "" {
		if s.client == nil {
			shown, err := openCertificate(s.settings.NATSCert, s.settings.NATSKey, s.logger)
			if err != nil {
				return nil, err
			}
			s.client = shown
		}
		opts = append(opts, nats.Secure(s.client.show()))
	}
	if s.settings.NATSCA != "" {
		// Read again at each connection.
		opts = append(opts, nats.RootCAs(s.settings.NATSCA))
	}
	return opts, nil
}

// openNames opens of the accounts what a notifier may know.
func (s *system) openNames(ctx context.Context) error {
	names, err := accounts.OpenNames(ctx, s.nc, accounts.Options{Replicas: s.settings.copies, Logger: s.logger})
	if err == nil {
		s.people = names.Person
	}
	return err
}

func (s *system) openAccounts(ctx context.Context) (err error) {
	from, to := s.log.Copied()
	s.accounts, err = accounts.Open(ctx, s.nc, s.log, accounts.Options{Replicas: s.settings.copies, Logger: s.logger, CopiedFrom: from, CopiedTo: to})
	if err == nil {
		s.people = func(_ context.Context, id uuid.UUID) (accounts.Person, bool, error) {
			p, ok := s.accounts.Person(id)
			return p, ok, nil
		}
		s.leave = append(s.leave, s.accounts.Close)
	}
	return err
}

func (s *system) openRows(ctx context.Context) (err error) {
	if file, ok := strings.CutPrefix(s.settings.Database, "sqlite:"); ok {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return err
		}
	}
	s.rows, err = projections.Open(ctx, s.settings.Database, projections.Options{Logger: s.logger})
	if err != nil && strings.HasPrefix(s.settings.Database, "sqlite:") {
		return fmt.Errorf("%s: %w\nRows can always be made anew from the log: if the file is damaged, move it away and start again", s.settings.Database, err)
	}
	if err != nil {
		return fmt.Errorf("--database (%s): %w", withoutSecrets(s.settings.Database), err)
	}
	s.leave = append(s.leave, func() { _ = s.rows.Close() })
	return nil
}

// openReplicas opens the rows for queries alone: no database need be there yet.
func (s *system) openReplicas(ctx context.Context) (err error) {
	s.replicas, err = projections.OpenReplicas(ctx, append([]string{s.settings.Database}, s.settings.readReplicas...), projections.Options{Logger: s.logger})
	if err == nil {
		s.leave = append(s.leave, func() { _ = s.replicas.Close() })
	}
	return err
}

// close leaves the rooms in the reverse of the order in which they were
// entered.
func (s *system) close() {
	for i := len(s.leave) - 1; i >= 0; i-- {
		s.leave[i]()
	}
	s.leave = nil
}

// part is something a role does until its context ends. Returning earlier ends
// the role.
type part struct {
	name string
	run  func(context.Context) error
}

// errEnded reports a part that ended though nobody asked it to.
var errEnded = errors.New("ended by itself")

// runParts runs all parts until ctx ends or one of them does. Then it ends
// those of the first group and waits for them before it ends the next, so that
// whoever takes requests is gone before whoever serves them. After errHopeless
// it ends all at once and waits no longer than hopelessGrace. It returns what
// went wrong, or nil.
func runParts(ctx context.Context, groups ...[]part) error {
	ended := make(chan error, 64)
	type running struct {
		cancel context.CancelFunc
		wait   *sync.WaitGroup
	}
	var started []running
	for _, group := range groups {
		// What a part has in hand must be finished: its context is not ctx's child.
		groupCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		var wait sync.WaitGroup
		for _, p := range group {
			wait.Go(func() {
				err := p.run(groupCtx)
				if groupCtx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
					return
				}
				if err == nil {
					err = errEnded
				}
				ended <- fmt.Errorf("%s: %w", p.name, err)
			})
		}
		started = append(started, running{cancel, &wait})
	}
	var errs []error
	var out <-chan time.Time // of patience; never, as a rule
	select {
	case <-ctx.Done():
	case err := <-ended:
		errs = append(errs, err)
		if errors.Is(err, errHopeless) {
			out = time.After(hopelessGrace)
			for _, group := range started {
				group.cancel()
			}
		}
	}
	for _, group := range started {
		group.cancel()
		finished := make(chan struct{})
		go func() {
			group.wait.Wait()
			close(finished)
		}()
		select {
		case <-finished:
		case <-out:
			// What is left behind waits for a log that does not answer.
			return errors.Join(errs...)
		}
	}
	for len(ended) > 0 {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// shutdownGrace is how long requests in hand may take once the program ends.
const shutdownGrace = 10 * time.Second

// errHopeless is wrapped by the error of a part without which nothing that is
// in hand can be finished.
var errHopeless = errors.New("nothing in hand can be finished")

// hopelessGrace is how long the other parts may then take to see that: reads in
// hand are answered, and whoever starts the program again need not wait.
const hopelessGrace = 2 * time.Second
