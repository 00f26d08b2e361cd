package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/config"
	"github.com/docketlog/docket/config/certificate"
	"github.com/docketlog/docket/events/jetstream"
	"github.com/docketlog/docket/notifier"
	"github.com/docketlog/docket/projections"
	"github.com/docketlog/docket/traces"
)

// system holds the rooms that a role has opened, and how to close them.
type system struct {
	settings config.Settings
	logger   *slog.Logger
	broker   *broker.Broker // nil if NATS is external
	nc       *nats.Conn
	log      *jetstream.Log
	accounts *accounts.Accounts
	people   finder
	rows     *projections.Store    // if this process maintains them
	replicas *projections.Replicas // if this process only reads
	// projector maintains the rows, if it is one of the running parts.
	projector *projections.Projector
	listener  net.Listener // for HTTP, if it is served
	handler   *commands.Handler
	notifier  *notifier.Notifier
	// counted receives durations from the rooms.
	counted *counts
	tracer  traces.Tracer
	// https is the certificate for serving, client the one presented to NATS;
	// nil without.
	https, client *certificate.Certificate

	leave []func()
}

// finder returns the public part of an account.
type finder func(ctx context.Context, id uuid.UUID) (accounts.Person, bool, error)

// open connects to the log, embedding a broker if no NATS server is configured.
func open(ctx context.Context, env *environment) (*system, error) {
	s, err := embed(ctx, env, false)
	if err != nil {
		return nil, err
	}
	return s, s.openLog(ctx)
}

// embed starts a broker if no NATS server is configured.
func embed(ctx context.Context, env *environment, unsynced bool) (*system, error) {
	s := &system{settings: env.settings, logger: env.logger, counted: newCounts()}
	if s.settings.NATS == "" {
		if err := privateFolder(s.settings.Data, s.logger); err != nil {
			return nil, err
		}
		b, err := broker.Start(ctx, broker.Options{Dir: s.settings.Data, Unsynced: unsynced, Logger: s.logger})
		if err != nil {
			return nil, err
		}
		s.broker = b
		s.leave = append(s.leave, b.Stop)
	}
	return s, nil
}

func (s *system) openLog(ctx context.Context) error {
	waiting := time.AfterFunc(3*time.Second, func() {
		s.logger.Warn("still waiting for the log; check that NATS is running with JetStream enabled", "nats", config.WithoutSecrets(s.settings.NATS))
	})
	defer waiting.Stop()
	err := func() (err error) {
		if s.nc, err = s.connect(ctx); err != nil {
			return err
		}
		s.leave = append(s.leave, s.nc.Close)
		options := jetstream.Options{Replicas: s.settings.Copies, Logger: s.logger, Acknowledged: s.counted.acknowledged}
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

// openConnection is [system.openLog] without the log.
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

// openTraces traces the role, if a collector is configured.
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

// openNames opens the part of the accounts that a notifier may read.
func (s *system) openNames(ctx context.Context) error {
	names, err := accounts.OpenNames(ctx, s.nc, accounts.Options{Replicas: s.settings.Copies, Logger: s.logger})
	if err == nil {
		s.people = names.Person
	}
	return err
}

func (s *system) openAccounts(ctx context.Context) (err error) {
	from, to := s.log.Copied()
	s.accounts, err = accounts.Open(ctx, s.nc, s.log, accounts.Options{Replicas: s.settings.Copies, Logger: s.logger, CopiedFrom: from, CopiedTo: to})
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
		return fmt.Errorf("%s: %w\nThe rows can be rebuilt from the log: if the file is damaged, move it away and restart", s.settings.Database, err)
	}
	if err != nil {
		return fmt.Errorf("--database (%s): %w", config.WithoutSecrets(s.settings.Database), err)
	}
	s.leave = append(s.leave, func() { _ = s.rows.Close() })
	return nil
}

// openReplicas opens the rows for queries only: no database need exist yet.
func (s *system) openReplicas(ctx context.Context) (err error) {
	s.replicas, err = projections.OpenReplicas(ctx, append([]string{s.settings.Database}, s.settings.ReadReplicas...), projections.Options{Logger: s.logger})
	if err == nil {
		s.leave = append(s.leave, func() { _ = s.replicas.Close() })
	}
	return err
}

// close closes the rooms in the reverse of the order in which they were opened.
func (s *system) close() {
	for i := len(s.leave) - 1; i >= 0; i-- {
		s.leave[i]()
	}
	s.leave = nil
}
