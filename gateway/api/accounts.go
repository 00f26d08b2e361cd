package api

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/problem"
)

// now returns a position for answers that depend on no event, at or after the
// one asked for.
func (a *API) now(ctx context.Context, in Reading) (events.Position, error) {
	return a.service.Now(ctx, in.at())
}

// NewAccount is the body of a registration.
type NewAccount struct {
	Email    string `json:"email" maxLength:"254"`
	Name     string `json:"name" maxLength:"100"`
	Password string `json:"password" maxLength:"256" doc:"At least 10 characters."`
}

// Accepted is the same for every request, so that it does not reveal whether
// the address has an account.
type Accepted struct {
	Status string `json:"status" enum:"accepted"`
}

// AcceptedAnswer reports that a request was accepted.
type AcceptedAnswer struct {
	Position string `header:"Docket-Position" doc:"A log position from before the request."`
	Body     Accepted
}

func (a *API) register(ctx context.Context, in *struct {
	Keyed
	Body NewAccount
}) (*AcceptedAnswer, error) {
	// Taken before the write, or the position would reveal whether something was
	// written.
	position, err := a.now(ctx, Reading{})
	if err != nil {
		return nil, err
	}
	if _, err := a.accounts.Register(ctx, accounts.Registration{
		Email: in.Body.Email, Name: in.Body.Name, Password: in.Body.Password, Address: access.ClientFrom(ctx).Address,
	}); err != nil {
		return nil, err
	}
	return &AcceptedAnswer{position.String(), Accepted{"accepted"}}, nil
}

// Me is the caller.
type Me struct {
	ID            uuid.UUID        `json:"id" format:"uuid"`
	Name          string           `json:"name"`
	Email         string           `json:"email"`
	Administrator bool             `json:"administrator"`
	SessionID     *uuid.UUID       `json:"session_id,omitempty" format:"uuid" doc:"The session used for this request."`
	TokenID       *uuid.UUID       `json:"token_id,omitempty" format:"uuid" doc:"The API token used for this request."`
	Scopes        []accounts.Scope `json:"scopes" nullable:"false" doc:"The scopes of the session or token."`
}

// MeAnswer is the answer with the caller.
type MeAnswer struct {
	Position string `header:"Docket-Position" doc:"The log position this response reflects."`
	Body     Me
}

func (a *API) me(ctx context.Context, in *Reading) (*MeAnswer, error) {
	position, err := a.now(ctx, *in)
	if err != nil {
		return nil, err
	}
	caller := access.From(ctx)
	person, _ := a.accounts.Person(caller.Account)
	body := Me{
		ID: caller.Account, Name: person.Name, Email: person.Email,
		Administrator: caller.Administrator, Scopes: filled(caller.Scopes),
	}
	if caller.Session != uuid.Nil {
		body.SessionID = &caller.Session
	} else {
		body.TokenID = &caller.Token
	}
	return &MeAnswer{position.String(), body}, nil
}

// MePatch is a merge patch of the caller.
type MePatch struct {
	Name            Field[string] `json:"name,omitzero" nullable:"false" maxLength:"100"`
	Email           Field[string] `json:"email,omitzero" nullable:"false" maxLength:"254" doc:"Requires current_password."`
	Password        Field[string] `json:"password,omitzero" nullable:"false" maxLength:"256" doc:"At least 10 characters. Requires current_password and ends all other sessions."`
	CurrentPassword Field[string] `json:"current_password,omitzero" nullable:"false" maxLength:"256"`
}

// changeMe applies the changes in order, first those that need the password: if
// it is wrong, nothing is changed.
func (a *API) changeMe(ctx context.Context, in *struct {
	Keyed
	Body MePatch
}) (*MeAnswer, error) {
	b := in.Body
	var wrong nulls
	refuse(&wrong, "name", b.Name)
	refuse(&wrong, "email", b.Email)
	refuse(&wrong, "password", b.Password)
	refuse(&wrong, "current_password", b.CurrentPassword)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	if (b.Email.Given || b.Password.Given) && !b.CurrentPassword.Given {
		return nil, problem.Wrong(problem.InBody, "current_password", problem.Reason(commands.ReasonRequired), "is required to change email or password")
	}
	if idempotency.Done(ctx) {
		// The password may have changed by now, and the first change stands.
		return a.me(ctx, &Reading{})
	}
	caller := access.From(ctx)
	if b.Email.Given {
		if err := a.accounts.ChangeEmail(ctx, caller.Account, b.CurrentPassword.Value, b.Email.Value); err != nil {
			return nil, wrongPassword(err)
		}
	}
	if b.Password.Given {
		if err := a.accounts.ChangePassword(ctx, caller.Identity, b.CurrentPassword.Value, b.Password.Value); err != nil {
			return nil, wrongPassword(err)
		}
	}
	if b.Name.Given {
		if err := a.accounts.Rename(ctx, caller.Account, b.Name.Value); err != nil {
			return nil, err
		}
	}
	return a.me(ctx, &Reading{})
}

// wrongPassword names the field. The caller is signed in, so this is not a 401,
// on which programs discard their session.
func wrongPassword(err error) error {
	if errors.Is(err, accounts.ErrCredentials) {
		return problem.Wrong(problem.InBody, "current_password", problem.Mistaken, "is incorrect")
	}
	return err
}

// Password is the caller's own password.
type Password struct {
	Password string `json:"password" maxLength:"256"`
}

// Erased is the answer to an erasure.
type Erased struct {
	Position  string `header:"Docket-Position" doc:"The log position that includes the change."`
	SetCookie string `header:"Set-Cookie" doc:"Deletes the session cookie."`
}

func (a *API) eraseMe(ctx context.Context, in *struct {
	Keyed
	Body Password
}) (*Erased, error) {
	position, err := a.service.EraseAccount(ctx, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return &Erased{position.String(), access.NoCookie(a.secureCookies).String()}, nil
}
