package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// changeTimeout is the longest a change of address may take; see claimGrace.
const changeTimeout = 30 * time.Second

// Person looks up an account in memory, where everybody is. A person who was
// erased is found, under [ErasedName].
func (a *Accounts) Person(account uuid.UUID) (Person, bool) {
	record, ok := a.directory.get(account)
	if !ok {
		return Person{}, false
	}
	return record.person(account), true
}

// ByEmail looks up the person with the address, [ErrNotFound] if nobody has it.
// It tells whether somebody has an account, as often as it is asked, so it is
// for the installation itself; people ask through [Accounts.Lookup].
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

// Lookup is [Accounts.ByEmail] for the signed-in person caller. An address that
// nobody has is counted against them, one that somebody has is not; once the
// limit is reached neither is answered. Errors: [ErrNotFound],
// [ErrTooManyAttempts], [ErrUnavailable], and ctx's.
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

// Rename gives the person another name. Errors: [Invalids], [ErrNotFound],
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

// rounds is how often a change is tried that others keep getting in before.
const rounds = 20

// again makes a change until it meets what it read.
func retryMoved(change func() error) error {
	for range rounds {
		if err := change(); !errors.Is(err, errMoved) {
			return err
		}
	}
	return fmt.Errorf("%w: too many changes at once", ErrUnavailable)
}

// readToChange reads a person who is there, and with which revision.
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
