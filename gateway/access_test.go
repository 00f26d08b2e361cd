package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/docketlog/docket/gateway"
	"github.com/docketlog/docket/gateway/access"
)

func (p *person) token(name string, scopes ...string) *person {
	p.h.t.Helper()
	return p.with(p.post("/api/v1/me/tokens", m{"name": name, "scopes": scopes}).want(201).text("token"))
}

// TestScopes sends every operation with a token of each scope.
func TestScopes(t *testing.T) {
	t.Parallel()
	s := set(t)
	reader, writer := s.ada.token("r", "read"), s.ada.token("w", "write")
	_, all := operations(t, s.house)
	lines := s.hostile()
	sessionOnly := map[string]bool{}
	for _, o := range all {
		id := o.m["operationId"].(string)
		if len(o.m["security"].([]any)) == 0 {
			continue
		}
		allowed, refused := reader, writer
		if o.method != http.MethodGet {
			allowed, refused = writer, reader
		}
		if description, _ := o.m["description"].(string); strings.Contains(description, "Requires a session") {
			sessionOnly[id] = true
			allowed.send(o.method, lines[id].path, lines[id].body).want(403).code("session_required")
			refused.send(o.method, lines[id].path, lines[id].body).want(403).code("session_required")
			continue
		}
		refused.send(o.method, lines[id].path, lines[id].body).want(403).code("missing_scope")
	}
	for _, id := range []string{"create-token", "revoke-token", "list-tokens", "list-sessions", "revoke-session", "sign-out", "change-me", "erase-me"} {
		if !sessionOnly[id] {
			t.Errorf("%s: a token may do it", id)
		}
	}
	reader.get(s.task, s.at).want(200)
	writer.patch(s.task, m{"title": "By token"}).want(200)
	if got := reader.get("/api/v1/me").want(200).json(); got["session_id"] != nil || got["token_id"] == nil {
		t.Errorf("me, by token: %v", got)
	}
}

// browser sends a request with a session cookie.
func (p *person) browser(method, path string, body any, headers ...header) *answer {
	p.h.t.Helper()
	return p.with("").send(method, path, body, append(headers, header{"Cookie", access.CookieName(p.h.options.SecureCookies) + "=" + p.secret})...)
}

func TestCookies(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *gateway.Options) { o.SecureCookies = true; o.BaseURL = "https://docket.example.org" })
	ada := h.person("Ada")
	signedIn := ada.post("/api/v1/sessions", m{"email": ada.email, "password": password}).want(201)
	cookie, err := http.ParseSetCookie(signedIn.header.Get("Set-Cookie"))
	if err != nil {
		t.Fatal(err)
	}
	if cookie.Name != "__Host-docket_session" || cookie.Domain != "" || cookie.Value != signedIn.text("token") || !cookie.HttpOnly || !cookie.Secure ||
		cookie.SameSite != http.SameSiteLaxMode || cookie.Path != "/" || time.Until(cookie.Expires) < time.Hour {
		t.Errorf("cookie %v", cookie)
	}
	ada.secret = cookie.Value

	project := m{"name": "P"}
	ada.browser("GET", "/api/v1/me", nil).want(200)
	ada.browser("POST", "/api/v1/projects", project).want(201)
	for _, c := range []struct {
		headers []header
		want    int
	}{
		{[]header{{"Sec-Fetch-Site", "same-origin"}}, 201},
		{[]header{{"Sec-Fetch-Site", "none"}}, 201},
		{[]header{{"Sec-Fetch-Site", "cross-site"}}, 403},
		{[]header{{"Sec-Fetch-Site", "same-site"}}, 403},
		{[]header{{"Origin", "https://evil.example.com"}}, 403},
		{[]header{{"Origin", "null"}}, 403},
		{[]header{{"Origin", "https://docket.example.org"}}, 201},
		{[]header{{"Origin", "https://docket.example.org"}, {"Sec-Fetch-Site", "cross-site"}}, 201},
		// Another site can send a form without script.
		{[]header{{"Origin", "https://evil.example.com"}, {"Content-Type", "text/plain"}}, 403},
	} {
		a := ada.browser("POST", "/api/v1/projects", project, c.headers...).want(c.want)
		if c.want == 403 {
			a.code("cross_origin")
		}
	}
	evil := header{"Sec-Fetch-Site", "cross-site"}
	// Signing a person in to another account is an attack too.
	ada.with("").post("/api/v1/sessions", m{"email": ada.email, "password": password}, evil).want(403).code("cross_origin")
	// Browsers never add a token by themselves.
	ada.post("/api/v1/projects", project, evil).want(201)
	ada.browser("GET", "/api/v1/projects", nil, evil).want(200)

	out := ada.browser("DELETE", "/api/v1/sessions/current", nil).want(204)
	if gone, err := http.ParseSetCookie(out.header.Get("Set-Cookie")); err != nil || gone.MaxAge >= 0 || gone.Value != "" {
		t.Errorf("cookie after signing out: %q", out.header.Get("Set-Cookie"))
	}
	ada.browser("GET", "/api/v1/me", nil).want(401)
	ada.get("/api/v1/me").want(401)
}

