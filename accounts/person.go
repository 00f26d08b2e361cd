package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// changeTimeout limits a change of address; see claimGrace.
const changeTimeout = 30 * time.Second

// Person looks up an account in memory, where all people are cached. An erased
// person is found under [ErasedName].
func (a *Accounts) Person(account uuid.UUID) (Person, bool) {
	record, ok := a.directory.get(account)
	if !ok {
		return Person{}, false
	}
	return record.person(account), true
}

// ByEmail looks up the person with the address. It fails with [ErrNotFound] if
// no account has it. It reveals which addresses have accounts, without a limit,
// so it is only for the installation itself; for people use [Accounts.Lookup].
func (a *Accounts) ByEmail(ctx context.Context, email string) (Person, error) {
	email = NormalizeEmail(email)
	c, _, err := get[claim](ctx, a.claims, a.instance.addressKey(email))
	if err != nil {
		return Person{}, err
	}
	record, err := a.read(ctx, c.Account)
	if err != nil {
		return Person{}, err
	}
	if c.Pending != nil || record.erased() || record.Email != email {
		return Person{}, ErrNotFound
	}
	return record.person(c.Account), nil
}

// Lookup is [Accounts.ByEmail] on behalf of the signed-in account caller. Only
// addresses without an account count towards the caller's limit. Once it is
// reached, no lookup is answered. Errors: [ErrNotFound], [ErrTooManyAttempts],
// [ErrUnavailable], and ctx's.
func (a *Accounts) Lookup(ctx context.Context, caller uuid.UUID, email string) (Person, error) {
	t, err := a.attempts.take(ctx, "lookup."+caller.String(), a.options.Limits.Lookups)
	if err != nil {
		return Person{}, err
	}
	person, err := a.ByEmail(ctx, email)
	if err != nil {
		return Person{}, err
	}
	a.giveBack(ctx, t)
	return person, nil
}

// Rename changes the person's name. Errors: [Invalids], [ErrNotFound],
// [ErrUnavailable].
func (a *Accounts) Rename(ctx context.Context, account uuid.UUID, name string) error {
	var invalids Invalids
	name = invalids.name(name)
	if err := invalids.err(); err != nil {
		return err
	}
	return retryMoved(func() error {
		record, revision, err := a.readToChange(ctx, account)
		if err != nil {
			return err
		}
		record.Name = name
		return a.write(ctx, account, record, revision)
	})
}

// rounds is how often a change is tried that conflicts with other changes.
const rounds = 20

// retryMoved retries a change until it does not fail with errMoved, at most
// rounds times.
func retryMoved(change func() error) error {
	for range rounds {
		if err := change(); !errors.Is(err, errMoved) {
			return err
		}
	}
	return fmt.Errorf("%w: too many concurrent changes", ErrUnavailable)
}

// readToChange reads a person's record and its revision. It fails with
// [ErrNotFound] if the person was erased.
func (a *Accounts) readToChange(ctx context.Context, account uuid.UUID) (personRecord, uint64, error) {
	record, revision, err := get[personRecord](ctx, a.people, account.String())
	if err == nil && record.erased() {
		err = ErrNotFound
	}
	if err != nil {
		return personRecord{}, 0, fmt.Errorf("account %s: %w", account, err)
	}
	return record, revision, nil
}

func (a *Accounts) write(ctx context.Context, account uuid.UUID, record personRecord, revision uint64) error {
	revision, err := a.people.replace(ctx, account.String(), record, revision)
	if revision > 0 {
		a.directory.put(account, record, revision)
	}
	return err
}
