package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
)

// SignIn is the body of a sign-in.
type SignIn struct {
	Email    string `json:"email" maxLength:"254"`
	Password string `json:"password" maxLength:"1024"`
}

// SignedIn is a new session with its secret.
type SignedIn struct {
	Token     string    `json:"token" doc:"The secret; send it as Authorization: Bearer. It will not be shown again."`
	ID        uuid.UUID `json:"id" format:"uuid"`
	Account   uuid.UUID `json:"account" format:"uuid"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// SignedInAnswer is the answer to a sign-in.
type SignedInAnswer struct {
	Position  string `header:"Docket-Position" doc:"The log position this response reflects."`
	SetCookie string `header:"Set-Cookie" doc:"The session cookie, for browsers."`
	Body      SignedIn
}

func (a *API) signIn(ctx context.Context, in *struct {
	Keyed
	Body SignIn
}) (*SignedInAnswer, error) {
	who := access.ClientFrom(ctx)
	session, err := a.accounts.SignIn(ctx, accounts.Credentials{
		Email: in.Body.Email, Password: in.Body.Password, Address: who.Address, UserAgent: who.Agent,
		IdempotencyKey: idempotency.Key(ctx),
	})
	if err != nil {
		return nil, err
	}
	position, err := a.now(ctx, Reading{})
	if err != nil {
		return nil, err
	}
	return &SignedInAnswer{
		Position:  position.String(),
		SetCookie: access.Cookie(session.Secret, session.Expires, a.secureCookies).String(),
		Body:      SignedIn{session.Secret, session.ID, session.Account, session.Created, session.Expires},
	}, nil
}

func (a *API) signOut(ctx context.Context, _ *Keyed) (*Erased, error) {
	if err := a.accounts.SignOut(ctx, access.From(ctx).Identity); err != nil {
		return nil, err
	}
	position, err := a.now(ctx, Reading{})
	if err != nil {
		return nil, err
	}
	return &Erased{position.String(), access.NoCookie(a.secureCookies).String()}, nil
}

// Session is one session of the caller.
type Session struct {
	ID        uuid.UUID `json:"id" format:"uuid"`
	Current   bool      `json:"current" doc:"Whether this session was used for the request."`
	Address   string    `json:"address" doc:"The network address of the sign-in."`
	UserAgent string    `json:"user_agent" doc:"The User-Agent of the sign-in."`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	UsedAt    time.Time `json:"used_at" doc:"When it was last used, accurate to five minutes."`
}

func (a *API) sessions(ctx context.Context, in *Reading) (*Listed[Session], error) {
	caller := access.From(ctx)
	all, err := a.accounts.Sessions(ctx, caller.Account)
	if err != nil {
		return nil, err
	}
	position, err := a.now(ctx, *in)
	if err != nil {
		return nil, err
	}
	return listed(all, "", position, func(s accounts.Session) Session {
		return Session{s.ID, s.ID == caller.Session, s.Address, s.UserAgent, s.Created, s.Expires, s.Used}
	}), nil
}

// Done is the answer of an operation that returns no data.
type Done struct {
	Position string `header:"Docket-Position" doc:"The log position this response reflects."`
}

// done answers for an operation that has just been done.
func (a *API) done(ctx context.Context) (*Done, error) {
	position, err := a.now(ctx, Reading{})
	if err != nil {
		return nil, err
	}
	return &Done{position.String()}, nil
}

func (a *API) revokeSession(ctx context.Context, in *struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The session's ID."`
	Keyed
}) (*Done, error) {
	if err := a.accounts.RevokeSession(ctx, access.From(ctx).Account, in.ID); err != nil {
		return nil, err
	}
	return a.done(ctx)
}
