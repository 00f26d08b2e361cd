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

// Rows answers queries; a [projections.Store] does, and so do
// [projections.Replicas].
type Rows interface {
	Read(ctx context.Context, at events.Position, read func(*projections.Snapshot) error) error
	Status(ctx context.Context) (projections.Status, error)
	Parked(ctx context.Context) ([]projections.Parked, error)
	Ping(ctx context.Context) error
}

// Options are what a service is made of. All are required but Replicas and
// MemberPatience.
type Options struct {
	Commands *commands.Handler
	Accounts *accounts.Accounts
	Rows     Rows
	Log      events.Log
	Feed     *feed.Hub
	// Replicas tells how the databases are where the rows are in several.
	Replicas func() []projections.Replica
	// MemberPatience is how long a read waits for the log to say who is a member,
	// before the rows decide alone; 0 means a second. A warm project answers from
	// memory.
	MemberPatience time.Duration
	Logger         *slog.Logger
}

// Service answers callers. It may be used by any number of goroutines.
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

// New makes a service.
func New(options Options) *Service {
	return &Service{
		commands: options.Commands, accounts: options.Accounts, rows: options.Rows, log: options.Log, feed: options.Feed,
		replicas: options.Replicas, logger: options.Logger, numbers: newNumbers(),
		admission: &admission{project: options.Commands.Project, patience: cmp.Or(options.MemberPatience, time.Second), logger: options.Logger},
	}
}
