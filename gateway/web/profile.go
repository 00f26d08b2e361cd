package web

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/commands"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/projections"
)

// profileData is the content of a user's own pages. Wrong says, by form, why a
// change was refused.
type profileData struct {
	Wrong       map[string]string
	Name, Email string
	Sessions    []accounts.Session
	Tokens      []accounts.Token
	// Made is a newly created token: its secret is shown only this once.
	Made *accounts.Token
}

// around reads the data that every page needs, such as navigation.
func around(ctx context.Context, v *view) error {
	_, err := read(ctx, v, func(context.Context, *projections.Snapshot) (struct{}, error) { return struct{}{}, nil })
	return err
}

func (w *Web) profile(ctx context.Context, v *view, _ *http.Request) (result, error) {
	return w.showProfile(ctx, v, profileData{Name: v.me.Name, Email: v.me.Email}, 0)
}

func (w *Web) showProfile(ctx context.Context, v *view, d profileData, status int) (result, error) {
	v.name("profile")
	if err := around(ctx, v); err != nil {
		return result{}, err
	}
	return result{show: profilePage(v, d), status: status}, nil
}

// changeProfile changes the name, address or password, depending on the form.
func (w *Web) changeProfile(ctx context.Context, v *view, r *http.Request) (result, error) {
	d := profileData{Name: v.me.Name, Email: v.me.Email}
	part, phrase := "name", "name_changed"
	var err error
	switch form := r.PostForm; {
	case form.Has("password"):
		part, phrase = "password", "password_changed"
		err = w.accounts.ChangePassword(ctx, access.From(ctx).Identity, form.Get("current_password"), form.Get("password"))
	case form.Has("email"):
		part, phrase = "email", "email_changed"
		d.Email = form.Get("email")
		err = w.accounts.ChangeEmail(ctx, v.me.ID, form.Get("current_password"), d.Email)
	default:
		d.Name = form.Get("name")
		err = w.accounts.Rename(ctx, v.me.ID, d.Name)
	}
	if err != nil {
		p := problem.Of(w.logger, err)
		d.Wrong = map[string]string{part: v.problemText(p)}
		return w.showProfile(ctx, v, d, p.Status)
	}
	return result{to: "/me", done: &done{phrase: phrase}}, nil
}

// erase erases the account permanently, after checking the password.
func (w *Web) erase(ctx context.Context, v *view, r *http.Request) (result, error) {
	if _, err := w.service.EraseAccount(ctx, r.PostFormValue("current_password")); err != nil {
		p := problem.Of(w.logger, err)
		return w.showProfile(ctx, v, profileData{Name: v.me.Name, Email: v.me.Email, Wrong: map[string]string{"erase": v.problemText(p)}}, p.Status)
	}
	return result{to: "/sign-in", cookie: access.NoCookie(w.secureCookies)}, nil
}

func (w *Web) sessions(ctx context.Context, v *view, _ *http.Request) (result, error) {
	v.name("sessions")
	var d profileData
	var err error
	if d.Sessions, err = w.accounts.Sessions(ctx, v.me.ID); err != nil {
		return result{}, err
	}
	if err := around(ctx, v); err != nil {
		return result{}, err
	}
	return result{show: sessionsPage(v, d)}, nil
}

func (w *Web) revokeSession(ctx context.Context, v *view, r *http.Request) (result, error) {
	return w.revoke(r, "/me/sessions", "session_revoked", func(id uuid.UUID) error { return w.accounts.RevokeSession(ctx, v.me.ID, id) })
}

func (w *Web) revokeToken(ctx context.Context, v *view, r *http.Request) (result, error) {
	return w.revoke(r, "/me/tokens", "token_revoked", func(id uuid.UUID) error { return w.accounts.RevokeToken(ctx, v.me.ID, id) })
}

// revoke ends a session or token; one that no longer exists counts as success.
func (w *Web) revoke(r *http.Request, to, phrase string, end func(uuid.UUID) error) (result, error) {
	id, err := pathID(r, "id")
	if err == nil {
		err = end(id)
	}
	if err != nil && !errors.Is(err, accounts.ErrNotFound) {
		return result{}, err
	}
	return result{to: to, done: &done{phrase: phrase}}, nil
}

func (w *Web) tokens(ctx context.Context, v *view, _ *http.Request) (result, error) {
	return w.showTokens(ctx, v, profileData{}, 0)
}

func (w *Web) showTokens(ctx context.Context, v *view, d profileData, status int) (result, error) {
	v.name("tokens")
	var err error
	if d.Tokens, err = w.accounts.Tokens(ctx, v.me.ID); err != nil {
		return result{}, err
	}
	if err := around(ctx, v); err != nil {
		return result{}, err
	}
	return result{show: tokensPage(v, d), status: status}, nil
}

func (w *Web) createToken(ctx context.Context, v *view, r *http.Request) (result, error) {
	request := accounts.TokenRequest{Name: r.PostForm.Get("name"), IdempotencyKey: idempotency.Key(ctx)}
	for _, scope := range r.PostForm["scope"] {
		request.Scopes = append(request.Scopes, accounts.Scope(scope))
	}
	d := profileData{Name: request.Name}
	var token accounts.Token
	var err error
	if day := r.PostForm.Get("expires"); day != "" {
		if request.Expires, err = time.Parse(time.DateOnly, day); err != nil {
			err = problem.Wrong(problem.InBody, "expires", problem.Reason(commands.ReasonDate), "must be a date such as 2026-12-31")
		}
	}
	if err == nil {
		token, err = w.accounts.CreateToken(ctx, v.me.ID, request)
	}
	if err != nil {
		p := problem.Of(w.logger, err)
		d.Wrong = map[string]string{"token": v.problemText(p)}
		return w.showTokens(ctx, v, d, p.Status)
	}
	return w.showTokens(ctx, v, profileData{Made: &token}, 0)
}

// hostOf returns an address without the port, which means nothing to users.
func hostOf(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// deviceOf returns a short name for a long User-Agent.
func deviceOf(agent string) string {
	browser, system := "", ""
	for _, known := range []string{"Firefox", "Edg", "OPR", "Chrome", "Safari", "curl"} {
		if strings.Contains(agent, known) {
			browser = strings.NewReplacer("Edg", "Edge", "OPR", "Opera").Replace(known)
			break
		}
	}
	for _, known := range []string{"Android", "iPhone", "iPad", "Windows", "Mac OS X", "Linux"} {
		if strings.Contains(agent, known) {
			system = strings.Replace(known, "Mac OS X", "macOS", 1)
			break
		}
	}
	switch {
	case browser == "" && system == "":
		return strings.ToValidUTF8(agent[:min(len(agent), 60)], "")
	case browser == "" || system == "":
		return browser + system
	}
	return browser + " · " + system
}
