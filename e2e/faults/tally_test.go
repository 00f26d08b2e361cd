package faults

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// tally records when requests began and were answered.
type tally struct {
	mu   sync.Mutex
	seen []attempt
}

type attempt struct {
	began, ended time.Time
	ok           bool
}

func (c *tally) add(began time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, attempt{began, time.Now(), ok})
}

// count returns how many requests began in the interval, and how many of them
// were answered.
func (c *tally) count(from, to time.Time) (all, ok int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.seen {
		if !a.began.Before(from) && a.began.Before(to) {
			all++
			if a.ok {
				ok++
			}
		}
	}
	return all, ok
}

// prompt is the longest delay that users do not notice as an outage.
const prompt = 2 * time.Second

// answered returns how many requests both began and were answered in the
// interval.
func (c *tally) answered(from, to time.Time) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.seen {
		if a.ok && a.began.After(from) && a.ended.Before(to) {
			n++
		}
	}
	return n
}

// between describes the requests that began in the interval: the share
// answered, the share answered promptly, the slowest answer, and the longest
// time without an answer.
func (c *tally) between(from, to time.Time) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all, ok, soon int
	var slowest time.Duration
	var answers []time.Time
	for _, a := range c.seen {
		took := a.ended.Sub(a.began)
		if !a.began.Before(from) && a.began.Before(to) {
			all++
			if a.ok {
				ok++
				slowest = max(slowest, took)
			}
			if a.ok && took <= prompt {
				soon++
			}
		}
		if a.ok && !a.ended.Before(from) && a.ended.Before(to) {
			answers = append(answers, a.ended)
		}
	}
	slices.SortFunc(answers, time.Time.Compare)
	gap, last := time.Duration(0), from
	for _, at := range answers {
		gap = max(gap, at.Sub(last))
		last = at
	}
	gap = max(gap, to.Sub(last))
	percent := func(n int) float64 { return 100 * float64(n) / float64(max(all, 1)) }
	return fmt.Sprintf("%6.2f %% of %d, %6.2f %% within %s, slowest %s, longest gap %s",
		percent(ok), all, percent(soon), prompt, slowest.Round(time.Millisecond), gap.Round(time.Millisecond))
}
