package access

import (
	"net/netip"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/docketlog/docket/gateway/problem"
)

// burst is how many seconds' worth of requests may arrive at once: a page loads
// several resources, and a returning user loads several pages.
const burst = 5

// maxLimited bounds the number of tracked callers, about 200 bytes each.
const maxLimited = 50_000

// Limit is a rate limit per caller in this process. It counts a signed-in
// person by account, across all sessions and tokens, and anyone else by network
// address. It is safe for concurrent use.
type Limit struct {
	perSecond rate.Limit

	mu      sync.Mutex
	callers map[any]*rate.Limiter
}

// NewLimit returns a limit of perSecond requests a second; 0 means no limit.
func NewLimit(perSecond int) *Limit {
	return &Limit{perSecond: rate.Limit(perSecond), callers: make(map[any]*rate.Limiter)}
}

// Take counts a request, or fails with a problem that says when to retry.
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

// forget drops the callers that have their whole burst left, which changes
// nothing for them, and drops all callers if every one is active. The caller
// holds the mutex.
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

// network returns the key for callers without an account: the address, or for
// IPv6 its subnet, because one household has 2^64 addresses.
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
