package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/events/jetstream"
)

// TakeOptions configure [Take]. All are optional.
type TakeOptions struct {
	// Version is recorded in the file as the version of the program that made
	// it.
	Version string
	// Progress receives how much was copied of what the servers hold.
	Progress Progress
}

// Taken is the content of a backup: the number of messages by stream.
type Taken map[string]uint64

// Errors of [Take], in addition to those of w, the broker and the context.
var (
	ErrNoLog   = errors.New("the broker has no log; check that Docket uses this broker")
	ErrChanged = errors.New("the accounts changed during every attempt to copy them; retry when fewer people register")
)

// Take copies the stores, in their order, to w while other clients continue to
// write to them. It writes no faster than w accepts, with a few MiB in memory.
// The result is a backup only if Take returns nil.
func Take(ctx context.Context, nc *nats.Conn, stores []broker.Store, w io.Writer, o TakeOptions) (Taken, error) {
	server, err := js.New(nc)
	if err != nil {
		return nil, err
	}
	file, err := newWriter(w, o.Version, time.Now())
	if err != nil {
		return nil, err
	}
	if o.Progress == nil {
		o.Progress = func(uint64, uint64) {}
	}
	t := &taking{nc: nc, js: server, file: file, progress: o.Progress, states: map[string]state{}}
	if err := t.run(ctx, stores); err != nil {
		return nil, err
	}
	if err := file.finish(time.Now()); err != nil {
		return nil, err
	}
	t.progress(t.total, t.total)
	taken := Taken{}
	for stream, at := range t.states {
		taken[stream] = at.Messages
	}
	return taken, nil
}

// taking is a backup in progress.
type taking struct {
	nc          *nats.Conn
	js          js.JetStream
	file        *writer
	progress    Progress
	done, total uint64 // bytes that the servers hold
	states      map[string]state
}

// state identifies the content of a stream, so that two copies can be compared.
type state struct {
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
	First    uint64 `json:"first_seq"`
	Last     uint64 `json:"last_seq"`
	Deleted  int    `json:"num_deleted"`
}

// present returns the state of a stream, and false if the stream does not
// exist.
func (t *taking) present(ctx context.Context, name string) (state, bool, error) {
	stream, err := t.js.Stream(ctx, name)
	if errors.Is(err, js.ErrStreamNotFound) {
		return state{}, false, nil
	}
	if err != nil {
		return state{}, false, fmt.Errorf("inspect %s: %w", name, err)
	}
	at := stream.CachedInfo().State
	return state{at.Msgs, at.Bytes, at.FirstSeq, at.LastSeq, at.NumDeleted}, true, nil
}

func (t *taking) run(ctx context.Context, stores []broker.Store) error {
	var there []broker.Store
	for _, one := range stores {
		at, present, err := t.present(ctx, one.Stream)
		switch {
		case err != nil:
			return err
		case present:
			there = append(there, one)
			t.total += at.Bytes
		case one.Stream == jetstream.DefaultStream:
			return ErrNoLog
		}
	}
	for i := 0; i < len(there); {
		group := there[i : i+1]
		for there[i].Together && i+len(group) < len(there) && there[i+len(group)].Together {
			group = there[i : i+len(group)+1]
		}
		if err := t.copyGroup(ctx, group); err != nil {
			return err
		}
		i += len(group)
	}
	return nil
}

// groupTries limits how often streams that must be consistent with each other
// are copied if they change during the copy. They are small, and change when a
// user registers or changes a password.
const groupTries = 20

func (t *taking) copyGroup(ctx context.Context, group []broker.Store) error {
	for range groupTries {
		for _, one := range group {
			if err := t.copyStream(ctx, one.Stream); err != nil {
				return err
			}
		}
		moved := ""
		for _, one := range group {
			now, _, err := t.present(ctx, one.Stream)
			if err != nil {
				return err
			}
			if one.Together && now != t.states[one.Stream] {
				moved = one.Stream
			}
		}
		if moved == "" {
			return nil
		}
		if !retry.Pause(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	return fmt.Errorf("%w (%d times)", ErrChanged, groupTries)
}

func (t *taking) copyStream(ctx context.Context, stream string) error {
	var content *content
	// The content is compressed; progress is measured on the uncompressed size.
	packed, unpack := io.Pipe()
	began, unpacked := t.done, make(chan error, 1)
	go func() {
		_, err := io.Copy(counting(func(n uint64) { t.progress(min(t.total, began+n), t.total) }), s2.NewReader(packed))
		packed.CloseWithError(err)
		unpacked <- err
	}()
	err := broker.TakeSnapshot(ctx, t.nc, stream, func(of broker.Snapshot) (err error) {
		var at state
		if err := json.Unmarshal(of.State, &at); err != nil {
			return fmt.Errorf("snapshot of %s: %w", stream, err)
		}
		t.states[stream] = at
		content, err = t.file.begin(stream, of)
		return err
	}, writerFunc(func(p []byte) (int, error) {
		if _, err := unpack.Write(p); err != nil {
			return 0, fmt.Errorf("snapshot of %s is incomplete: %w", stream, err)
		}
		return content.Write(p)
	}))
	unpack.CloseWithError(err)
	if damaged := <-unpacked; err == nil && damaged != nil {
		err = fmt.Errorf("snapshot of %s is incomplete: %w", stream, damaged)
	}
	if err != nil {
		return err
	}
	t.done = min(t.total, t.done+t.states[stream].Bytes)
	return content.close()
}
