package accounts

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/events"
)

// Session is a sign-in on one device.
type Session struct {
	ID      uuid.UUID
	Account uuid.UUID
	// Secret authenticates its holder. Only [Accounts.SignIn] returns it.
	Secret string
	// Address and UserAgent are those of the sign-in.
	Address   string
	UserAgent string
	Created   time.Time
	Expires   time.Time
	// Used is when the session was last used, to within five minutes.
	Used time.Time
}

func (p credential) session() Session {
	return Session{
		ID: p.ID, Account: p.Account, Address: p.Network, UserAgent: p.Agent,
		Created: p.Created, Expires: p.Expires, Used: p.Used,
	}
}

// Sessions lists the account's open sessions, newest first.
func (a *Accounts) Sessions(ctx context.Context, account uuid.UUID) ([]Session, error) {
	all, err := a.sessions.list(ctx, account)
	if err != nil {
		return nil, err
	}
	sessions := make([]Session, len(all))
	for i, p := range all {
		sessions[i] = p.session()
	}
	return sessions, nil
}

// RevokeSession ends one session of the account: in this process when it returns,
// and in all others as soon as they receive the change. It fails with
// [ErrNotFound] if the account does not have the session.
func (a *Accounts) RevokeSession(ctx context.Context, account, session uuid.UUID) error {
	return a.endCredential(ctx, a.sessions, account, session, events.SessionEnded{Session: session})
}

// SignOut ends the identity's session. It fails with [ErrNotFound] if the
// identity used a token; use [Accounts.RevokeToken] for tokens.
func (a *Accounts) SignOut(ctx context.Context, identity Identity) error {
	return a.RevokeSession(ctx, identity.Account, identity.Session)
}
