package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Identity is who knocks, and with what.
type Identity struct {
	Account       uuid.UUID
	Administrator bool
	// Session or Token is the id of what the secret belongs to; the other is
	// zero.
	Session uuid.UUID
	Token   uuid.UUID
	// Scopes are those of the token; a session has all.
	Scopes []Scope
}

// Allows reports whether the identity may be used for the scope.
func (i Identity) Allows(scope Scope) bool { return slices.Contains(i.Scopes, scope) }

// Authenticate says whose secret it is. It answers from memory once it has seen
// the secret, and asks the broker while what it remembers may be out of date. A
// process that has lost its broker goes by its memory for fifteen seconds, and
// then lets nobody in.
//
// Errors: [ErrUnauthenticated], [ErrUnavailable].
func (a *Accounts) Authenticate(ctx context.Context, secret string) (Identity, error) {
	var from *credentialStore
	switch {
	case strings.HasPrefix(secret, PrefixSession):
		from = a.sessions
	case strings.HasPrefix(secret, PrefixToken):
		from = a.tokens
	default:
		return Identity{}, ErrUnauthenticated
	}
	found, err := from.find(ctx, secret)
	if err != nil {
		return Identity{}, err
	}
	record, ok := a.directory.get(found.Account)
	if !ok {
		// Registered a moment ago, through another process.
		record, err = a.read(ctx, found.Account)
		if errors.Is(err, ErrNotFound) {
			return Identity{}, ErrUnauthenticated
		}
		if err != nil {
			return Identity{}, err
		}
	}
	if record.erased() {
		return Identity{}, ErrUnauthenticated
	}
	a.used(from, found)
	identity := Identity{Account: found.Account, Administrator: record.Administrator, Scopes: allScopes, Session: found.ID}
	if from == a.tokens {
		identity.Session, identity.Token, identity.Scopes = uuid.Nil, found.ID, found.Scopes
	}
	return identity, nil
}

// used has the use of a pass recorded, later and not every time.
func (a *Accounts) used(from *credentialStore, p credential) {
	now := a.now().UTC()
	if now.Sub(p.Used) < touchEvery || !from.cache.used(p.ID, now, touchEvery) {
		return
	}
	select {
	case a.touches <- touch{from, p.Account, p.ID, now}:
	default:
	}
}

// read gets a person's record from the broker.
func (a *Accounts) read(ctx context.Context, account uuid.UUID) (personRecord, error) {
	record, revision, err := get[personRecord](ctx, a.people, account.String())
	if err != nil {
		return personRecord{}, err
	}
	a.directory.put(account, record, revision)
	return record, nil
}

// present fails with [ErrNotFound] unless there is such a person, by the
// broker's word.
func (a *Accounts) present(ctx context.Context, account uuid.UUID) error {
	record, err := a.read(ctx, account)
	if err == nil && record.erased() {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("account %s: %w", account, err)
	}
	return nil
}
