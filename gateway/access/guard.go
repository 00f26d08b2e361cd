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

// Rule is what a route asks of its caller.
type Rule int

// The rules. The zero Rule is the closed one.
const (
	// Authenticated takes a session, or a token with the scope that the method
	// takes.
	Authenticated Rule = iota
	// SessionOnly takes a session: what manages an account, its sessions and
	// its tokens, is not for tokens, or a leaked one could outlive itself.
	SessionOnly
	// Open takes nothing.
	Open
)

// Authenticator says whose secret it is; package accounts is the one there is.
type Authenticator interface {
	Authenticate(ctx context.Context, secret string) (accounts.Identity, error)
}

// Guard stands before all routes.
type Guard struct {
	authenticator Authenticator
	rules         map[string]Rule
	origin        *http.CrossOriginProtection
	secure        bool
}

// NewGuard makes a guard that knows the rules of routes by their patterns, as
// [http.ServeMux] spells them. baseURL, if not empty, is where browsers reach
// the gateway, which a proxy may hide from it. secure says which cookie is the
// session's, see [CookieName].
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

// Admit gives the caller of a request for the route with the pattern, or the
// problem that keeps it out. Errors other than a *[problem.Problem] are those
// of the authenticator.
func (g *Guard) Admit(r *http.Request, pattern string) (Caller, error) {
	secret, bearer, err := bearerOf(r)
	if err != nil {
		return Caller{}, err
	}
	if !bearer {
		// A browser sends its cookie whoever made it send the request, and a
		// sign-in from elsewhere would sign a person in as somebody else. What
		// says nothing of where it comes from is let in, forms too: every
		// browser that keeps SameSite cookies to itself tells the origin of a
		// POST, and no page can make it leave that out (at most it says null,
		// which is refused), so silence is that of programs and of browsers of
		// letters, who would be kept out for nothing.
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
		return Caller{}, problem.New(problem.MissingScope, "This takes a token with the scope %s.", scope)
	}
	return Caller{identity, secret}, nil
}

// Recognise is whoever a session's cookie says has asked, for requests that come
// to no route: the zero Caller for everybody else. It lets nobody in anywhere.
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

// Still reports whether the caller would be let in now as before.
func (g *Guard) Still(ctx context.Context, c Caller) error {
	identity, err := g.authenticator.Authenticate(ctx, c.Secret)
	if err == nil && !identity.Allows(accounts.ScopeRead) {
		err = problem.New(problem.MissingScope, "")
	}
	return err
}

// scopeOf is the scope a method takes, the one place where that is said.
func scopeOf(method string) accounts.Scope {
	if method == http.MethodGet || method == http.MethodHead {
		return accounts.ScopeRead
	}
	return accounts.ScopeWrite
}

// bearerOf is the secret of the Authorization header, if there is one.
func bearerOf(r *http.Request) (secret string, given bool, err error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", false, nil
	}
	scheme, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return "", true, problem.New(problem.Unauthenticated, "The Authorization header must be: Bearer <token>.")
	}
	return strings.TrimSpace(secret), true, nil
}
