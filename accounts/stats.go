package accounts

import (
	"errors"
	"sync/atomic"
)

// Stats holds counters of this process since the accounts were opened.
type Stats struct {
	// SignedIn counts sign-ins that opened a session, Refused those with a wrong
	// address or password, Limited those rejected after too many attempts.
	SignedIn, Refused, Limited uint64
	// Sessions is how many open sessions this process has cached, at most
	// [Options.CacheSize].
	Sessions int
}

type counters struct{ signedIn, refused, limited atomic.Uint64 }

// Stats returns a snapshot of the counters.
func (a *Accounts) Stats() Stats {
	return Stats{
		SignedIn: a.counters.signedIn.Load(), Refused: a.counters.refused.Load(), Limited: a.counters.limited.Load(),
		Sessions: a.sessions.cache.size(),
	}
}

// signIn counts the outcome of a sign-in.
func (c *counters) signIn(err error) {
	switch {
	case err == nil:
		c.signedIn.Add(1)
	case errors.Is(err, ErrCredentials):
		c.refused.Add(1)
	case errors.Is(err, ErrTooManyAttempts):
		c.limited.Add(1)
	}
}
