package notifier

import (
	"math/rand/v2"
	"time"
)

// backoff sets the pause after consecutive failures. Each pause is twice the
// previous one, up to max, with a jitter of 20% in both directions so that
// simultaneous failures do not retry simultaneously.
type backoff struct{ first, max time.Duration }

// pause returns the pause after failure number n, counted from 1.
func (b backoff) pause(n int) time.Duration {
	d := b.first
	for ; n > 1 && d < b.max; n-- {
		d *= 2
	}
	d = min(d, b.max)
	return d - d/5 + rand.N(d*2/5+1)
}

// WaitTime implements Watermill's Delay. It returns the pause after the given
// delivery number.
func (b backoff) WaitTime(delivery uint64) time.Duration {
	return b.pause(int(min(delivery, 1<<20)))
}
