package notifier

import (
	"sync"
	"time"
)

// A circuit limits requests to a failing server. After several consecutive
// server failures it allows one attempt at a time, with increasing pauses,
// until one succeeds.
type circuit struct {
	pauses backoff

	mu       sync.Mutex
	failures int
	until    time.Time
	probing  bool
}

// tolerated is the number of consecutive failures that leave the circuit
// closed.
const tolerated = 2

// enter reports whether a request is allowed. If it is, the caller must call
// leave.
func (c *circuit) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures <= tolerated {
		return true
	}
	if c.probing || time.Now().Before(c.until) {
		return false
	}
	c.probing = true
	return true
}

// leave records whether the server failed. It reports whether this opened or
// closed the circuit.
func (c *circuit) leave(failed bool) (opened, closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.probing = false
	if !failed {
		closed = c.failures > tolerated
		c.failures = 0
		return false, closed
	}
	c.failures++
	if c.failures > tolerated {
		c.until = time.Now().Add(c.pauses.pause(c.failures - tolerated))
	}
	return c.failures == tolerated+1, false
}

// open reports whether requests are currently limited.
func (c *circuit) open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failures > tolerated
}
