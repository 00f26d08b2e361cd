package api

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
)

// NewToken is the body of a request for a token.
type NewToken struct {
	Name    string           `json:"name" maxLength:"100"`
	Scopes  []accounts.Scope `json:"scopes" nullable:"false" minItems:"1" maxItems:"2" enum:"read,write" doc:"GET and HEAD require read, all other methods write."`
	Expires *time.Time       `json:"expires,omitempty" doc:"At most one year from now. Defaults to 90 days from now."`
}

// Token is an API token, without its secret.
type Token struct {
	ID        uuid.UUID        `json:"id" format:"uuid"`
	Name      string           `json:"name"`
	Scopes    []accounts.Scope `json:"scopes" nullable:"false"`
	CreatedAt time.Time        `json:"created_at"`
	ExpiresAt time.Time        `json:"expires_at"`
	UsedAt    *time.Time       `json:"used_at" doc:"When it was last used, accurate to five minutes; null if it has never been used."`
}

// CreatedToken is a new token with its secret.
type CreatedToken struct {
	Token     string           `json:"token" doc:"The secret; send it as Authorization: Bearer. It will not be shown again."`
	ID        uuid.UUID        `json:"id" format:"uuid"`
	Name      string           `json:"name"`
	Scopes    []accounts.Scope `json:"scopes" nullable:"false"`
	CreatedAt time.Time        `json:"created_at"`
	ExpiresAt time.Time        `json:"expires_at"`
}

// CreatedTokenAnswer is the answer with a new token.
type CreatedTokenAnswer struct {
	Position string `header:"Docket-Position" doc:"The log position this response reflects."`
	Body     CreatedToken
}

func (a *API) createToken(ctx context.Context, in *struct {
	Keyed
	Body NewToken
}) (*CreatedTokenAnswer, error) {
	request := accounts.TokenRequest{Name: in.Body.Name, Scopes: in.Body.Scopes, IdempotencyKey: idempotency.Key(ctx)}
	if in.Body.Expires != nil {
		request.Expires = *in.Body.Expires
	}
	t, err := a.accounts.CreateToken(ctx, access.From(ctx).Account, request)
	if err != nil {
		return nil, err
	}
	position, err := a.now(ctx, Reading{})
	if err != nil {
		return nil, err
	}
	return &CreatedTokenAnswer{position.String(), CreatedToken{t.Secret, t.ID, t.Name, filled(t.Scopes), t.Created, t.Expires}}, nil
}

func (a *API) tokens(ctx context.Context, in *Reading) (*Listed[Token], error) {
	all, err := a.accounts.Tokens(ctx, access.From(ctx).Account)
	if err != nil {
		return nil, err
	}
	position, err := a.now(ctx, *in)
	if err != nil {
		return nil, err
	}
	return listed(all, "", position, func(t accounts.Token) Token {
		shaped := Token{ID: t.ID, Name: t.Name, Scopes: filled(t.Scopes), CreatedAt: t.Created, ExpiresAt: t.Expires}
		if !t.Used.IsZero() {
			shaped.UsedAt = &t.Used
		}
		return shaped
	}), nil
}

func (a *API) revokeToken(ctx context.Context, in *struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The token's ID."`
	Keyed
}) (*Done, error) {
	if err := a.accounts.RevokeToken(ctx, access.From(ctx).Account, in.ID); err != nil {
		return nil, err
	}
	return a.done(ctx)
}
