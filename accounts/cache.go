package accounts

import (
	"sync"
	"time"

	"github.com/google/uuid"
)

// cache holds a limited number of credentials. When it is full, it drops an
// arbitrary one. A credential in use is cached again with its next request.
type cache struct {
	mu    sync.RWMutex
	limit int
	byID  map[uuid.UUID]credential
	// drops counts removals of stale credentials. A credential that was read
	// before a removal must not be put after it, because it may be the stale one.
	drops uint64
}

func newCache(size int) *cache {
	return &cache{limit: size, byID: make(map[uuid.UUID]credential)}
}

func (c *cache) size() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.byID)
}

func (c *cache) get(id uuid.UUID) (credential, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	p, ok := c.byID[id]
	return p, ok
}

// generation returns the current generation. Call it before reading a credential
// from the broker, and pass it to put.
func (c *cache) generation() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.drops
}

func (c *cache) put(p credential, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops != generation {
		return
	}
	if _, ok := c.byID[p.ID]; !ok && len(c.byID) >= c.limit {
		for id := range c.byID {
			delete(c.byID, id)
			break
		}
	}
	c.byID[p.ID] = p
}

func (c *cache) drop(id uuid.UUID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	delete(c.byID, id)
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	clear(c.byID)
}

// used marks the credential as used at now unless it was used within the last
// every, and reports whether it did, so that one of many requests records it.
func (c *cache) used(id uuid.UUID, now time.Time, every time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.byID[id]
	if !ok || now.Sub(p.Used) < every {
		return false
	}
	p.Used = now
	c.byID[id] = p
	return true
}
