package access

import (
	"net/http"
	"time"

	"github.com/docketlog/docket/gateway/problem"
)

// CookieName is the name of the cookie that carries a session's secret. Over
// TLS its prefix makes browsers refuse one that a neighbouring host has set (RFC
// 6265bis, section 4.1.3.2).
func CookieName(secure bool) string {
	if secure {
		return "__Host-docket_session"
	}
	return "docket_session"
}

// Cookie is what a browser keeps of a session: out of reach of scripts, not
// sent along with other sites' requests, and only over TLS if secure.
func Cookie(secret string, expires time.Time, secure bool) *http.Cookie {
	return &http.Cookie{
		Name: CookieName(secure), Value: secret, Path: "/", Expires: expires,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
}

// NoCookie makes a browser forget the session.
func NoCookie(secure bool) *http.Cookie {
	c := Cookie("", time.Time{}, secure)
	c.MaxAge = -1
	return c
}

// cookieOf is the secret in the cookie, empty if there is none. Of two none is
// taken: one of them was put there by somebody who wants the person to act in
// another's session, and nothing says which.
func cookieOf(r *http.Request, secure bool) (string, error) {
	switch cookies := r.CookiesNamed(CookieName(secure)); len(cookies) {
	case 0:
		return "", nil
	case 1:
		return cookies[0].Value, nil
	}
	return "", problem.New(problem.Unauthenticated, "There are two session cookies. Delete the cookies of this site and sign in again.")
}
