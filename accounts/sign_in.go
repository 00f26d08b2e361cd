package accounts

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/docketlog/docket/events"
)

// Credentials are the input of [Accounts.SignIn].
type Credentials struct {
	Email    string
	Password string
	// Address is the network address the request came from, with or without a
	// port. UserAgent is the client's name for itself. Both are shown to the
	// person with the session, and erased with it.
	Address   string
	UserAgent string
	// IdempotencyKey may be empty. The same key gives the same session with
	// the same secret, for as long as the session lasts.
	IdempotencyKey string
}

// maxAgent is how many bytes of a user agent are stored.
const maxAgent = 256

// SignIn opens a session. An unknown address and a wrong password give the same
// answer and take the same work. Wrong passwords are counted per network, per
// address and network, and per address, whether or not the address has an
// account. The last limit does not apply to networks the person has signed in
// from within 90 days, so guessing from other networks does not lock them out.
//
// Errors: [ErrCredentials], [ErrTooManyAttempts], [Invalids] for the
// idempotency key, [ErrUnavailable], and ctx's.
func (a *Accounts) SignIn(ctx context.Context, c Credentials) (Session, error) {
	session, err := a.signIn(ctx, c)
	a.counters.signIn(err)
	return session, err
}

func (a *Accounts) signIn(ctx context.Context, c Credentials) (Session, error) {
	var invalids Invalids
	invalids.idempotencyKey(c.IdempotencyKey)
	if err := invalids.err(); err != nil {
		return Session{}, err
	}
	key := a.instance.addressKey(NormalizeEmail(c.Email))
	network := a.instance.networkKey(c.Address)
	counted, err := a.countSignIn(ctx, key, network)
	if err != nil {
		return Session{}, err
	}
	claimed, err := a.admit(ctx, key, c.Password)
	if err != nil {
		return Session{}, err
	}
	session, err := a.openSession(ctx, key, claimed, c)
	if err != nil {
		return Session{}, err
	}
	a.giveBack(ctx, counted...)
	a.rememberNetwork(ctx, key, claimed, network)
	return session, nil
}

// countSignIn counts an attempt to sign in to an address from a network. If it
// fails it counts nothing: a rejected attempt does not reduce any limit.
func (a *Accounts) countSignIn(ctx context.Context, key, network string) ([]ticket, error) {
	limits := a.options.Limits
	ofNetwork, err := a.attempts.take(ctx, "network."+network, limits.PerAddress)
	if err != nil {
		return nil, err
	}
	ofBoth, err := a.attempts.take(ctx, "account."+key+"."+network, limits.PerAccount)
	if err != nil {
		a.giveBack(ctx, ofNetwork)
		return nil, err
	}
	ofAccount, err := a.attempts.take(ctx, "account."+key, limits.PerAccountTotal)
	if err == nil {
		return []ticket{ofNetwork, ofBoth, ofAccount}, nil
	}
	if errors.Is(err, ErrTooManyAttempts) {
		known, fault := a.knowsNetwork(ctx, key, network)
		if known {
			return []ticket{ofNetwork, ofBoth}, nil
		}
		if fault != nil {
			err = fault
		}
	}
	a.giveBack(ctx, ofNetwork, ofBoth)
	return nil, err
}

// giveBack takes back attempts that succeeded or were not made.
func (a *Accounts) giveBack(ctx context.Context, counted ...ticket) {
	for _, t := range counted {
		if err := a.attempts.giveBack(ctx, t); err != nil {
			a.options.Logger.Warn("could not revert a counted sign-in attempt", slog.Any("err", err))
		}
	}
}

// admit checks a password. It hashes exactly once, whatever the outcome.
func (a *Accounts) admit(ctx context.Context, key, password string) (claim, error) {
	c, revision, err := get[claim](ctx, a.claims, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return claim{}, err
	}
	encoded, known := c.Password, err == nil
	if !known {
		encoded = a.passwords.Decoy()
	}
	if len(password) > MaxPassword {
		password = ""
	}
	ok, outdated, err := a.passwords.Verify(ctx, encoded, password)
	if err != nil {
		return claim{}, err
	}
	if !known || !ok {
		return claim{}, ErrCredentials
	}
	if err := a.settle(ctx, key, c, revision); err != nil {
		if errors.Is(err, ErrNotFound) || errors.Is(err, errReleased) {
			return claim{}, ErrCredentials
		}
		return claim{}, err
	}
	if outdated {
		a.rehash(ctx, key, c, revision, password)
	}
	return c, nil
}

// rehash replaces an outdated hash. If that fails, the next sign-in tries again.
func (a *Accounts) rehash(ctx context.Context, key string, c claim, revision uint64, password string) {
	hash, err := a.passwords.Hash(ctx, password)
	if err == nil {
		c.Password = hash
		_, err = a.claims.replace(ctx, key, c, revision)
	}
	if err != nil {
		a.options.Logger.Warn("could not replace an outdated password hash", slog.String("account", c.Account.String()), slog.Any("err", err))
	}
}

func (a *Accounts) openSession(ctx context.Context, key string, claimed claim, c Credentials) (Session, error) {
	now := a.now().UTC()
	secret := a.sessions.secret(claimed.Account, c.IdempotencyKey)
	issued, err := a.sessions.issue(ctx, secret, credential{
		Account: claimed.Account,
		Agent:   cut(c.UserAgent, maxAgent),
		Network: cut(c.Address, maxAgent),
		Created: now, Used: now, Expires: now.Add(SessionLifetime),
	})
	if err != nil {
		return Session{}, err
	}
	// A change of password or an erasure ends all sessions. It may have run
	// before this session existed, so check whether it has happened.
	current, _, err := get[claim](ctx, a.claims, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Session{}, err
	}
	if err != nil || current.Account != claimed.Account || current.Version != claimed.Version {
		if err := a.sessions.revoke(ctx, issued.Account, issued.ID); err != nil && !errors.Is(err, ErrNotFound) {
			return Session{}, err
		}
		return Session{}, ErrCredentials
	}
	if err := a.record(ctx, issued.Account, events.SessionBegun{Session: issued.ID}); err != nil {
		if gone := a.sessions.revoke(ctx, issued.Account, issued.ID); gone != nil && !errors.Is(gone, ErrNotFound) {
			err = errors.Join(err, gone)
		}
		return Session{}, err
	}
	session := issued.session()
	session.Secret = secret
	return session, nil
}

// cut returns the first n bytes of a text without a partial character.
func cut(text string, n int) string {
	return strings.ToValidUTF8(text[:min(n, len(text))], "")
}

// SessionLifetime is how long a session lasts, used or not.
const SessionLifetime = 30 * 24 * time.Hour
