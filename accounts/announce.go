package accounts

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// copyMargin is the largest tolerated difference between the clocks of the
// gateways and of the process that makes the copy.
const copyMargin = time.Minute

// announceCopied updates the log of an installation that was restored from a
// copy. Buckets are copied after the log, so it appends the missing events of
// accounts that were registered or erased in between.
func (a *Accounts) announceCopied(ctx context.Context) {
	if a.options.CopiedTo.IsZero() {
		return
	}
	for id, record := range a.directory.changedWithin(a.options.CopiedFrom.Add(-copyMargin), a.options.CopiedTo.Add(copyMargin)) {
		account := slog.String("account", id.String())
		switch announced, err := a.announce(ctx, id, record); {
		case err != nil:
			a.options.Logger.Error("could not append missing account events", account, slog.Any("err", err))
		case announced:
			a.options.Logger.Info("missing account events appended after a restore", account)
		}
	}
}

// announce appends the account's events of registration and erasure if they are
// missing from the log, and reports whether any were. It may be repeated and run
// concurrently.
func (a *Accounts) announce(ctx context.Context, id uuid.UUID, record personRecord) (bool, error) {
	past, _, err := a.log.Load(ctx, events.Head{Aggregate: events.Account(id)})
	if err != nil {
		return false, fmt.Errorf("announce account %s: %w", id, err)
	}
	erased := false
	for i := range past {
		erased = erased || past[i].Type == events.TypeAccountErased
	}
	switch {
	case record.erased() && !erased:
		// This appends a missing registration first.
		_, err = a.announceErased(ctx, id, record)
		return true, err
	case len(past) == 0:
		_, err = a.announceRegistered(ctx, id, record)
		return true, err
	}
	return false, nil
}
