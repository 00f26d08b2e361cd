package access

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/docketlog/docket/accounts"
	"github.com/docketlog/docket/gateway/problem"
)

// Rule is the authentication that a route requires.
type Rule int

// The rules. The zero Rule is the strict default.
const (
	// Authenticated requires a session, or a token with the scope that the method
	// needs.
	Authenticated Rule = iota
	// SessionOnly requires a session. Tokens may not manage an account, its
	// sessions or its tokens; otherwise a leaked token could create new
	// credentials.
	SessionOnly
	// Open requires no credentials.
	Open
)

// Authenticator finds the owner of a secret. Package accounts implements it.
type Authenticator interface {
	Authenticate(ctx context.Context, secret string) (accounts.Identity, error)
}

// Guard authenticates the requests of all routes.
type Guard struct {
	authenticator Authenticator
	rules         map[string]Rule
	origin        *http.CrossOriginProtection
	secure        bool
}

// NewGuard returns a guard with one rule per route pattern, as [http.ServeMux]
// spells patterns. baseURL, if not empty, is the address that browsers use,
// which a proxy may hide from the gateway. secure selects the session cookie's
// name, see [CookieName].
func NewGuard(authenticator Authenticator, rules map[string]Rule, baseURL string, secure bool) (*Guard, error) {
	g := &Guard{authenticator: authenticator, rules: rules, origin: http.NewCrossOriginProtection(), secure: secure}
	if baseURL == "" {
		return g, nil
	}
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	if err := g.origin.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	return g, nil
}

// Admit returns the caller of a request for the route with the pattern, or the
// problem that refuses it. Errors other than a *[problem.Problem] are those of
// the authenticator.
func (g *Guard) Admit(r *http.Request, pattern string) (Caller, error) {
	secret, bearer, err := bearerOf(r)
	if err != nil {
		return Caller{}, err
	}
	if !bearer {
		// A browser sends its cookie whichever page caused the request, and a
		// sign-in from another site would sign a person in to the wrong account.
		// Requests without an origin are allowed, forms included: every browser
		// that enforces SameSite sends the origin of a POST, and no page can
		// suppress it (at most it becomes null, which is refused). A missing origin
		// therefore means a program or a text browser; refusing those would gain
		// nothing.
		if err := g.origin.Check(r); err != nil {
			return Caller{}, problem.New(problem.CrossOrigin, "")
		}
	}
	rule := g.rules[pattern]
	if rule == Open {
		return Caller{}, nil
	}
	if !bearer {
		if secret, err = cookieOf(r, g.secure); err != nil {
			return Caller{}, err
		}
	}
	if secret == "" {
		return Caller{}, problem.New(problem.Unauthenticated, "")
	}
	identity, err := g.authenticator.Authenticate(r.Context(), secret)
	if err != nil {
		return Caller{}, err
	}
	if rule == SessionOnly && identity.Session == [16]byte{} {
		return Caller{}, problem.New(problem.SessionRequired, "")
	}
	scope := scopeOf(r.Method)
	if !identity.Allows(scope) {
		return Caller{}, problem.New(problem.MissingScope, "This request requires a token with the scope %s.", scope)
	}
	return Caller{identity, secret}, nil
}

// Recognise returns the caller of a valid session cookie, for requests that
// match no route, and the zero Caller otherwise. It grants no access.
func (g *Guard) Recognise(r *http.Request) Caller {
	secret, err := cookieOf(r, g.secure)
	if err != nil || secret == "" {
		return Caller{}
	}
	identity, err := g.authenticator.Authenticate(r.Context(), secret)
	if err != nil || identity.Session == [16]byte{} {
		return Caller{}
	}
	return Caller{identity, secret}
}

// Still reports whether the caller's credentials are still accepted.
func (g *Guard) Still(ctx context.Context, c Caller) error {
	identity, err := g.authenticator.Authenticate(ctx, c.Secret)
	if err == nil && !identity.Allows(accounts.ScopeRead) {
		err = problem.New(problem.MissingScope, "")
	}
	return err
}

// scopeOf returns the scope a method requires, the only place that defines it.
func scopeOf(method string) accounts.Scope {
	if method == http.MethodGet || method == http.MethodHead {
		return accounts.ScopeRead
	}
	return accounts.ScopeWrite
}

// bearerOf returns the secret of the Authorization header, if there is one.
func bearerOf(r *http.Request) (secret string, given bool, err error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", false, nil
	}
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return "", true, problem.New(problem.Unauthenticated, "The Authorization header must have the form: Bearer <token>.")
	}
	return strings.TrimSpace(secret), true, nil
}
