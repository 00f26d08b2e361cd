package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/docketlog/docket/broker"
	"github.com/docketlog/docket/broker/retry"
	"github.com/docketlog/docket/events/jetstream"
)

// RestoreOptions say how a backup is restored. Each may be left out.
type RestoreOptions struct {
	// Replicas is the number of servers that hold each stream, whatever it was.
	Replicas int
	// Progress is told how much of the file was given to the broker.
	Progress Progress
	// Logger is told what is waited for.
	Logger *slog.Logger
}

// ErrTaken reports that the broker holds something already of what is in the
// backup. Nothing was touched.
var ErrTaken = errors.New("the broker is not empty")

// Restore makes on the broker, which must hold none of it, what is in the backup:
// everything as it was but for the number of its replicas, and the log in another
// life. It waits up to a minute, each time, for a cluster that has just come up.
// After an error other than [ErrTaken] what was made is taken away again; where
// this user may not delete, or the broker is gone, the error names what is left.
// The embedded broker may still have to be synced, see [broker.Sync].
func Restore(ctx context.Context, nc *nats.Conn, f *File, o RestoreOptions) error {
	j, err := js.New(nc)
	if err != nil {
		return err
	}
	if o.Progress == nil {
		o.Progress = func(uint64, uint64) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Replicas = max(o.Replicas, 1)
	r := &restoring{nc: nc, js: j, file: f, options: o}
	if err := r.refuseTaken(ctx); err != nil {
		return err
	}
	if err := r.run(ctx); err != nil {
		return errors.Join(err, r.takeAway(context.WithoutCancel(ctx)))
	}
	return nil
}

// restoring is a restore that is under way.
type restoring struct {
	nc      *nats.Conn
	js      js.JetStream
	file    *File
	options RestoreOptions
	made    []string
}

func (r *restoring) refuseTaken(ctx context.Context) error {
	var taken []string
	for _, c := range r.file.streams() {
		err := r.patiently(ctx, func() error {
			_, err := r.js.Stream(ctx, c.Stream)
			if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrNoResponders) {
				err = fmt.Errorf("%w: %w", broker.ErrNotReady, err)
			}
			return err
		})
		switch {
		case err == nil:
			taken = append(taken, c.Stream)
		case !errors.Is(err, js.ErrStreamNotFound):
			return fmt.Errorf("look at %s: %w", c.Stream, err)
		}
	}
	if len(taken) == 0 {
		return nil
	}
	return fmt.Errorf("%w: it has %s", ErrTaken, strings.Join(taken, ", "))
}

const (
	// placePatience is how long a cluster may take to be able to place a stream.
	placePatience = time.Minute
	// takeAwayPatience is how long somebody who waits for the error waits for the
	// broker to be as it was.
	takeAwayPatience = 30 * time.Second
)

// patiently tries again what a cluster that has just come up cannot do yet, and
// nothing that was begun: of what is restored a part would be gone from the reader.
func (r *restoring) patiently(ctx context.Context, try func() error) error {
	for deadline := time.Now().Add(placePatience); ; {
		err := try()
		if !errors.Is(err, broker.ErrNotReady) || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		r.options.Logger.Warn("the broker is asked again in a moment", "err", err)
		retry.Pause(ctx, time.Second)
	}
}

func (r *restoring) run(ctx context.Context) error {
	var done, total uint64
	for _, c := range r.file.streams() {
		total += uint64(c.Bytes)
	}
	for _, c := range r.file.streams() {
		snapshot, content := r.file.content(c)
		config, err := r.config(c.Stream, snapshot.Config)
		if err != nil {
			return fmt.Errorf("restore %s: %w", c.Stream, err)
		}
		snapshot.Config = config
		before := done
		content = io.TeeReader(content, counting(func(n uint64) { r.options.Progress(before+n, total) }))
		r.made = append(r.made, c.Stream)
		err = r.patiently(ctx, func() error { return broker.RestoreSnapshot(ctx, r.nc, c.Stream, snapshot, content) })
		if err != nil {
			return err
		}
		done += uint64(c.Bytes)
	}
	return nil
}

// config is how a stream is made here: as it was, but for its replicas, and
// the log in another life.
func (r *restoring) config(stream string, config json.RawMessage) (json.RawMessage, error) {
	if stream == jetstream.DefaultStream {
		return jetstream.RestoredConfig(config, r.options.Replicas, r.file.began.Began, r.file.end.Ended)
	}
	var fields map[string]any
	if err := json.Unmarshal(config, &fields); err != nil {
		return nil, err
	}
	fields["num_replicas"] = r.options.Replicas
	return json.Marshal(fields)
}

// takeAway leaves the broker as it was found. Where this user may not delete,
// as the operator of deploy/nats may not, it says what is left.
func (r *restoring) takeAway(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, takeAwayPatience)
	defer cancel()
	var left []string
	for _, name := range r.made {
		if err := r.js.DeleteStream(ctx, name); err != nil && !errors.Is(err, js.ErrStreamNotFound) {
			left = append(left, name)
		}
	}
	if len(left) == 0 {
		return errors.New("what had been restored was taken away again")
	}
	return fmt.Errorf("%s could not be taken away again: delete them, or empty the servers' folders, before the next try, and start no role", strings.Join(left, ", "))
}
