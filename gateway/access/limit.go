package access

import (
	"net/netip"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/docketlog/docket/gateway/problem"
)

// burst is how many seconds' worth of requests may come at once: a page asks
// for several things, and somebody who returns to it for more.
const burst = 5

// maxLimited bounds the callers that are remembered, about 200 bytes each.
const maxLimited = 50_000

// Limit bounds how often one caller may ask in this process: a person by their
// account, whatever session or token they use, and who has not signed in by the
// network address. It may be used by any number of goroutines.
type Limit struct {
	perSecond rate.Limit

	mu      sync.Mutex
	callers map[any]*rate.Limiter
}

// NewLimit makes a limit of so many requests a second; 0 is none.
func NewLimit(perSecond int) *Limit {
	return &Limit{perSecond: rate.Limit(perSecond), callers: make(map[any]*rate.Limiter)}
}

// Take counts a request, or fails with the problem that says when to ask again.
func (l *Limit) Take(account uuid.UUID, address string) error {
	if l.perSecond == 0 {
		return nil
	}
	now := time.Now()
	reserved := l.of(account, address, now).ReserveN(now, 1)
	if wait := reserved.DelayFrom(now); wait > 0 {
		reserved.CancelAt(now)
		return problem.New(problem.TooManyRequests, "").RetryAfter(wait)
	}
	return nil
}

func (l *Limit) of(account uuid.UUID, address string, now time.Time) *rate.Limiter {
	var caller any = account
	if account == uuid.Nil {
		caller = network(address)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	limiter, known := l.callers[caller]
	if !known {
		if len(l.callers) >= maxLimited {
			l.forget(now)
		}
		limiter = rate.NewLimiter(l.perSecond, burst*int(l.perSecond))
		l.callers[caller] = limiter
	}
	return limiter
}

// forget drops those who have all of their burst left, for whom nothing changes
// by it, and everybody if all are busy. The caller holds the mutex.
func (l *Limit) forget(now time.Time) {
	for caller, limiter := range l.callers {
		if limiter.TokensAt(now) >= float64(limiter.Burst()) {
			delete(l.callers, caller)
		}
	}
	if len(l.callers) >= maxLimited {
		clear(l.callers)
	}
}

// network is what one who has no account is told apart by: the address, or of
// version 6 the subnet, of which a single household has 2^64 addresses.
func network(address string) any {
	if both, err := netip.ParseAddrPort(address); err == nil {
		address = both.Addr().String()
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip
	}
	subnet, err := ip.Prefix(64)
	if err != nil {
		return ip
	}
	return subnet
}
