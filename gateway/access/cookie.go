package access

import (
	"net/http"
	"time"
)

// CookieName is the name of the cookie that carries a session's secret.
const CookieName = "docket_session"

// Cookie is what a browser keeps of a session: out of reach of scripts, not
// sent along with other sites' requests, and only over TLS if secure.
func Cookie(secret string, expires time.Time, secure bool) *http.Cookie {
	return &http.Cookie{
		Name: CookieName, Value: secret, Path: "/", Expires: expires,
		HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
	}
}

// NoCookie makes a browser forget the session.
func NoCookie(secure bool) *http.Cookie {
	c := Cookie("", time.Time{}, secure)
	c.MaxAge = -1
	return c
}

func cookieOf(r *http.Request) string {
	c, err := r.Cookie(CookieName)
	if err != nil {
		return ""
	}
	return c.Value
}
