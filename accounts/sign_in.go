package accounts

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/docketlog/docket/events"
)

// Credentials are what a person enters to sign in.
type Credentials struct {
	Email    string
	Password string
	// Address is the network address the request came from, with or without a
	// port; UserAgent what the client calls itself. Both are shown to the
	// person beside the session, and erased with it.
	Address   string
	UserAgent string
	// IdempotencyKey may be empty. The same key gives the same session with
	// the same secret, for as long as the session lasts.
	IdempotencyKey string
}

// maxAgent is how many bytes of a user agent are kept.
const maxAgent = 256

// SignIn opens a session. An unknown address and a wrong password are told
// apart neither by the answer nor by the work it takes. Wrong passwords are
// counted by network, by address and network, and by address, known or not; the
// last does not keep a person out of a network they have signed in from within
// 90 days, so guessing from elsewhere does not lock them out of there.
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

// countSignIn counts an attempt at an address from a network, or fails and
// counts none: what is refused uses up nobody's attempts.
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

// giveBack takes back what was counted for something that succeeded, or was
// never tried.
func (a *Accounts) giveBack(ctx context.Context, counted ...ticket) {
	for _, t := range counted {
		if err := a.attempts.giveBack(ctx, t); err != nil {
			a.options.Logger.Warn("attempt stays counted", slog.Any("err", err))
		}
	}
}

// admit checks a password with exactly one hashing, whatever the outcome.
func (a *Accounts) admit(ctx context.Context, key, password string) (claim, error) {
	c, revision, err := get[claim](ctx, a.claims, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return claim{}, err
	}
	encoded, known := c.Password, err == nil
	if !known {
		encoded = a.passwords.decoy
	}
	if len(password) > MaxPassword {
		password = ""
	}
	ok, outdated, err := a.passwords.verify(ctx, encoded, password)
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

// rehash is left to the next sign-in if it fails.
func (a *Accounts) rehash(ctx context.Context, key string, c claim, revision uint64, password string) {
	hash, err := a.passwords.hash(ctx, password)
	if err == nil {
		c.Password = hash
		_, err = a.claims.replace(ctx, key, c, revision)
	}
	if err != nil {
		a.options.Logger.Warn("password hash stays as it was", slog.String("account", c.Account.String()), slog.Any("err", err))
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
	// Whoever changes a password or erases an account ends the sessions there
	// are. This one may have come too late for them to see it, so it looks
	// whether they came.
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

// cut keeps the first n bytes of a text, whole characters only.
func cut(text string, n int) string {
	return strings.ToValidUTF8(text[:min(n, len(text))], "")
}

// SessionLifetime is how long a session lasts, used or not.
const SessionLifetime = 30 * 24 * time.Hour
