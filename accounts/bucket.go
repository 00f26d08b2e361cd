package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker/transient"
)

// errMoved reports that a key no longer has the revision that was read, or
// already exists. Read it and decide again.
var errMoved = errors.New("key has changed in the meantime")

// keyHistory is how many revisions of a key the broker keeps until they are
// overwritten. Normally only one is left. The others ensure that revisions left
// by a crash can still be found and overwritten.
const keyHistory = 5

// maxValue is the largest size of a value, in bytes. The largest values are an
// account's filters: 50 of at most 560 characters, each of which takes at most
// six bytes in JSON.
const maxValue = 256 * 1024

// listTimeout limits a list that the broker does not complete.
const listTimeout = 15 * time.Second

// bucket is a key-value bucket with secure deletion: a value that is replaced or
// removed is overwritten in the broker's store, not only unlinked. All reads go
// to the stream's leader, because a replica could return a session that has been
// revoked.
type bucket struct {
	name   string
	kv     jetstream.KeyValue
	stream jetstream.Stream
}

// openBucket opens the bucket and creates it if it does not exist. It does not
// change an existing one, so that a process without permission to create buckets
// can use it. It waits until ctx ends for a broker that does not answer.
func openBucket(ctx context.Context, js jetstream.JetStream, kind bucketKind, replicas int) (b *bucket, err error) {
	return b, transient.Open(ctx, func(ctx context.Context) (err error) {
		b, err = tryBucket(ctx, js, kind, replicas)
		return err
	})
}

func tryBucket(ctx context.Context, js jetstream.JetStream, kind bucketKind, replicas int) (*bucket, error) {
	stream, err := js.Stream(ctx, kind.stream())
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if stream, err = js.CreateStream(ctx, kind.config(replicas)); errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			stream, err = js.Stream(ctx, kind.stream())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", kind.name, err)
	}
	kv, err := js.KeyValue(ctx, kind.name)
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", kind.name, err)
	}
	return &bucket{name: kind.name, kv: kv, stream: stream}, nil
}

func subjectPrefix(bucket string) string { return "$KV." + bucket + "." }

// answerTimeout limits a read that is not answered. The election of a leader
// takes up to nine seconds.
const answerTimeout = 12 * time.Second

// get returns a key's value and revision, or [ErrNotFound]. While no server
// answers for the bucket, it retries until ctx or answerTimeout ends.
func get[T any](ctx context.Context, b *bucket, key string) (value T, revision uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	var entry jetstream.KeyValueEntry
	err = transient.Retry(ctx, func(ctx context.Context) (err error) {
		entry, err = b.kv.Get(ctx, key)
		return err
	})
	if err != nil {
		return value, 0, b.fault("read", err)
	}
	if err := json.Unmarshal(entry.Value(), &value); err != nil {
		return value, 0, fmt.Errorf("decode %s/%s: %w", b.name, key, err)
	}
	return value, entry.Revision(), nil
}

// create writes a key that has no value. It fails with errMoved if it has one.
func (b *bucket) create(ctx context.Context, key string, value any) (revision uint64, err error) {
	text, err := json.Marshal(value)
	if err != nil {
		return 0, fmt.Errorf("encode %s/%s: %w", b.name, key, err)
	}
	revision, err = b.kv.Create(ctx, key, text)
	return revision, b.fault("create", err)
}

// createOnce is create for a key that must never have had a value, not even a
// removed one.
func (b *bucket) createOnce(ctx context.Context, key string, value any) (revision uint64, err error) {
	return b.update(ctx, key, value, 0)
}

func (b *bucket) update(ctx context.Context, key string, value any, revision uint64) (uint64, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return 0, fmt.Errorf("encode %s/%s: %w", b.name, key, err)
	}
	revision, err = b.kv.Update(ctx, key, text, revision)
	return revision, b.fault("update", err)
}

// replace writes a key that has the given revision and overwrites the previous
// value. It fails with errMoved if the key has another revision. If the returned
// revision is above zero, the value was written, even if the previous one could
// not be overwritten yet.
func (b *bucket) replace(ctx context.Context, key string, value any, revision uint64) (uint64, error) {
	revision, err := b.update(ctx, key, value, revision)
	if err != nil {
		return 0, err
	}
	return revision, b.forget(ctx, key)
}

// remove deletes the value and overwrites it. It fails with errMoved if the key
// has another revision. Watches receive the deletion before anything is
// overwritten.
func (b *bucket) remove(ctx context.Context, key string, revision uint64) error {
	if err := b.kv.Delete(ctx, key, jetstream.LastRevision(revision)); err != nil {
		return b.fault("remove", err)
	}
	return b.forget(ctx, key)
}

