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

// errEnded reports a part that ended without being asked to.
var errEnded = errors.New("stopped unexpectedly")

// runParts runs all parts until ctx ends or one of them ends. Then it ends the
// parts of the first group and waits for them before it ends the next group, so
// that the parts that take requests are gone before those they depend on. After
// errHopeless it ends all at once and waits no longer than hopelessGrace. It
// returns what went wrong, or nil.
func runParts(ctx context.Context, groups ...[]part) error {
	ended := make(chan error, 64)
	type running struct {
		cancel context.CancelFunc
		wait   *sync.WaitGroup
	}
	var started []running
	for _, group := range groups {
		// Pending work must be finished: the context of a part is not a child
		// of ctx.
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
	var out <-chan time.Time // the grace period; usually never
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
			// The remaining parts wait for a log that does not answer.
			return errors.Join(errs...)
		}
	}
	for len(ended) > 0 {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}

// errHopeless is wrapped by the error of a part without which no pending work
// can be finished.
var errHopeless = errors.New("pending work cannot be finished")

// hopelessGrace is how long the other parts may then take to stop: pending
// reads are answered, and a restart of the program need not wait.
const hopelessGrace = 2 * time.Second
