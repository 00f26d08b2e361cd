package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// ChangePassword changes the account's password and ends all its sessions except
// the identity's. Tokens stay valid. Errors: [ErrCredentials] if the current
// password is wrong, [ErrTooManyAttempts], [Invalids], [ErrNotFound],
// [ErrUnavailable].
func (a *Accounts) ChangePassword(ctx context.Context, identity Identity, current, password string) error {
	var invalids Invalids
	invalids.password(password)
	if err := invalids.err(); err != nil {
		return err
	}
	confirmed, err := a.confirm(ctx, identity.Account, current)
	if err != nil {
		return err
	}
	hash, err := a.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	// The sessions are ended both before and after the change. After is
	// necessary because the old password can open new sessions until then.
	// Before ensures that no old session survives a crash in between.
	if err := a.sessions.revokeAll(ctx, identity.Account, identity.Session); err != nil {
		return err
	}
	err = retryMoved(func() error {
		key, c, revision, err := a.claimOf(ctx, identity.Account)
		if err != nil {
			return err
		}
		if c.Version != confirmed.Version {
			return ErrCredentials
		}
		c.Password = hash
		c.Version++
		_, err = a.claims.replace(ctx, key, c, revision)
		return err
	})
	if err != nil {
		return err
	}
	if err := a.sessions.revokeAll(ctx, identity.Account, identity.Session); err != nil {
		return err
	}
	return a.record(ctx, identity.Account, events.PasswordChanged{})
}

// CheckPassword fails with [ErrCredentials] if the password is not the
// account's. Wrong passwords count together with those of ChangePassword and
// ChangeEmail. It changes nothing else. Other errors: [ErrTooManyAttempts],
// [ErrNotFound], [ErrUnavailable], and ctx's.
func (a *Accounts) CheckPassword(ctx context.Context, account uuid.UUID, password string) error {
	_, err := a.confirm(ctx, account, password)
	return err
}

// ChangeEmail changes the address the account signs in with. Sessions and tokens
// stay valid. An address that is taken is [Invalid] with [CodeTaken]: only a
// signed-in person who knows the password can learn this, and each call counts as
// an attempt. Other errors: [ErrCredentials] if the password is wrong,
// [ErrTooManyAttempts], [Invalids], [ErrNotFound], [ErrUnavailable]. After an
// error the change can be retried.
func (a *Accounts) ChangeEmail(ctx context.Context, account uuid.UUID, password, email string) error {
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	var invalids Invalids
	email = invalids.email(email)
	if err := invalids.err(); err != nil {
		return err
	}
	if _, err := a.attempts.take(ctx, "change."+account.String(), a.options.Limits.PerAccount); err != nil {
		return err
	}
	if _, err := a.confirm(ctx, account, password); err != nil {
		return err
	}
	if err := retryMoved(func() error { return a.moveClaim(ctx, account, email) }); err != nil {
		return err
	}
	return a.record(ctx, account, events.AddressChanged{})
}

// moveClaim claims the new address, writes it to the person's record, which
// decides the change, and releases the old address. A claim of an address that
// is not in the record does not allow signing in, and the next process that
// reads it releases it.
func (a *Accounts) moveClaim(ctx context.Context, account uuid.UUID, email string) error {
	record, recordRevision, err := a.readToChange(ctx, account)
	if err != nil {
		return err
	}
	oldKey, newKey := a.instance.addressKey(record.Email), a.instance.addressKey(email)
	if oldKey == newKey {
		return nil
	}
	old, oldRevision, err := get[claim](ctx, a.claims, oldKey)
	if err != nil {
		return movedIfNotFound(err)
	}
	next := old
	next.Claimed = a.now().UTC()
	if err := a.claimFor(ctx, newKey, next); err != nil {
		return err
	}
	record.Email = email
	if err := a.write(ctx, account, record, recordRevision); err != nil {
		return err
	}
	for {
		err := a.claims.remove(ctx, oldKey, oldRevision)
		if !errors.Is(err, errMoved) {
			return err
		}
		// The password of the old claim changed in the meantime: copy it.
		if old, oldRevision, err = get[claim](ctx, a.claims, oldKey); err != nil {
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			return err
		}
		next.Password, next.Version = old.Password, old.Version
		if err := a.claimFor(ctx, newKey, next); err != nil {
			return err
		}
	}
}

// claimFor writes a claim if the address is free or claimed by the same account.
func (a *Accounts) claimFor(ctx context.Context, key string, c claim) error {
	_, err := a.claims.create(ctx, key, c)
	if !errors.Is(err, errMoved) {
		return err
	}
	present, revision, err := get[claim](ctx, a.claims, key)
	if err != nil {
		return movedIfNotFound(err)
	}
	if present.Account != c.Account {
		err := a.settle(ctx, key, present, revision)
		if errors.Is(err, errReleased) {
			return errMoved
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		return Invalids{{Field: "email", Code: CodeTaken, Message: "cannot be used; choose another address"}}
	}
	_, err = a.claims.replace(ctx, key, c, revision)
	return err
}

// confirm checks the account's password. It counts attempts separately from
// sign-in, so that guessing at sign-in does not lock out a signed-in person.
func (a *Accounts) confirm(ctx context.Context, account uuid.UUID, password string) (claim, error) {
	t, err := a.attempts.take(ctx, "confirm."+account.String(), a.options.Limits.PerAccount)
	if err != nil {
		return claim{}, err
	}
	var c claim
	err = retryMoved(func() (err error) {
		_, c, _, err = a.claimOf(ctx, account)
		return err
	})
	if err != nil {
		return claim{}, err
	}
	if len(password) > MaxPassword {
		password = ""
	}
	ok, _, err := a.passwords.Verify(ctx, c.Password, password)
	if err != nil {
		return claim{}, err
	}
	if !ok {
		return claim{}, ErrCredentials
	}
	return c, a.attempts.giveBack(ctx, t)
}

// claimOf reads the claim of the address in the person's record.
func (a *Accounts) claimOf(ctx context.Context, account uuid.UUID) (key string, c claim, revision uint64, err error) {
	record, _, err := a.readToChange(ctx, account)
	if err != nil {
		return "", claim{}, 0, err
	}
	key = a.instance.addressKey(record.Email)
	c, revision, err = get[claim](ctx, a.claims, key)
	if err == nil && c.Account != account {
		err = fmt.Errorf("address of account %s is claimed by %s", account, c.Account)
	}
	return key, c, revision, movedIfNotFound(err)
}

// movedIfNotFound turns [ErrNotFound] into errMoved for the claim of the address
// in a record. If that claim is missing, the address was changed after the record
// was read.
func movedIfNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return errMoved
	}
	return err
}
