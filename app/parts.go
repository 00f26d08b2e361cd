package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// part is something a role does until its context ends. Returning earlier ends
// the role.
type part struct {
	name string
	run  func(context.Context) error
}

// errEnded reports a part that ended though nobody asked it to.
var errEnded = errors.New("ended by itself")

// runParts runs all parts until ctx ends or one of them does. Then it ends
// those of the first group and waits for them before it ends the next, so that
// whoever takes requests is gone before whoever serves them. After errHopeless
// it ends all at once and waits no longer than hopelessGrace. It returns what
// went wrong, or nil.
func runParts(ctx context.Context, groups ...[]part) error {
	ended := make(chan error, 64)
	type running struct {
		cancel context.CancelFunc
		wait   *sync.WaitGroup
	}
	var started []running
	for _, group := range groups {
		// What a part has in hand must be finished: its context is not ctx's child.
		groupCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		var wait sync.WaitGroup
		for _, p := range group {
			wait.Go(func() {
				err := p.run(groupCtx)
				if groupCtx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
					return
				}
				if err == nil {
					err = errEnded
				}
				ended <- fmt.Errorf("%s: %w", p.name, err)
			})
		}
		started = append(started, running{cancel, &wait})
	}
	var errs []error
	var out <-chan time.Time // of patience; never, as a rule
	select {
	case <-ctx.Done():
	case err := <-ended:
		errs = append(errs, err)
		if errors.Is(err, errHopeless) {
			out = time.After(hopelessGrace)
			for _, group := range started {
				group.cancel()
			}
		}
	}
	for _, group := range started {
		group.cancel()
		finished := make(chan struct{})
		go func() {
			group.wait.Wait()
			close(finished)
		}()
		select {
		case <-finished:
		case <-out:
			// What is left behind waits for a log that does not answer.
			return errors.Join(errs...)
		}
	}
	for len(ended) > 0 {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// errHopeless is wrapped by the error of a part without which nothing that is
// in hand can be finished.
var errHopeless = errors.New("nothing in hand can be finished")

// hopelessGrace is how long the other parts may then take to see that: reads in
// hand are answered, and whoever starts the program again need not wait.
const hopelessGrace = 2 * time.Second