// forget overwrites every revision of a key except the last.
func (b *bucket) forget(ctx context.Context, key string) error {
	subject := subjectPrefix(b.name) + key
	last, err := b.stream.GetLastMsgForSubject(ctx, subject)
	if err != nil {
		return b.fault("forget", err)
	}
	for from := uint64(1); ; {
		m, err := b.stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(subject))
		if err != nil {
			return b.fault("forget", err)
		}
		if m.Sequence >= last.Sequence {
			return nil
		}
		if err := b.overwrite(ctx, m.Sequence); err != nil {
			return err
		}
		from = m.Sequence + 1
	}
}

func (b *bucket) overwrite(ctx context.Context, revision uint64) error {
	if err := b.stream.SecureDeleteMsg(ctx, revision); err != nil {
		// If another process has overwritten it, that is a success.
		if _, again := b.stream.GetMsg(ctx, revision); !errors.Is(again, jetstream.ErrMsgNotFound) {
			return b.fault("overwrite", err)
		}
	}
	return nil
}

// scrub overwrites every value below prefix, including values that a crash left
// after they were replaced or removed. Watches are not notified, so the keys must
// have been removed before.
func (b *bucket) scrub(ctx context.Context, prefix string) error {
	subject := subjectPrefix(b.name) + prefix + "*"
	for from := uint64(1); ; {
		m, err := b.stream.GetMsg(ctx, from, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return b.fault("scrub", err)
		}
		if len(m.Data) > 0 {
			if err := b.overwrite(ctx, m.Sequence); err != nil {
				return err
			}
		}
		from = m.Sequence + 1
	}
}

// list returns the values of all keys below prefix. It includes every write that
// was acknowledged before the call, whichever replica answers: it writes a mark,
// and reads on until it has read the mark.
//
// A value that is replaced meanwhile may be overwritten before it is read, and
// its successor may come after the mark. The successor was written before the
// mark was read, so a second mark is certain to follow it. Only a key that is
// replaced twice within one list can be missed, and uses are recorded far less
// often than that.
func list[T any](ctx context.Context, b *bucket, prefix string) (map[string]T, error) {
	ctx, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	mark, err := b.kv.Put(ctx, prefix+"mark", nil)
	if err != nil {
		return nil, b.fault("mark", err)
	}
	watcher, err := b.kv.Watch(ctx, prefix+"*")
	if err != nil {
		return nil, b.fault("list", err)
	}
	defer stopWatcher(watcher)
	values := make(map[string]T)
	if err := readUntil(ctx, b, watcher, prefix+"mark", mark, values); err != nil {
		return nil, err
	}
	if mark, err = b.kv.Put(ctx, prefix+"mark", nil); err != nil {
		return nil, b.fault("mark", err)
	}
	if err := readUntil(ctx, b, watcher, prefix+"mark", mark, values); err != nil {
		return nil, err
	}
	return values, nil
}

// readUntil applies what a watcher delivers to values until it delivers the
// given revision of the key, or a later one.
func readUntil[T any](ctx context.Context, b *bucket, watcher jetstream.KeyWatcher, key string, revision uint64, values map[string]T) error {
	for {
		select {
		case entry, open := <-watcher.Updates():
			switch {
			case !open:
				return b.fault("list", errors.New("connection closed"))
			case entry == nil:
			case entry.Key() == key:
				if entry.Revision() >= revision {
					return nil
				}
			case entry.Operation() != jetstream.KeyValuePut:
				delete(values, entry.Key())
			default:
				var value T
				if err := json.Unmarshal(entry.Value(), &value); err != nil {
					return fmt.Errorf("decode %s/%s: %w", b.name, entry.Key(), err)
				}
				values[entry.Key()] = value
			}
		case <-ctx.Done():
			return b.fault("list", ctx.Err())
		}
	}
}

// stopWatcher stops a watcher that may still deliver updates. It drains them,
// because the delivery would otherwise block forever.
func stopWatcher(w jetstream.KeyWatcher) {
	_ = w.Stop()
	go func() {
		for range w.Updates() {
		}
	}()
}

// fault maps an error of the broker to [ErrNotFound], errMoved or
// [ErrUnavailable].
func (b *bucket) fault(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrKeyNotFound), errors.Is(err, jetstream.ErrMsgNotFound):
		return ErrNotFound
	case errors.Is(err, jetstream.ErrKeyRevisionMismatch), errors.Is(err, jetstream.ErrKeyExists):
		return errMoved
	}
	return fmt.Errorf("%w: %s in %s: %w", ErrUnavailable, operation, b.name, err)
}
