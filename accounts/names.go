package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Names is who there is, and nothing else of them: it reads docket_people and
// no other bucket, and writes none. It is for a process that tells people things
// and has no business with what lets them in. It keeps nothing in memory, since
// a watch would take the right to make consumers, which is the right to have
// what is stored sent to any subject. All methods may be called concurrently.
type Names struct{ people *bucket }

// OpenNames finds the bucket, or makes it. nc stays the caller's. Of the options
// only Replicas is used.
func OpenNames(ctx context.Context, nc *nats.Conn, options Options) (*Names, error) {
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("open names: %w", err)
	}
	people, err := openBucket(ctx, js, peopleBucket, options.Replicas)
	if err != nil {
		return nil, fmt.Errorf("open names: %w", err)
	}
	return &Names{people}, nil
}

// Person is what others see of an account as of now, false if there is none. A
// person who was erased is found, under [ErasedName]. Errors: [ErrUnavailable],
// and ctx's.
func (n *Names) Person(ctx context.Context, id uuid.UUID) (Person, bool, error) {
	record, _, err := get[personRecord](ctx, n.people, id.String())
	if errors.Is(err, ErrNotFound) {
		return Person{}, false, nil
	}
	if err != nil {
		return Person{}, false, fmt.Errorf("account %s: %w", id, err)
	}
	return record.person(id), true, nil
}
