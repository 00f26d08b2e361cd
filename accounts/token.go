package accounts

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// Scope is a permission of a token.
type Scope string

// The scopes. A session has both.
const (
	ScopeRead  Scope = "read"
	ScopeWrite Scope = "write"
)

var allScopes = []Scope{ScopeRead, ScopeWrite}

// DefaultTokenLifetime is the lifetime of a token that is created without an
// expiry time.
const DefaultTokenLifetime = 90 * 24 * time.Hour

// TokenRequest is the input of [Accounts.CreateToken].
type TokenRequest struct {
	Name   string
	Scopes []Scope
	// Expires is at most a year from now; zero means [DefaultTokenLifetime]
	// from now.
	Expires time.Time
	// IdempotencyKey may be empty. The same key gives the same token with the
	// same secret, for as long as the token lasts.
	IdempotencyKey string
}

// Token allows a program to act on behalf of a person.
type Token struct {
	ID      uuid.UUID
	Account uuid.UUID
	Name    string
	Scopes  []Scope
	// Secret authenticates its holder. Only [Accounts.CreateToken] returns it.
	Secret  string
	Created time.Time
	Expires time.Time
	// Used is when the token was last used, to within five minutes; zero
	// before its first use.
	Used time.Time
}

func (p credential) token() Token {
	return Token{
		ID: p.ID, Account: p.Account, Name: p.Name, Scopes: p.Scopes,
		Created: p.Created, Expires: p.Expires, Used: p.Used,
	}
}

// CreateToken creates a token for the account. Errors: [Invalids], including
// those for an idempotency key that was used for another token or for one that
// has ended; [ErrNotFound] for an account that was erased or never existed;
// [ErrUnavailable].
func (a *Accounts) CreateToken(ctx context.Context, account uuid.UUID, r TokenRequest) (Token, error) {
	now := a.now().UTC()
	draft := credential{Account: account, Created: now, Expires: r.Expires.UTC()}
	if r.Expires.IsZero() {
		draft.Expires = now.Add(DefaultTokenLifetime)
	}
	var invalids Invalids
	draft.Name = invalids.name(r.Name)
	draft.Scopes = invalids.scopes(r.Scopes)
	invalids.expiry(draft.Expires, now)
	invalids.idempotencyKey(r.IdempotencyKey)
	if err := invalids.err(); err != nil {
		return Token{}, err
	}
	if err := a.present(ctx, account); err != nil {
		return Token{}, err
	}
	secret := a.tokens.secret(account, r.IdempotencyKey)
	issued, err := a.tokens.issue(ctx, secret, draft)
	if err != nil {
		return Token{}, err
	}
	if issued.Name != draft.Name || !slices.Equal(issued.Scopes, draft.Scopes) ||
		!r.Expires.IsZero() && !issued.Expires.Equal(draft.Expires) {
		return Token{}, Invalids{{Field: idempotencyField, Code: CodeTaken, Message: "was used for another token; use a new key"}}
	}
	// A concurrent erasure may not have seen the new token.
	if err := a.present(ctx, account); err != nil {
		if errors.Is(err, ErrNotFound) {
			err = errors.Join(err, a.tokens.revoke(ctx, account, issued.ID))
		}
		return Token{}, err
	}
	if err := a.record(ctx, account, events.TokenMade{Token: issued.ID, Scopes: names(issued.Scopes)}); err != nil {
		return Token{}, errors.Join(err, a.tokens.revoke(ctx, account, issued.ID))
	}
	token := issued.token()
	token.Secret = secret
	return token, nil
}

// names returns scopes as they are stored in the log.
func names(scopes []Scope) []string {
	list := make([]string, len(scopes))
	for i, s := range scopes {
		list[i] = string(s)
	}
	return list
}

// Tokens lists the account's tokens that have not expired, newest first.
func (a *Accounts) Tokens(ctx context.Context, account uuid.UUID) ([]Token, error) {
	all, err := a.tokens.list(ctx, account)
	if err != nil {
		return nil, err
	}
	tokens := make([]Token, len(all))
	for i, p := range all {
		tokens[i] = p.token()
	}
	return tokens, nil
}

// RevokeToken ends a token: in this process when it returns, and in all others as
// soon as they receive the change. It fails with [ErrNotFound] if the account
// does not have the token.
func (a *Accounts) RevokeToken(ctx context.Context, account, token uuid.UUID) error {
	return a.endCredential(ctx, a.tokens, account, token, events.TokenRevoked{Token: token})
}