// TestTwoCookies sends the session cookie together with one that a neighbouring
// host could have set, in either order.
func TestTwoCookies(t *testing.T) {
	t.Parallel()
	for _, secure := range []bool{false, true} {
		h := open(t, func(o *gateway.Options) { o.SecureCookies = secure })
		ada, eve := h.person("Ada"), h.person("Eve")
		name := access.CookieName(secure)
		for _, cookies := range []string{
			name + "=" + ada.secret + "; " + name + "=" + eve.secret,
			name + "=" + eve.secret + "; other=x; " + name + "=" + ada.secret,
			name + "=" + ada.secret + "; " + name + "=",
		} {
			ada.with("").get("/api/v1/me", header{"Cookie", cookies}).want(401).code("unauthenticated")
			// Neither signing in nor a token needs a cookie.
			ada.with("").post("/api/v1/sessions", m{"email": ada.email, "password": password}, header{"Cookie", cookies}).want(201)
			ada.get("/api/v1/me", header{"Cookie", cookies}).want(200)
		}
		if secure {
			ada.with("").get("/api/v1/me", header{"Cookie", "docket_session=" + ada.secret}).want(401)
		}
		ada.with("").get("/api/v1/me", header{"Cookie", name + "=" + ada.secret + "; other=x; other=y"}).want(200)
	}
}

func TestSessionsAndTokens(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada, eve := h.person("Ada"), h.person("Eve")
	phone := ada.with(ada.post("/api/v1/sessions", m{"email": ada.email, "password": password}, header{"User-Agent", "phone"}).want(201).text("token"))
	sessions := ada.get("/api/v1/me/sessions").want(200).items()
	if len(sessions) != 2 {
		t.Fatalf("sessions: %v", sessions)
	}
	var other string
	for _, s := range sessions {
		if s["current"] == (s["user_agent"] == "phone") {
			t.Errorf("session: %v", s)
		}
		if s["user_agent"] == "phone" {
			other = s["id"].(string)
		}
	}
	eve.delete("/api/v1/me/sessions/" + other).want(404)
	phone.get("/api/v1/me").want(200)
	ada.delete("/api/v1/me/sessions/" + other).want(204)
	phone.get("/api/v1/me").want(401)

	made := ada.post("/api/v1/me/tokens", m{"name": "ci", "scopes": []string{"write", "read"}, "expires": time.Now().Add(time.Hour)}).want(201)
	listed := ada.get("/api/v1/me/tokens").want(200)
	if items := listed.items(); len(items) != 1 || items[0]["name"] != "ci" || items[0]["id"] != made.json()["id"] {
		t.Errorf("tokens: %s", listed.body)
	}
	if strings.Contains(string(listed.body), made.text("token")) {
		t.Error("the list repeats the secret")
	}
	ci := ada.with(made.text("token"))
	ci.get("/api/v1/me").want(200)
	ada.delete("/api/v1/me/tokens/" + made.text("id")).want(204)
	ci.get("/api/v1/me").want(401)
	ada.delete("/api/v1/me/tokens/" + made.text("id")).want(404)
}

func TestChangingOneself(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	other := ada.with(ada.post("/api/v1/sessions", m{"email": ada.email, "password": password}).want(201).text("token"))
	if got := ada.patch("/api/v1/me", m{"name": "Ada L."}).want(200).text("name"); got != "Ada L." {
		t.Errorf("name %q", got)
	}
	ada.patch("/api/v1/me", m{"name": "X", "password": "another long password", "current_password": "wrong"}).want(422).code("invalid", "current_password")
	if got := ada.get("/api/v1/me").want(200).text("name"); got != "Ada L." {
		t.Errorf("half of a refused change happened: %q", got)
	}
	ada.patch("/api/v1/me", m{"password": "another long password", "current_password": password}).want(200)
	other.get("/api/v1/me").want(401)
	ada.get("/api/v1/me").want(200)
	ada.post("/api/v1/sessions", m{"email": ada.email, "password": password}).want(401).code("wrong_credentials")
	ada.patch("/api/v1/me", m{"email": "lovelace@example.org", "current_password": "another long password"}).want(200)
	ada.post("/api/v1/sessions", m{"email": "lovelace@example.org", "password": "another long password"}).want(201)
}

// TestRegistrationRevealsNothing registers an address that is taken and one that
// is not.
func TestRegistrationRevealsNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	nobody := &person{h: h}
	before := h.end().String()
	h.eventually("the gateway has seen Ada register", func() (any, bool) {
		at := ada.get("/api/v1/me").header.Get("Docket-Position")
		return at, at == before
	})
	taken := nobody.post("/api/v1/accounts", m{"email": ada.email, "name": "X", "password": password}).want(202)
	fresh := nobody.post("/api/v1/accounts", m{"email": "new@example.org", "name": "X", "password": password}).want(202)
	if string(taken.body) != string(fresh.body) || taken.header.Get("Docket-Position") != before || fresh.header.Get("Docket-Position") != before {
		t.Errorf("a registration tells: %v %s\n%v %s", taken.header, taken.body, fresh.header, fresh.body)
	}
	wrong := nobody.post("/api/v1/sessions", m{"email": ada.email, "password": "wrong password"}).want(401)
	unknown := nobody.post("/api/v1/sessions", m{"email": "nobody@example.org", "password": "wrong password"}).want(401)
	if string(wrong.body) != string(unknown.body) {
		t.Errorf("a sign-in tells:\n%s\n%s", wrong.body, unknown.body)
	}
}

func TestTooManyAttempts(t *testing.T) {
	t.Parallel()
	h := open(t)
	ada := h.person("Ada")
	for range 100 {
		a := ada.post("/api/v1/sessions", m{"email": ada.email, "password": "wrong password"})
		if a.status == 401 {
			continue
		}
		a.want(429).code("too_many_attempts")
		if a.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		return
	}
	t.Error("attempts are not limited")
}
