package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// ChangePassword gives the account another password and ends all its sessions
// but the identity's. Tokens stay. Errors: [ErrCredentials] if the current
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
	hash, err := a.passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	// The sessions are ended before as well as after. After is what counts,
	// since until then the old password opens new ones; before is so that a
	// crash between the two leaves none of those alive that were there.
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

// CheckPassword fails with [ErrCredentials] unless the password is the
// account's. Wrong ones count together with those of ChangePassword and
// ChangeEmail. Nothing else is changed. Other errors: [ErrTooManyAttempts],
// [ErrNotFound], [ErrUnavailable], and ctx's.
func (a *Accounts) CheckPassword(ctx context.Context, account uuid.UUID, password string) error {
	_, err := a.confirm(ctx, account, password)
	return err
}

// ChangeEmail gives the account another address to sign in with. Sessions and
// tokens stay. An address that is taken is [Invalid] with [CodeTaken]: it can
// be asked for only by somebody who is signed in and knows their password, and
// each asking counts as an attempt. Other errors: [ErrCredentials] if the
// password is wrong, [ErrTooManyAttempts], [Invalids], [ErrNotFound],
// [ErrUnavailable]. After an error the change can be asked for again.
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

// moveClaim claims the new address, names it in the person's record, which
// decides the change, and gives the old one up. A claim that the record does
// not name lets nobody in and is released when somebody comes across it.
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
		// The old claim got another password meanwhile: take it along.
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

// claimFor writes a claim where there is none, or one of the same account.
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
		return Invalids{{Field: "email", Code: CodeTaken, Message: "choose another address; this one cannot be used"}}
	}
	_, err = a.claims.replace(ctx, key, c, revision)
	return err
}

// confirm checks the account's password, counting attempts apart from those of
// sign-in: somebody who guesses at the door does not lock in who is inside.
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
	ok, _, err := a.passwords.verify(ctx, c.Password, password)
	if err != nil {
		return claim{}, err
	}
	if !ok {
		return claim{}, ErrCredentials
	}
	return c, a.attempts.giveBack(ctx, t)
}

// claimOf reads the claim that the person's record names.
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

// movedIfNotFound is for a claim that a record names: if it is not there, the
// record was read before a change of address and the claim after it.
func movedIfNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return errMoved
	}
	return err
}
