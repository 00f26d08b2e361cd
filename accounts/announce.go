package accounts

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// copyMargin is by how much the clocks of those who register people and of who
// copies may differ.
const copyMargin = time.Minute

// announceCopied brings the log up with buckets that were copied a moment after
// it: who registered or was erased in between is announced. Where neither is a
// copy there is nothing to do.
func (a *Accounts) announceCopied(ctx context.Context) {
	if a.options.CopiedTo.IsZero() {
		return
	}
	for id, record := range a.directory.changedWithin(a.options.CopiedFrom.Add(-copyMargin), a.options.CopiedTo.Add(copyMargin)) {
		account := slog.String("account", id.String())
		switch announced, err := a.announce(ctx, id, record); {
		case err != nil:
			a.options.Logger.Error("account stays unannounced", account, slog.Any("err", err))
		case announced:
			a.options.Logger.Info("account announced after a restore", account)
		}
	}
}

// announce appends what the log lacks of the account's beginning and end, and
// reports whether it lacked anything. It may be repeated, and done by several at
// once.
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
		// It announces the beginning first, where that is missing.
		_, err = a.announceErased(ctx, id, record)
		return true, err
	case len(past) == 0:
		_, err = a.announceRegistered(ctx, id, record)
		return true, err
	}
	return false, nil
}
