package notifier

import (
	"math/rand/v2"
	"time"
)

// backoff is how long to pause after each failure in a row: twice as long as
// before, up to max, a fifth more or less so that what failed together does not
// return together.
type backoff struct{ first, max time.Duration }

// pause is the pause after failure number n, counted from 1.
func (b backoff) pause(n int) time.Duration {
	d := b.first
	for ; n > 1 && d < b.max; n-- {
		d *= 2
	}
	d = min(d, b.max)
	return d - d/5 + rand.N(d*2/5+1)
}

// WaitTime makes backoff a delay of Watermill's: the pause after the delivery
// of the given number.
func (b backoff) WaitTime(delivery uint64) time.Duration {
	return b.pause(int(min(delivery, 1<<20)))
}
