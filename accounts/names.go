package accounts

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Names looks up people's names and addresses. It reads docket_people and no
// other bucket, and writes none. It is for a process that sends messages to
// people and must not have access to credentials. It caches nothing: a watch
// would need permission to create consumers, which permits sending stored data
// to any subject. All methods may be called concurrently.
type Names struct{ people *bucket }

// OpenNames opens the bucket and creates it if it does not exist. The caller
// keeps ownership of nc. It uses only Replicas of the options.
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

// Person returns the current person of an account, and false if there is none. An
// erased person is found under [ErasedName]. Errors: [ErrUnavailable], and ctx's.
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
