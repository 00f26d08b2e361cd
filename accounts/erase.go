package accounts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// Erase removes what is known of the person: name, address, password, saved
// filters, sessions and tokens with the network addresses in them. What the account did stays in
// the log under its id. The answer is the position of [events.AccountErased].
// Erasing again is safe, after success and after failure; an erasure that was
// interrupted is completed by the next start of any process. The administrator's
// place stays taken: nobody who registers later becomes one by accident.
//
// The buckets' stores are overwritten. Out of reach are copies: the Raft log of
// replicated buckets until the broker compacts it, and backups.
//
// Errors: [ErrNotFound], [ErrUnavailable], those of [events.Log], and ctx's.
func (a *Accounts) Erase(ctx context.Context, account uuid.UUID) (events.Position, error) {
	err := retryMoved(func() error {
		record, revision, err := get[personRecord](ctx, a.people, account.String())
		if err != nil || record.erased() {
			return err
		}
		record.Erasing = a.instance.addressKey(record.Email)
		record.Erased = a.now().UTC()
		record.Name, record.Email = "", ""
		return a.write(ctx, account, record, revision)
	})
	if err != nil {
		return events.Position{}, fmt.Errorf("erase account %s: %w", account, err)
	}
	position, err := a.finishErasure(ctx, account)
	if err != nil {
		return events.Position{}, fmt.Errorf("erase account %s: %w", account, err)
	}
	return position, nil
}

// finishErasure does what an erasure has left to do once the person's record
// is empty. Each step can be done again, and by several at once.
func (a *Accounts) finishErasure(ctx context.Context, account uuid.UUID) (events.Position, error) {
	record, revision, err := get[personRecord](ctx, a.people, account.String())
	if err != nil {
		return events.Position{}, err
	}
	if record.Erasing == "" {
		return a.announceErased(ctx, account, record)
	}
	// The record's earlier revisions hold what is to be erased, and a crash may
	// have come before they were overwritten.
	if err := a.people.forget(ctx, account.String()); err != nil {
		return events.Position{}, err
	}
	if err := a.releaseClaim(ctx, record.Erasing, account); err != nil {
		return events.Position{}, err
	}
	for _, p := range []*credentialStore{a.sessions, a.tokens} {
		if err := p.revokeAll(ctx, account, uuid.Nil); err != nil {
			return events.Position{}, err
		}
		if err := p.bucket.scrub(ctx, account.String()+"."); err != nil {
			return events.Position{}, err
		}
	}
	if err := a.eraseFilters(ctx, account); err != nil {
		return events.Position{}, err
	}
	position, err := a.announceErased(ctx, account, record)
	if err != nil {
		return events.Position{}, err
	}
	record.Erasing = ""
	if err := a.write(ctx, account, record, revision); err != nil && !errors.Is(err, errMoved) {
		return events.Position{}, err
	}
	return position, nil
}

// releaseClaim removes a claim if it is the account's: the address may belong
// to somebody else by now.
func (a *Accounts) releaseClaim(ctx context.Context, key string, account uuid.UUID) error {
	return retryMoved(func() error {
		c, revision, err := get[claim](ctx, a.claims, key)
		if errors.Is(err, ErrNotFound) {
			// Removed already, and perhaps not overwritten.
			if err := a.claims.forget(ctx, key); !errors.Is(err, ErrNotFound) {
				return err
			}
			return nil
		}
		if err != nil || c.Account != account {
			return err
		}
		return a.claims.remove(ctx, key, revision)
	})
}

// announceErased appends [events.AccountErased] unless it is in the log, and
// before it what it presupposes.
func (a *Accounts) announceErased(ctx context.Context, account uuid.UUID, record personRecord) (events.Position, error) {
	for range rounds {
		past, head, err := a.log.Load(ctx, events.Head{Aggregate: events.Account(account)})
		if err != nil {
			return events.Position{}, err
		}
		for i := range past {
			if past[i].Type == events.TypeAccountErased {
				return past[i].Position, nil
			}
		}
		if head.Revision == 0 {
			if _, err := a.announceRegistered(ctx, account, record); err != nil {
				return events.Position{}, err
			}
			continue
		}
		appended, err := a.log.Append(ctx, events.Commit{
			Head:    head,
			Command: uuid.NewSHA1(account, []byte("erase")),
			Actor:   account,
			Time:    record.Erased,
			Events:  []events.Event{events.AccountErased{}},
		})
		if err == nil {
			return appended.Events[len(appended.Events)-1].Position, nil
		}
		if !errors.Is(err, events.ErrConflict) {
			return events.Position{}, err
		}
	}
	return events.Position{}, fmt.Errorf("%w: too many changes at once", ErrUnavailable)
}

// healErasures completes what earlier processes left unfinished. It may meet
// an erasure that another process is in the midst of, which is harmless.
func (a *Accounts) healErasures(ctx context.Context) {
	for _, account := range a.directory.erasing() {
		id := slog.String("account", account.String())
		if _, err := a.finishErasure(ctx, account); err != nil {
			a.options.Logger.Error("erasure stays unfinished", id, slog.Any("err", err))
			continue
		}
		a.options.Logger.Info("erasure completed late", id)
	}
}
