package accounts

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/docketlog/docket/events"
)

// TestCredentialChangesAreLogged makes every change of an account's credentials,
// alternating between two processes, and finds the events in the log in order.
func TestCredentialChangesAreLogged(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a, b := h.open(t), h.open(t)
	p := register(t, a, ada)
	first, second := signIn(t, a, ada), signIn(t, b, ada)
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(a.SignOut(within(t), admitted(t, a, first.Secret)))
	token, err := b.CreateToken(within(t), p.ID, TokenRequest{Name: "script", Scopes: []Scope{ScopeRead}})
	do(err)
	do(a.RevokeToken(within(t), p.ID, token.ID))
	do(b.ChangePassword(within(t), admitted(t, b, second.Secret), adaPassword, adaPassword+"!"))
	do(a.ChangeEmail(within(t), p.ID, adaPassword+"!", bob))
	if err := a.RevokeSession(within(t), p.ID, first.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("ending a session again: %v, want %v", err, ErrNotFound)
	}
	want := []events.Event{
		events.AccountRegistered{Administrator: true},
		events.SessionBegun{Session: first.ID},
		events.SessionBegun{Session: second.ID},
		events.SessionEnded{Session: first.ID},
		events.TokenMade{Token: token.ID, Scopes: []string{"read"}},
		events.TokenRevoked{Token: token.ID},
		events.PasswordChanged{},
		events.AddressChanged{},
	}
	if diff := cmp.Diff(want, h.log.history(t, p.ID)); diff != "" {
		t.Errorf("log (-want +have):\n%s", diff)
	}
}

// TestNoCredentialWithoutEvent lets the log fail. Then no session or token is
// created, and none is revoked.
func TestNoCredentialWithoutEvent(t *testing.T) {
	t.Parallel()
	h := newFixture(t)
	a := h.open(t)
	p := register(t, a, ada)
	session := signIn(t, a, ada)
	h.log.failWith(errors.New("the log is away"))
	if _, err := a.SignIn(within(t), Credentials{Email: ada, Password: adaPassword}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("signing in: %v, want %v", err, ErrUnavailable)
	}
	if _, err := a.CreateToken(within(t), p.ID, TokenRequest{Name: "script", Scopes: []Scope{ScopeRead}}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("making a token: %v, want %v", err, ErrUnavailable)
	}
	if err := a.RevokeSession(within(t), p.ID, session.ID); !errors.Is(err, ErrUnavailable) {
		t.Errorf("ending a session: %v, want %v", err, ErrUnavailable)
	}
	h.log.failWith(nil)
	if sessions, err := a.Sessions(within(t), p.ID); err != nil || len(sessions) != 1 || sessions[0].ID != session.ID {
		t.Errorf("sessions %v, %v; want the first and no other", sessions, err)
	}
	if tokens, err := a.Tokens(within(t), p.ID); err != nil || len(tokens) != 0 {
		t.Errorf("tokens %v, %v; want none", tokens, err)
	}
}
