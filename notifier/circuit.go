package notifier

import (
	"sync"
	"time"
)

// A circuit keeps a dead server from being asked by every notice in turn. After
// a few failures in a row that are the server's it lets one try through at a
// time, each after a longer pause, until one succeeds.
type circuit struct {
	pauses backoff

	mu       sync.Mutex
	failures int
	until    time.Time
	probing  bool
}

// tolerated is how many failures in a row leave the circuit closed.
const tolerated = 2

// enter reports whether the server may be asked. Who is let in calls leave.
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

// leave tells whether the server failed. It reports whether that opened the
// circuit or closed it.
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

// open reports whether the server is presently left alone.
func (c *circuit) open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failures > tolerated
}
