package accounts

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Names is who there is, and nothing else of them: it reads docket_people and
// no other bucket, and writes none. It is for a process that tells people things
// and has no business with what lets them in. All methods may be called
// concurrently, until Close.
type Names struct {
	directory *directory
	nc        *nats.Conn
	stop      context.CancelFunc
	running   sync.WaitGroup
}

// OpenNames reads who there is and keeps up with it. The bucket is made if it is
// missing. nc stays the caller's, to be closed after Close. Of the options only
// Replicas and Logger are used.
func OpenNames(ctx context.Context, nc *nats.Conn, options Options) (*Names, error) {
	options = options.withDefaults()
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("open names: %w", err)
	}
	people, err := openBucket(ctx, js, peopleBucket, options.Replicas)
	if err != nil {
		return nil, fmt.Errorf("open names: %w", err)
	}
	n := &Names{directory: newDirectory(people, options.Logger), nc: nc}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	n.stop = stop
	keep(background, nc, &n.running, n.directory.watch)
	select {
	case <-n.directory.watch.ready:
	case <-ctx.Done():
		n.Close()
		return nil, fmt.Errorf("open names: %w", ctx.Err())
	}
	return n, nil
}

// Person is what others see of an account, false if there is none. It is
// answered from memory.
func (n *Names) Person(id uuid.UUID) (Person, bool) { return n.directory.person(id) }

// Close ends everything that runs in the background and waits for it.
func (n *Names) Close() {
	n.stop()
	n.running.Wait()
}

// keep runs the watches until ctx ends, and has them doubt what they know
// whenever the connection was lost or regained: something may have been missed.
func keep(ctx context.Context, nc *nats.Conn, running *sync.WaitGroup, watches ...*watch) {
	for _, w := range watches {
		running.Go(func() { w.run(ctx) })
	}
	status := nc.StatusChanged()
	running.Go(func() {
		for range status {
			for _, w := range watches {
				w.distrust()
			}
		}
	})
	running.Go(func() {
		<-ctx.Done()
		nc.RemoveStatusListener(status)
	})
}
