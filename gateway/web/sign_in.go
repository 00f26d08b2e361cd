package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/events"
	"github.com/docketlog/docket/gateway/access"
	"github.com/docketlog/docket/gateway/idempotency"
	"github.com/docketlog/docket/gateway/problem"
	"github.com/docketlog/docket/gateway/service"
	"github.com/docketlog/docket/i18n"
	"github.com/docketlog/docket/projections"
)

// entry is the content of the pages for users who are not signed in.
type entry struct {
	Email, Name, Next string
	// Wrong says what is wrong, by field; "" stands for the whole form.
	Wrong map[string]string
	// First says that there is no account yet.
	First bool
}

func (e *entry) wrong(v *view, err error) int {
	p := problem.Of(v.web.logger, err)
	e.Wrong = map[string]string{"": v.problemText(p)}
	for _, f := range p.Errors {
		e.Wrong[f.Field] = f.Message
	}
	return p.Status
}

func (w *Web) signInPage(ctx context.Context, v *view, r *http.Request) (result, error) {
	v.name("sign_in")
	if w.noAccounts(ctx) {
		return result{to: "/sign-up"}, nil
	}
	return result{show: signInPage(v, entry{Next: r.URL.Query().Get("next")})}, nil
}

// noAccounts reports whether there is no account yet, as far as the rows know.
func (w *Web) noAccounts(ctx context.Context) bool {
	anybody, _, err := service.Read(ctx, w.service, events.Position{}, func(ctx context.Context, s *projections.Snapshot) (bool, error) {
		return s.Anybody(ctx)
	})
	return err == nil && !anybody
}

func (w *Web) signIn(ctx context.Context, v *view, r *http.Request) (result, error) {
	v.name("sign_in")
	e := entry{Email: r.PostFormValue("email"), Next: r.PostFormValue("next")}
	res, err := w.enter(ctx, r, e)
	if err != nil {
		status := e.wrong(v, err)
		return result{show: signInPage(v, e), status: status}, nil
	}
	return res, nil
}

// enter opens a session and redirects.
func (w *Web) enter(ctx context.Context, r *http.Request, e entry) (result, error) {
	session, err := w.accounts.SignIn(ctx, accounts.Credentials{
		Email: e.Email, Password: r.PostFormValue("password"),
		Address: access.ClientFrom(ctx).Address, UserAgent: r.UserAgent(), IdempotencyKey: idempotency.Key(ctx),
	})
	if err != nil {
		return result{}, err
	}
	return result{to: local(e.Next, "/"), cookie: access.Cookie(session.Secret, session.Expires, w.secureCookies)}, nil
}

func (w *Web) signUpPage(ctx context.Context, v *view, r *http.Request) (result, error) {
	v.name("sign_up")
	return result{show: signUpPage(v, entry{Next: r.URL.Query().Get("next"), First: w.noAccounts(ctx)})}, nil
}

func (w *Web) signUp(ctx context.Context, v *view, r *http.Request) (result, error) {
	v.name("sign_up")
	e := entry{Email: strings.TrimSpace(r.PostFormValue("email")), Name: r.PostFormValue("name"), Next: r.PostFormValue("next")}
	at, err := w.accounts.Register(ctx, accounts.Registration{
		Email: e.Email, Name: e.Name, Password: r.PostFormValue("password"), Address: access.ClientFrom(ctx).Address,
	})
	var res result
	if err == nil {
		res, err = w.enter(ctx, r, e)
		if errors.Is(err, accounts.ErrCredentials) {
			// The address already has an account, with another password.
			e.Wrong = map[string]string{"": v.T("sign_up.taken")}
			return result{show: signUpPage(v, e), status: http.StatusConflict}, nil
		}
	}
	if err != nil {
		status := e.wrong(v, err)
		return result{show: signUpPage(v, e), status: status}, nil
	}
	res.at = at
	return res, nil
}

func (w *Web) signOut(ctx context.Context, _ *view, _ *http.Request) (result, error) {
	if err := w.accounts.SignOut(ctx, access.From(ctx).Identity); err != nil {
		return result{}, err
	}
	return result{to: "/sign-in", cookie: access.NoCookie(w.secureCookies)}, nil
}

// look changes the language and theme of the pages in this browser.
func (w *Web) look(_ context.Context, _ *view, r *http.Request) (result, error) {
	res := result{to: local(r.PostFormValue("back"), "/")}
	if l, ok := i18n.Parse(r.PostFormValue("language")); ok {
		res.cookie = w.cookie(languageCookie, l.String(), year)
	}
	if r.PostForm.Has("theme") {
		switch t := r.PostFormValue("theme"); t {
		case "light", "dark":
			res.cookie = w.cookie(themeCookie, t, year)
		default:
			res.cookie = w.cookie(themeCookie, "", -1)
		}
	}
	return res, nil
}

// nextQuery preserves the address to open after signing in.
func nextQuery(next string) string {
	if local(next, "") == "" {
		return ""
	}
	return "?next=" + url.QueryEscape(next)
}
