package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Identity is an authenticated account and the session or token it used.
type Identity struct {
	Account       uuid.UUID
	Administrator bool
	// Session or Token is the id of the session or token that the secret
	// belongs to. The other id is zero.
	Session uuid.UUID
	Token   uuid.UUID
	// Scopes are the token's scopes; a session has all.
	Scopes []Scope
}

// Allows reports whether the identity includes the scope.
func (i Identity) Allows(scope Scope) bool { return slices.Contains(i.Scopes, scope) }

// Authenticate returns the identity of a secret. It caches secrets it has seen,
// and asks the broker while the cache may be stale. A process that has lost its
// broker uses its cache for fifteen seconds and then rejects all secrets.
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
		// Another process may have registered the account a moment ago.
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

// used queues the use of a credential to be recorded, at most once per
// touchEvery.
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

// read reads a person's record from the broker.
func (a *Accounts) read(ctx context.Context, account uuid.UUID) (personRecord, error) {
	record, revision, err := get[personRecord](ctx, a.people, account.String())
	if err != nil {
		return personRecord{}, err
	}
	a.directory.put(account, record, revision)
	return record, nil
}

// present asks the broker and fails with [ErrNotFound] if the account does not
// exist or was erased.
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
