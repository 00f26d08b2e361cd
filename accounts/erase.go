package accounts

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// Erase removes all personal data of the account: name, address, password, saved
// filters, sessions and tokens with the network addresses in them. The account's
// events stay in the log under its id. Erase returns the position of
// [events.AccountErased]. It may be repeated after success and after failure. The
// next start of any process completes an interrupted erasure. If the
// administrator is erased, no later account becomes administrator.
//
// The buckets' stores are overwritten. Copies are not: the Raft log of replicated
// buckets until the broker compacts it, and backups.
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

// finishErasure completes an erasure after the person's record was emptied. Each
// step may be repeated and run concurrently.
func (a *Accounts) finishErasure(ctx context.Context, account uuid.UUID) (events.Position, error) {
	record, revision, err := get[personRecord](ctx, a.people, account.String())
	if err != nil {
		return events.Position{}, err
	}
	if record.Erasing == "" {
		return a.announceErased(ctx, account, record)
	}
	// The record's earlier revisions hold personal data, and a crash may have
	// happened before they were overwritten.
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

// releaseClaim removes a claim if it belongs to the account. The address may
// belong to another account by now.
func (a *Accounts) releaseClaim(ctx context.Context, key string, account uuid.UUID) error {
	return retryMoved(func() error {
		c, revision, err := get[claim](ctx, a.claims, key)
		if errors.Is(err, ErrNotFound) {
			// The claim was already removed, but perhaps not overwritten.
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
// [events.AccountRegistered] before it if that is missing.
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
	return events.Position{}, fmt.Errorf("%w: too many concurrent changes", ErrUnavailable)
}

// healErasures completes erasures that earlier processes left unfinished. It is
// safe if another process is completing the same erasure.
func (a *Accounts) healErasures(ctx context.Context) {
	for _, account := range a.directory.erasing() {
		id := slog.String("account", account.String())
		if _, err := a.finishErasure(ctx, account); err != nil {
			a.options.Logger.Error("could not complete an interrupted erasure", id, slog.Any("err", err))
			continue
		}
		a.options.Logger.Info("interrupted erasure completed", id)
	}
}
