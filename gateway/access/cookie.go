package access

import (
	"net/http"
	"time"

	"github.com/docketlog/docket/gateway/problem"
)

// CookieName returns the name of the session cookie. Over TLS its prefix makes
// browsers refuse a cookie set by a neighbouring host (RFC 6265bis, section
// 4.1.3.2).
func CookieName(secure bool) string {
	if secure {
		return "__Host-docket_session"
	}
	return "docket_session"
}

// Cookie returns a session cookie that scripts cannot read, that browsers do
// not send with other sites' requests, and that requires TLS if secure is set.
func Cookie(secret string, expires time.Time, secure bool) *http.Cookie {
	return &http.Cookie{
		Name: CookieName(secure), Value: secret, Path: "/", Expires: expires,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
}

// NoCookie returns a cookie that makes a browser delete the session cookie.
func NoCookie(secure bool) *http.Cookie {
	c := Cookie("", time.Time{}, secure)
	c.MaxAge = -1
	return c
}

// cookieOf returns the secret in the session cookie, empty if there is none. It
// refuses two cookies: an attacker who wants the person to act in another
// session set one of them, and nothing shows which.
func cookieOf(r *http.Request, secure bool) (string, error) {
	switch cookies := r.CookiesNamed(CookieName(secure)); len(cookies) {
	case 0:
		return "", nil
	case 1:
		return cookies[0].Value, nil
	}
	return "", problem.New(problem.Unauthenticated, "The request has more than one session cookie. Delete the cookies of this site and sign in again.")
}
