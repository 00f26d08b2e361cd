package service

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/feed"
	"github.com/docketlog/docket/projections"
)

// Rows answers queries. [projections.Store] and [projections.Replicas]
// implement it.
type Rows interface {
	Read(ctx context.Context, at events.Position, read func(*projections.Snapshot) error) error
	Status(ctx context.Context) (projections.Status, error)
	Parked(ctx context.Context) ([]projections.Parked, error)
	Ping(ctx context.Context) error
}

// Options configure a [Service]. All are required except Replicas and
// MemberTimeout.
type Options struct {
	Commands *commands.Handler
	Accounts *accounts.Accounts
	Rows     Rows
	Log      events.Log
	Feed     *feed.Hub
	// Replicas reports the state of the databases if the rows have several.
	Replicas func() []projections.Replica
	// MemberTimeout is the timeout for a read to check membership in the log
	// before the rows decide alone; 0 means one second. A warm project answers
	// from memory.
	MemberTimeout time.Duration
	Logger        *slog.Logger
}

// Service answers callers. It is safe for concurrent use.
type Service struct {
	commands  *commands.Handler
	accounts  *accounts.Accounts
	rows      Rows
	log       events.Log
	feed      *feed.Hub
	replicas  func() []projections.Replica
	logger    *slog.Logger
	numbers   *numbers
	admission *admission
}

// New returns a service.
func New(options Options) *Service {
	return &Service{
		commands: options.Commands, accounts: options.Accounts, rows: options.Rows, log: options.Log, feed: options.Feed,
		replicas: options.Replicas, logger: options.Logger, numbers: newNumbers(),
		admission: &admission{project: options.Commands.Project, timeout: cmp.Or(options.MemberTimeout, time.Second), logger: options.Logger},
	}
}
