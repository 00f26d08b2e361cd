package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/events/jetstream"
)

// store is a stream, or the stream of a bucket, that Docket keeps.
type store struct {
	stream string
	// together has it copied again until none of those so marked has changed
	// while they were copied.
	together bool
}

// stores is all that Docket keeps on the broker, in the order in which it is
// copied while people work. What may be newer comes after what it must not be
// older than (docs/decisions/0022-a-backup-is-made-in-an-order.md).
var stores = []store{
	// An answer that is remembered is of a command that is in the log.
	{"KV_docket_idempotency", false},
	{jetstream.DefaultStream, false},
	// Who is to be told of events that the consumer of the log, which is copied
	// with it, counts as decided.
	{"NOTICES", false},
	{"KV_notice_ledger", false},
	// Whoever did something that is in the log is there; whoever was erased by
	// then is not.
	{"KV_docket_instance", false},
	{"KV_docket_people", true},
	{"KV_docket_credentials", true},
	{"KV_docket_filters", true},
	{"KV_docket_tokens", true},
	{"KV_docket_sessions", false},
	{"KV_docket_attempts", false},
}

// backupCommand copies the log and the buckets into one file.
type backupCommand struct {
	File string
}

func (c *backupCommand) Run(ctx context.Context, env *environment) (err error) {
	s, err := connectBeside(ctx, env)
	if err != nil {
		return err
	}
	defer s.close()
	if c.File == "-" {
		return s.backUp(ctx, env, env.out, env.progress)
	}
	if _, err := os.Lstat(c.File); err == nil {
		return fmt.Errorf("%s is there already; a backup does not replace another", c.File)
	}
	// Under another name until it is whole.
	file, err := os.CreateTemp(filepath.Dir(c.File), ".docket-backup-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := s.backUp(ctx, env, file, env.out); err != nil {
		return fmt.Errorf("nothing was kept: %w", err)
	}
	err = errors.Join(file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), c.File)
	}
	return err
}

// backUp writes a backup to w and tells what it holds.
func (s *system) backUp(ctx context.Context, env *environment, w, told io.Writer) error {
	broker, err := js.New(s.nc)
	if err != nil {
		return err
	}
	began := time.Now()
	version, _ := built()
	file, err := newBackupWriter(w, version, began)
	if err != nil {
		return err
	}
	b := &backup{nc: s.nc, js: broker, file: file, shown: newBar(env.progress, "backup")}
	b.shown.unit = "KiB"
	defer b.shown.end()
	if err := b.run(ctx); err != nil {
		return err
	}
	if err := file.finish(time.Now()); err != nil {
		return err
	}
	b.shown.show(b.total, b.total)
	fmt.Fprintf(told, "backed up %d events, %d people and what belongs to them, in %s\n",
		b.states[jetstream.DefaultStream].Messages, b.states["KV_docket_people"].Messages, time.Since(began).Round(time.Millisecond))
	fmt.Fprintln(told, "It holds names, addresses and hashes of passwords: encrypt it, and keep it as long as those may be kept.")
	return nil
}

// backup is a backup that is being made.
type backup struct {
	nc          *nats.Conn
	js          js.JetStream
	file        *backupWriter
	shown       *bar
	done, total uint64 // KiB, of what the servers hold
	states      map[string]storeState
}

// storeState is by which two copies of a stream are known to be the same.
type storeState struct {
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
	First    uint64 `json:"first_seq"`
	Last     uint64 `json:"last_seq"`
	Deleted  int    `json:"num_deleted"`
}

// present is the state of a stream, false if there is no such stream.
func (b *backup) present(ctx context.Context, name string) (storeState, bool, error) {
	stream, err := b.js.Stream(ctx, name)
	if errors.Is(err, js.ErrStreamNotFound) {
		return storeState{}, false, nil
	}
	if err != nil {
		return storeState{}, false, fmt.Errorf("look at %s: %w", name, err)
	}
	at := stream.CachedInfo().State
	return storeState{at.Msgs, at.Bytes, at.FirstSeq, at.LastSeq, at.NumDeleted}, true, nil
}

func (b *backup) run(ctx context.Context) error {
	var there []store
	for _, one := range stores {
		state, present, err := b.present(ctx, one.stream)
		switch {
		case err != nil:
			return err
		case present:
			there = append(there, one)
			b.total += state.Bytes >> 10
		case one.stream == jetstream.DefaultStream:
			return errors.New("there is no log here: is this the broker Docket works on?")
		}
	}
	b.states = map[string]storeState{}
	for i := 0; i < len(there); {
		group := there[i : i+1]
		for there[i].together && i+len(group) < len(there) && there[i+len(group)].together {
			group = there[i : i+len(group)+1]
		}
		if err := b.copyGroup(ctx, group); err != nil {
			return err
		}
		i += len(group)
	}
	return nil
}

// groupTries bounds how often streams are copied again that change while they
// are copied together. They are small, and change when somebody registers or
// changes a password.
const groupTries = 20

func (b *backup) copyGroup(ctx context.Context, group []store) error {
	for range groupTries {
		for _, one := range group {
			if err := b.copyStream(ctx, one.stream); err != nil {
				return err
			}
		}
		moved := ""
		for _, one := range group {
			now, _, err := b.present(ctx, one.stream)
			if err != nil {
				return err
			}
			if one.together && now != b.states[one.stream] {
				moved = one.stream
			}
		}
		if moved == "" {
			return nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return fmt.Errorf("the accounts changed each of %d times while they were copied: try again when fewer people register", groupTries)
}

func (b *backup) copyStream(ctx context.Context, stream string) error {
	var content *backupContent
	// The content is compressed; how far it is shows in what it unpacks to.
	packed, unpack := io.Pipe()
	began, unpacked := b.done, make(chan error, 1)
	go func() {
		_, err := io.Copy(counting(func(n uint64) { b.shown.show(min(b.total, began+n>>10), b.total) }), s2.NewReader(packed))
		packed.CloseWithError(err)
		unpacked <- err
	}()
	err := broker.TakeSnapshot(ctx, b.nc, stream, func(of broker.Snapshot) (err error) {
		var state storeState
		if err := json.Unmarshal(of.State, &state); err != nil {
			return fmt.Errorf("snapshot of %s: %w", stream, err)
		}
		b.states[stream] = state
		content, err = b.file.begin(stream, of)
		return err
	}, writerFunc(func(p []byte) (int, error) {
		if _, err := unpack.Write(p); err != nil {
			return 0, fmt.Errorf("snapshot of %s is not whole: %w", stream, err)
		}
		return content.Write(p)
	}))
	unpack.CloseWithError(err)
	if damaged := <-unpacked; err == nil && damaged != nil {
		err = fmt.Errorf("snapshot of %s is not whole: %w", stream, damaged)
	}
	if err != nil {
		return err
	}
	b.done = min(b.total, b.done+b.states[stream].Bytes>>10)
	return content.close()
}

// writerFunc is a function that takes what is written.
type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// counting tells how many bytes were written so far.
func counting(tell func(total uint64)) io.Writer {
	var total uint64
	return writerFunc(func(p []byte) (int, error) {
		total += uint64(len(p))
		tell(total)
		return len(p), nil
	})
}
